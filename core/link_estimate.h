// What the way to the source can carry, as measured by the flights: round trip, bandwidth.
#ifndef BRIMFS_CORE_LINK_ESTIMATE_H_
#define BRIMFS_CORE_LINK_ESTIMATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

// One a mount. Thread-safe; to look at it takes no lock, as every read does.
class LinkEstimate {
 public:
  struct Snapshot {
    Duration round_trip{0};  // request to first byte; the least of the recent ones; 0 = unknown
    double bytes_per_second = 0;             // all connections together, smoothed; 0 = unknown
    double connection_bytes_per_second = 0;  // one connection while its body arrives

    // How long one GET's body should take for its round trip to be small beside it.
    Duration PartTime() const;

    // So much of it a connection brings in PartTime, bytes; 0 = unknown.
    uint64_t PartBytes() const;

    // What should be ahead of a reader to keep the link busy with parts of that length and let it
    // show that it can carry more, bytes; 0 = unknown.
    uint64_t WindowBytes() const;
  };

  // A flight's answer began after `to_first_byte`; its body of `bytes` took `body`, ending `now`.
  // A body shorter than a fill block says something of the round trip only.
  void OnFlight(Duration to_first_byte, uint64_t bytes, Duration body, TimePoint now);

  Snapshot snapshot() const;

 private:
  // Bytes over the time in which they came, with what is older weighing less and less.
  struct Rate {
    double bytes = 0;
    double seconds = 0;

    void Add(double more_bytes, double more_seconds);
    double PerSecond() const { return seconds > 0 ? bytes / seconds : 0; }
  };

  Mutex mu_;
  std::array<Duration, 16> round_trips_ ABSL_GUARDED_BY(mu_){};  // a ring
  size_t round_trip_count_ ABSL_GUARDED_BY(mu_) = 0;
  Rate link_ ABSL_GUARDED_BY(mu_);        // over the time in which any body was arriving
  Rate connection_ ABSL_GUARDED_BY(mu_);  // over the sum of the bodies' times
  TimePoint busy_until_ ABSL_GUARDED_BY(mu_) = TimePoint::min();

  // What snapshot() answers; written with mu_ held. Each is right by itself.
  std::atomic<Duration> round_trip_{Duration(0)};
  std::atomic<double> bytes_per_second_{0};
  std::atomic<double> connection_bytes_per_second_{0};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_LINK_ESTIMATE_H_
