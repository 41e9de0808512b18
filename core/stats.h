// Counters of one mount. Relaxed atomics: exact in sum, not ordered against each other. What counts
// here is also to be said by fs/metrics.cc.
#ifndef BRIMFS_CORE_STATS_H_
#define BRIMFS_CORE_STATS_H_

#include <atomic>
#include <cstdint>

#include "core/latency_histogram.h"

namespace brimfs {

struct Stats {
  std::atomic<uint64_t> fetches{0};  // requests for bytes, retries included
  std::atomic<uint64_t> fetch_retries{0};
  std::atomic<uint64_t> whole_answers{0};    // by servers without ranges, read front to back
  std::atomic<uint64_t> hedges{0};           // requests made beside one that was silent
  std::atomic<uint64_t> fetch_failures{0};   // flights that ended in an error
  std::atomic<uint64_t> bytes_fetched{0};    // bytes accepted from the network
  std::atomic<uint64_t> bytes_recovered{0};  // of an earlier run, read back and right
  std::atomic<uint64_t> bytes_read{0};  // bytes handed to readers by this program (not passthrough)
  std::atomic<uint64_t> reads_covered{0};  // reads answered without waiting
  std::atomic<uint64_t> reads_waited{0};
  std::atomic<uint64_t> reads_failed{0};  // with an error for the reader
  std::atomic<uint64_t> bytes_evicted{0};
  std::atomic<uint64_t> blocks_damaged{0};  // of the cache: not what was stored, fetched again
  std::atomic<uint64_t> stat_calls{0};      // metadata requests to the source
  std::atomic<uint64_t> list_calls{0};
  // Files of which something was fetched before they were opened; those of them that were opened
  // then, and those that were given up before.
  std::atomic<uint64_t> siblings_fetched{0};
  std::atomic<uint64_t> siblings_used{0};
  std::atomic<uint64_t> siblings_wasted{0};

  // Open now, and how many of these the kernel reads by itself.
  std::atomic<uint64_t> open_files{0};
  std::atomic<uint64_t> open_passed{0};

  // Of a request for bytes: until its answer began; until its last byte, if it ended well and was
  // not read in one stream, which waits for its readers.
  LatencyHistogram first_byte;
  LatencyHistogram request;
  LatencyHistogram read_wait;  // of reads that had to wait, whatever came of it
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_STATS_H_
