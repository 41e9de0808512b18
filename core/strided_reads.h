// Reads of pieces at a constant distance from each other, up or down, and which pieces to fetch
// ahead.
#ifndef BRIMFS_CORE_STRIDED_READS_H_
#define BRIMFS_CORE_STRIDED_READS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/range.h"

namespace brimfs {

// Not thread-safe. Follows a few strides at once, and finds them among interleaved ones: a piece
// that lies as far from an earlier one as that from one before it begins a stride, if the three
// came at equal intervals.
class StridedReads {
 public:
  struct Limits {
    uint64_t length = 0;  // of the object, bytes
    uint64_t window = 0;  // bytes of pieces ahead of the reader at most
    uint64_t room = 0;    // bytes at once at most
  };

  // A read: the pieces to fetch ahead now, whole fill blocks, in the order of reading; nothing if
  // it is not a part of a piece that a stride foretold. The number of pieces ahead doubles.
  std::optional<std::vector<Range>> OnRead(const Range& read, const Limits& limits);

  // A read that is known to belong to something else.
  void Pass(const Range& read) { Note(read); }

 private:
  static constexpr size_t kRuns = 9;
  static constexpr size_t kStrides = 4;
  static constexpr uint64_t kMostPieces = 64;  // ahead: enough to keep many connections busy

  // Reads that touch each other.
  struct Run {
    Range range;
    bool used = false;
  };

  struct Stride {
    uint64_t at = 0;    // where the piece begins that the reader has reached
    uint64_t step = 0;  // to the next piece, bytes; 0: follows nothing
    bool down = false;
    uint64_t size = 0;    // of a piece, bytes: what was read of the largest
    uint64_t asked = 0;   // pieces beyond `at` that have been asked for
    uint64_t window = 0;  // pieces
  };

  // The place of the piece `count` steps on; nothing if that is not in the object.
  static std::optional<uint64_t> PlaceOf(const Stride& stride, uint64_t count, uint64_t length);

  // How many steps on the piece is that `read` lies in, or goes on. Ends a stride that it refutes.
  static std::optional<uint64_t> StepsTo(Stride& stride, const Range& read);

  static std::vector<Range> Ahead(Stride& stride, const Limits& limits);

  // Files a read; true if it touches no run and so has begun one.
  bool Note(const Range& read);

  // Whether the latest run is the third of a stride, which then is the first of strides_.
  bool FindStride();

  std::array<Run, kRuns> runs_;           // latest beginning first
  std::array<Stride, kStrides> strides_;  // most recently used first
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_STRIDED_READS_H_
