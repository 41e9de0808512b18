// A set of byte offsets kept as sorted, disjoint, non-adjacent half-open ranges.
//
// Not thread-safe: the owner guards it. Memory is proportional to the number of ranges.
#ifndef BRIMFS_CORE_RANGE_SET_H_
#define BRIMFS_CORE_RANGE_SET_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/range.h"

namespace brimfs {

class RangeSet {
 public:
  // Adds every offset of `range`; what touches or overlaps is merged.
  void Add(const Range& range);

  // Takes every offset of `range` out; a range that sticks out on either side keeps its rest.
  void Remove(const Range& range);

  void Clear();

  // Whether every offset of `range` is in the set. An empty range always is.
  bool Covers(const Range& range) const;

  // Whether any offset of `range` is in the set.
  bool Overlaps(const Range& range) const;

  // The first maximal run of absent offsets that starts at or after `from` and before `limit`, cut
  // at `limit`; nothing if [from, limit) is covered.
  std::optional<Range> NextGap(uint64_t from, uint64_t limit) const;

  // All maximal runs of `within` that are absent, respectively present, in order.
  std::vector<Range> Gaps(const Range& within) const;
  std::vector<Range> Overlap(const Range& within) const;

  std::vector<Range> Ranges() const;
  uint64_t TotalBytes() const { return total_; }
  size_t RangeCount() const { return ranges_.size(); }
  bool Empty() const { return ranges_.empty(); }

 private:
  absl::btree_map<uint64_t, uint64_t> ranges_;  // begin -> end
  uint64_t total_ = 0;                          // sum of the sizes, bytes
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_RANGE_SET_H_
