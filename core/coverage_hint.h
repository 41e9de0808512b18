// A bounded, lock-free answer to "is this range covered?": yes for certain, or ask under the lock.
#ifndef BRIMFS_CORE_COVERAGE_HINT_H_
#define BRIMFS_CORE_COVERAGE_HINT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/range.h"

namespace brimfs {

// A bit a granule; the granule grows with the length, so there are never more than kBits bits (8
// KiB, less for a small object; allocated when the length becomes known). A bit is set only while
// its whole granule is covered.
//
// Reads and Clear are seq_cst: a reader raises a counter and then looks at the bits, an evictor
// clears the bits and then looks at the counter, and one of them sees the other (see
// lease_counter.h).
class CoverageHint {
 public:
  static constexpr uint64_t kBits = uint64_t{64} * 1024;

  // Once, before the first Set, by the thread that holds the resource's lock.
  void SetLength(uint64_t length);

  // Lock-free; false means "don't know".
  bool Covers(const Range& range) const;

  // What SetLength was given; lock-free.
  std::optional<uint64_t> length() const;

  // With the resource's lock held, after SetLength. Set: all of `covered` is covered; the granules
  // that lie in it whole get their bit. Clear: every granule that `range` touches loses it.
  void Set(const Range& covered);
  void Clear(const Range& range);

  // Bytes that share a bit; of use after SetLength.
  uint64_t granule() const;

 private:
  struct Bits {
    uint64_t length = 0;
    int shift = 16;  // log2 of the granule
    std::unique_ptr<std::atomic<uint64_t>[]> words;

    // The granules that `range` touches, as numbers [begin, end).
    Range Touched(const Range& range) const;
  };
  std::unique_ptr<Bits> storage_;
  std::atomic<const Bits*> bits_{nullptr};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_COVERAGE_HINT_H_
