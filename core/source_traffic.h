// What all the fetches from one source share: what is known of the way there, and the limits that
// hold over all files together.
#ifndef BRIMFS_CORE_SOURCE_TRAFFIC_H_
#define BRIMFS_CORE_SOURCE_TRAFFIC_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/hedging.h"
#include "core/link_estimate.h"
#include "core/rate_limit.h"

namespace brimfs {

// One a mount. Thread-safe; outlives the fetchers.
struct SourceTraffic {
  struct Options {
    // Bytes on their way that no reader waits for yet, over all files: so much memory, and so much
    // of the link's time, may at worst be spent on what nobody reads.
    uint64_t readahead = 128 << 20;

    uint64_t rate = 0;  // bytes a second, over all files; 0: as many as come
  };

  // `clock` outlives this.
  SourceTraffic(Clock& clock, const Options& chosen) : options(chosen), rate(clock, chosen.rate) {}

  // How many bytes more may be fetched ahead now.
  uint64_t ReadaheadRoom() const {
    return options.readahead - std::min(options.readahead, ahead.load(std::memory_order_relaxed));
  }

  const Options options;
  LinkEstimate link;
  Hedging hedging;
  RateLimit rate;
  std::atomic<uint64_t> ahead{0};  // bytes in flights that began ahead of their readers
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SOURCE_TRAFFIC_H_
