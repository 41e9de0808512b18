#include "core/range_set.h"

namespace brimfs {

void RangeSet::Add(const Range& range) {
  if (range.empty()) return;
  Range merged = range;
  auto it = ranges_.upper_bound(range.begin);
  if (it != ranges_.begin() && std::prev(it)->second >= range.begin) --it;
  while (it != ranges_.end() && it->first <= range.end) {
    merged.begin = std::min(merged.begin, it->first);
    merged.end = std::max(merged.end, it->second);
    total_ -= it->second - it->first;
    it = ranges_.erase(it);
  }
  ranges_.emplace(merged.begin, merged.end);
  total_ += merged.size();
}

void RangeSet::Remove(const Range& range) {
  if (range.empty()) return;
  auto it = ranges_.upper_bound(range.begin);
  if (it != ranges_.begin() && std::prev(it)->second > range.begin) --it;
  while (it != ranges_.end() && it->first < range.end) {
    const Range old{it->first, it->second};
    it = ranges_.erase(it);
    total_ -= Intersect(old, range).size();
    if (old.begin < range.begin) ranges_.emplace(old.begin, range.begin);
    if (old.end > range.end) {
      ranges_.emplace(range.end, old.end);
      return;
    }
    it = ranges_.lower_bound(range.begin);
  }
}

void RangeSet::Clear() {
  ranges_.clear();
  total_ = 0;
}

bool RangeSet::Covers(const Range& range) const { return !NextGap(range.begin, range.end); }

bool RangeSet::Overlaps(const Range& range) const {
  if (range.empty()) return false;
  auto it = ranges_.lower_bound(range.end);
  return it != ranges_.begin() && std::prev(it)->second > range.begin;
}

std::optional<Range> RangeSet::NextGap(uint64_t from, uint64_t limit) const {
  auto it = ranges_.upper_bound(from);
  if (it != ranges_.begin()) from = std::max(from, std::prev(it)->second);
  if (from >= limit) return std::nullopt;
  return Range{from, it == ranges_.end() ? limit : std::min(limit, it->first)};
}

std::vector<Range> RangeSet::Gaps(const Range& within) const {
  std::vector<Range> gaps;
  uint64_t from = within.begin;
  while (std::optional<Range> gap = NextGap(from, within.end)) {
    gaps.push_back(*gap);
    from = gap->end;
  }
  return gaps;
}

std::vector<Range> RangeSet::Overlap(const Range& within) const {
  std::vector<Range> present;
  if (within.empty()) return present;
  auto it = ranges_.upper_bound(within.begin);
  if (it != ranges_.begin()) --it;
  for (; it != ranges_.end() && it->first < within.end; ++it) {
    const Range both = Intersect({it->first, it->second}, within);
    if (!both.empty()) present.push_back(both);
  }
  return present;
}

std::vector<Range> RangeSet::Ranges() const {
  std::vector<Range> all;
  all.reserve(ranges_.size());
  for (const auto& [begin, end] : ranges_) all.push_back({begin, end});
  return all;
}

}  // namespace brimfs
