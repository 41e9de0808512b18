// Half-open byte ranges [begin, end), in bytes, and the fill block they are rounded to.
#ifndef BRIMFS_CORE_RANGE_H_
#define BRIMFS_CORE_RANGE_H_

#include <algorithm>
#include <cstdint>
#include <limits>

namespace brimfs {

// The unit of fetching and of eviction, in bytes. Requests start and end on its multiples (or at
// the end of the object), so that two readers of neighbouring bytes share one request.
inline constexpr uint64_t kFillBlock = uint64_t{64} * 1024;

// No offset or length above this is accepted anywhere: off_t is signed.
inline constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  constexpr bool empty() const { return begin >= end; }
  constexpr uint64_t size() const { return empty() ? 0 : end - begin; }
  constexpr bool Contains(uint64_t offset) const { return begin <= offset && offset < end; }
  constexpr bool Contains(const Range& other) const {
    return other.empty() || (begin <= other.begin && other.end <= end);
  }
  constexpr bool Overlaps(const Range& other) const {
    return !empty() && !other.empty() && begin < other.end && other.begin < end;
  }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

constexpr Range Intersect(const Range& a, const Range& b) {
  const Range both{std::max(a.begin, b.begin), std::min(a.end, b.end)};
  return both.empty() ? Range{} : both;
}

// The smallest range of whole blocks that holds `range`; its end saturates at kMaxOffset.
constexpr Range AlignOutward(const Range& range, uint64_t block) {
  if (range.empty()) return {};
  const uint64_t begin = range.begin - range.begin % block;
  const uint64_t over = range.end % block;
  const uint64_t pad = over == 0 ? 0 : block - over;
  return {begin, range.end > kMaxOffset - pad ? kMaxOffset : range.end + pad};
}

// The largest range of whole blocks inside `range`; empty if there is none.
constexpr Range AlignInward(const Range& range, uint64_t block) {
  if (range.empty()) return {};
  const uint64_t over = range.begin % block;
  const uint64_t pad = over == 0 ? 0 : block - over;
  if (range.begin > kMaxOffset - pad) return {};
  const Range inner{range.begin + pad, range.end - range.end % block};
  return inner.empty() ? Range{} : inner;
}

}  // namespace brimfs

#endif  // BRIMFS_CORE_RANGE_H_
