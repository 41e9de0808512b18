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

  const size_t count = listing.names.size();
  const LookUpPattern::Advice named = Look(by_name_, read.position, count);
  const LookUpPattern::Advice numbered = Look(by_number_, listing.rank[read.position], count);
  // Who follows one order comes past neighbours in the other by chance.
  const bool by_name = named.in_order && named.taken >= numbered.taken;
  const LookUpPattern::Advice& order = by_name ? named : numbered;
  LookUpPattern& pattern = by_name ? by_name_ : by_number_;
  if (by_name && numbered.in_order) by_number_.Postpone(numbered.begin);
  if (!by_name && named.in_order) by_name_.Postpone(named.begin);

  Advice advice;
  advice.random = !order.in_order;
  if (advice.random) return advice;
  if (Chooses(order)) {
    pattern.Postpone(order.begin);
    return advice;
  }
  uint64_t ahead = 0;
  for (size_t place = order.next; place < order.end; ++place) {
    const size_t position = by_name ? place : listing.by_number[place];
    const bool is_new = place >= order.begin;
    const std::optional<uint64_t> length =
        is_new ? length_of(position) : listing.names[position].version.length.value_or(read.length);
    const uint64_t bytes = std::min(length.value_or(0), each);
    ahead += bytes;
    if (is_new && (!length || ahead > limit)) {
      pattern.Postpone(place);
      break;
    }
    if (is_new && bytes > 0) advice.wanted.push_back({position, bytes});
  }
  return advice;
}

}  // namespace brimfs
