// What the way to the source can carry, as measured by the flights: round trip, bandwidth.
#ifndef BRIMFS_CORE_LINK_ESTIMATE_H_
#define BRIMFS_CORE_LINK_ESTIMATE_H_

#include <cstdint>

#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

// One a mount. Thread-safe.
class LinkEstimate {
 public:
  struct Snapshot {
    Duration round_trip{0};           // request to first byte; the least of the recent ones; 0 = unknown
    double bytes_per_second = 0;      // all connections together, smoothed; 0 = unknown
    double connection_bytes_per_second = 0;  // one connection while its body arrives

    // What must be in flight to keep the link busy, in bytes; 0 = unknown.
    uint64_t BandwidthDelayProduct() const;
  };

  // A flight's answer began after `to_first_byte`; its body of `bytes` took `body`, ending `now`.
  void OnFlight(Duration to_first_byte, uint64_t bytes, Duration body, TimePoint now);

  Snapshot snapshot() const;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_LINK_ESTIMATE_H_
