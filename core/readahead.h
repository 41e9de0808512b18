// How far ahead of one open file's reader to fetch: a pure function of its reads and of the link.
#ifndef BRIMFS_CORE_READAHEAD_H_
#define BRIMFS_CORE_READAHEAD_H_

#include <array>
#include <cstdint>
#include <vector>

#include "core/link_estimate.h"
#include "core/range.h"
#include "core/sequential_stream.h"
#include "core/strided_reads.h"

namespace brimfs {

// Not thread-safe: the open file guards it.
//
// Follows a few streams of reads at once, forwards or backwards (core/sequential_stream.h), and
// pieces at a constant distance (core/strided_reads.h). Everything else is random: what is asked
// for is fetched anyway, rounded to fill blocks, and nothing beyond it.
class Readahead {
 public:
  struct Options {
    SequentialStream::Options stream;
    uint64_t min_cap = 16 << 20;     // the window may always grow to this, bytes
    uint64_t max_window = 64 << 20;  // and never beyond this
  };

  // What a read may lead to.
  struct Limits {
    uint64_t length = 0;           // of the object, bytes
    uint64_t window = UINT64_MAX;  // so far ahead of the reader at most, bytes
    uint64_t room = UINT64_MAX;    // bytes that may be asked for now, whatever the window says
    LinkEstimate::Snapshot link;
  };

  Readahead() : Readahead(Options{}) {}
  explicit Readahead(Options options) : options_(options) {}

  // A read: what should be fetched beyond it, cut at the length, in the order of reading. Empty as
  // long as more than half of the window is left.
  std::vector<Range> OnRead(const Range& read, const Limits& limits);

  // Of the stream that read last, bytes; 0 while it is not sequential.
  uint64_t window() const { return streams_.front().window(); }

 private:
  Options options_;
  StridedReads strided_;
  std::array<SequentialStream, 8> streams_;  // most recently used first
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_READAHEAD_H_
