// How far ahead of one open file's reader to fetch: a pure function of its reads and of the link.
#ifndef BRIMFS_CORE_READAHEAD_H_
#define BRIMFS_CORE_READAHEAD_H_

#include <array>
#include <cstdint>

#include "core/link_estimate.h"
#include "core/range.h"

namespace brimfs {

// Not thread-safe: the open file guards it.
class Readahead {
 public:
  struct Options {
    uint64_t first_window = 128 << 10;  // after the second read in a row, bytes
    uint64_t min_cap = 4 << 20;         // the window may always grow to this
    uint64_t max_window = 64 << 20;     // and never beyond this
    // Several threads of the kernel send one stream's requests out of order; a read this near to where one
    // is expected belongs to the stream.
    uint64_t slack = 4 << 20;
  };

  Readahead() : Readahead(Options{}) {}
  explicit Readahead(Options options) : options_(options) {}

  // A read of `read` in an object of `length` bytes. What should be fetched beyond it, cut at the length; empty
  // while reading is random: what is asked for is fetched anyway, rounded to fill blocks. Returns a range
  // only when it is worth requests: when half of the window has been used up.
  Range OnRead(const Range& read, uint64_t length, const LinkEstimate::Snapshot& link);

  // Of the stream that read last, bytes; for tests and statistics.
  uint64_t window() const;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_READAHEAD_H_
