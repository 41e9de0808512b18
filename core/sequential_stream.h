// One run of reads through a file, forwards or backwards, and how far ahead of it to fetch.
#ifndef BRIMFS_CORE_SEQUENTIAL_STREAM_H_
#define BRIMFS_CORE_SEQUENTIAL_STREAM_H_

#include <cstdint>

#include "core/range.h"

namespace brimfs {

// Not thread-safe. Sequential while at least half of what it passed over was read: so its reads may
// come out of order, from several threads of the kernel, and random reads that happen to fall near
// each other are still random.
class SequentialStream {
 public:
  struct Options {
    uint64_t first_window = 128 << 10;  // after the second read in a row, bytes
    // How far from the stream's edge a read may fall; less while the window is smaller than this.
    uint64_t slack = 4 << 20;
  };

  // What a read may lead to, bytes.
  struct Limits {
    uint64_t length = 0;  // of the object
    uint64_t window = 0;  // so far ahead of the reader at most
    uint64_t room = 0;    // so much at once at most
  };

  // Follows nothing: no read belongs to it.
  SequentialStream() = default;

  // Begins with its first read.
  explicit SequentialStream(const Range& read)
      : begin_(read.begin), end_(read.end), bytes_(read.size()), used_(true) {}

  // How far `read` is from where this stream goes on, bytes; kFar if it does not belong to it.
  static constexpr uint64_t kFar = UINT64_MAX;
  uint64_t Distance(const Range& read, const Options& options) const;

  // Counts a read that belongs to it. What should be fetched ahead now: the window beyond what was
  // asked for before, whenever half of it has been used up; else empty. The window doubles each
  // time, and is never smaller than the read.
  Range OnRead(const Range& read, const Limits& limits, const Options& options);

  // Takes over another that goes the same way, if the two have met.
  bool Absorb(const SequentialStream& other);

  uint64_t window() const { return window_; }  // bytes; 0 while it is not sequential

 private:
  // Counts `read`; returns whether the stream is sequential and got further by it.
  bool Advance(const Range& read, uint64_t slack);
  // The stream grew past one of its ends.
  void Turn(bool backwards);
  Range AheadOfEnd(const Limits& limits);
  Range AheadOfBegin(const Limits& limits);

  // The span that is remembered, and how much of it was read, at most its size.
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  uint64_t bytes_ = 0;

  uint64_t window_ = 0;
  uint64_t frontier_ = 0;  // up to here has been asked for; of no meaning while there is no window
  bool used_ = false;
  bool backwards_ = false;
  bool may_turn_ = false;  // the last read that got further went the other way
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SEQUENTIAL_STREAM_H_
