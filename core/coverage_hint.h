// A bounded, lock-free answer to "is this range covered?": yes for certain, or ask under the lock.
#ifndef BRIMFS_CORE_COVERAGE_HINT_H_
#define BRIMFS_CORE_COVERAGE_HINT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/range.h"

namespace brimfs {

// A bit a granule; the granule grows with the length, so the size stays at kBits bits (8 KiB, which
// are allocated when the length becomes known). A bit is set only while its whole granule is covered.
class CoverageHint {
 public:
  static constexpr uint64_t kBits = 64 * 1024;

  // Once, before the first Set, by the thread that holds the resource's lock.
  void SetLength(uint64_t length);

  // Lock-free; false means "don't know".
  bool Covers(const Range& range) const;

  // With the resource's lock held. Set: `covered` is one maximal covered range, whose whole granules
  // get their bit. Clear: every granule that `range` touches loses it.
  void Set(const Range& covered);
  void Clear(const Range& range);

  uint64_t granule() const;

 private:
  struct Bits {
    uint64_t length = 0;
    int shift = 16;  // log2 of the granule
    std::unique_ptr<std::atomic<uint64_t>[]> words;
  };
  std::unique_ptr<Bits> storage_;
  std::atomic<const Bits*> bits_{nullptr};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_COVERAGE_HINT_H_
