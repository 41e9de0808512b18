// How far ahead of one open file's reader to fetch: a pure function of its reads and of the link.
#ifndef BRIMFS_CORE_READAHEAD_H_
#define BRIMFS_CORE_READAHEAD_H_

#include <array>
#include <cstdint>

#include "core/link_estimate.h"
#include "core/range.h"

namespace brimfs {

// Not thread-safe: the open file guards it.
//
// Follows a few streams of reads at once. A read belongs to the stream whose head it is near to;
// the stream is sequential while at least half of what it passed over was read. So one stream's
// requests may come out of order from several threads of the kernel, and random reads that happen
// to fall near each other are still random.
class Readahead {
 public:
  struct Options {
    uint64_t first_window = 128 << 10;  // after the second read in a row, bytes
    uint64_t min_cap = 16 << 20;        // the window may always grow to this
    uint64_t max_window = 64 << 20;     // and never beyond this
    // How far from its stream's head a read may fall; less while the window is smaller than this.
    uint64_t slack = 4 << 20;
  };

  Readahead() : Readahead(Options{}) {}
  explicit Readahead(Options options) : options_(options) {}

  // A read of `read` in an object of `length` bytes. What should be fetched beyond it, cut at the
  // length; empty while reading is random: what is asked for is fetched anyway, rounded to fill
  // blocks. Returns a range only when it is worth requests: when half of the window has been used
  // up.
  Range OnRead(const Range& read, uint64_t length, const LinkEstimate::Snapshot& link);

  // Of the stream that read last, bytes; 0 while it is not sequential. For tests and statistics.
  uint64_t window() const { return streams_.front().window; }

 private:
  struct Stream {
    uint64_t begin = 0;     // since where `bytes` is counted
    uint64_t head = 0;      // the end of the read that got furthest
    uint64_t bytes = 0;     // read between begin and head, at most their distance
    uint64_t frontier = 0;  // up to here has been asked for
    uint64_t window = 0;
    bool used = false;
  };

  // How far `read` is from where `stream` goes on; kFar if it does not belong to it.
  static constexpr uint64_t kFar = UINT64_MAX;
  uint64_t Distance(const Stream& stream, const Range& read) const;

  // Counts `read`; returns whether the stream is sequential and got further by it.
  bool Advance(Stream& stream, const Range& read) const;

  Options options_;
  std::array<Stream, 4> streams_;  // most recently used first
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_READAHEAD_H_
