#include "fs/sibling_reads.h"

#include <algorithm>
#include <utility>

#include "core/range.h"

namespace brimfs {
namespace {

// A program that goes past more than one name in four is choosing; a few names in a small directory
// (subdirectories, empty files) show nothing.
bool Chooses(const LookUpPattern::Advice& advice) { return advice.passed > advice.taken / 3 + 16; }

}  // namespace

LookUpPattern::Advice SiblingReads::Look(LookUpPattern& pattern, size_t place, size_t count) {
  LookUpPattern::Advice advice = pattern.OnLookUp(place, count);
  if (!advice.in_order) pattern.Collapse();
  return advice;
}

SiblingReads::Advice SiblingReads::OnRead(const Listing& listing, const Read& read, uint64_t limit,
                                          const LengthOf& length_of) {
  const bool whole = read.bytes >= std::min(read.length, kMost);
  const uint64_t front =
      whole ? kMost : std::min(kMost, AlignOutward({0, read.bytes}, kFillBlock).end);
  const uint64_t each = std::min(front, std::exchange(front_, front));

  const NameOrders& orders = listing.orders();
  std::array<LookUpPattern::Advice, NameOrders::kMaxOrders> seen;
  for (size_t k = 0; k < orders.orders(); ++k) {
    seen[k] = Look(patterns_[k], orders.PlaceOf(k, read.position), orders.Places(k));
  }
  // Who follows one order comes past neighbours in the others by chance.
  size_t followed = 0;
  for (size_t k = 1; k < orders.orders(); ++k) {
    if (!seen[k].in_order) continue;
    if (!seen[followed].in_order || seen[k].taken > seen[followed].taken) followed = k;
  }
  for (size_t k = 0; k < orders.orders(); ++k) {
    if (k != followed && seen[k].in_order) patterns_[k].Postpone(seen[k].begin);
  }
  const LookUpPattern::Advice& order = seen[followed];
  LookUpPattern& pattern = patterns_[followed];

  Advice advice;
  advice.random = !order.in_order;
  if (advice.random) return advice;
  if (Chooses(order)) {
    pattern.Postpone(order.begin);
    return advice;
  }
  uint64_t ahead = 0;
  for (size_t place = order.next; place < order.end; ++place) {
    const std::optional<size_t> position = orders.PositionAt(followed, place);
    if (!position) continue;
    const bool is_new = place >= order.begin;
    const std::optional<uint64_t> length =
        is_new ? length_of(*position) : listing.LengthAt(*position).value_or(read.length);
    const uint64_t bytes = std::min(length.value_or(0), each);
    ahead += bytes;
    if (is_new && (!length || ahead > limit)) {
      pattern.Postpone(place);
      break;
    }
    if (is_new && bytes > 0) advice.wanted.push_back({*position, bytes});
  }
  return advice;
}

}  // namespace brimfs
