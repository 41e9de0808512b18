#include "core/coverage_hint.h"

namespace brimfs {
namespace {

constexpr uint64_t kWordBits = 64;

// Calls each(word number, mask of its bits) for the bits [bits.begin, bits.end), until it says
// false.
template <typename Each>
void ForEachWord(const Range& bits, Each each) {
  for (uint64_t bit = bits.begin; bit < bits.end;) {
    const uint64_t word = bit / kWordBits;
    const uint64_t end = std::min(bits.end, (word + 1) * kWordBits);
    const uint64_t upto = end % kWordBits == 0 ? ~0ull : (1ull << (end % kWordBits)) - 1;
    if (!each(word, upto & (~0ull << (bit % kWordBits)))) return;
    bit = end;
  }
}

}  // namespace

Range CoverageHint::Bits::Touched(const Range& range) const {
  const Range inside = Intersect(range, {0, length});
  if (inside.empty()) return {};
  return {inside.begin >> shift, ((inside.end - 1) >> shift) + 1};
}

void CoverageHint::SetLength(uint64_t length) {
  auto bits = std::make_unique<Bits>();
  bits->length = length;
  while (bits->Touched({0, length}).size() > kBits) ++bits->shift;
  const uint64_t words = (bits->Touched({0, length}).size() + kWordBits - 1) / kWordBits;
  bits->words = std::make_unique<std::atomic<uint64_t>[]>(words);
  storage_ = std::move(bits);
  bits_.store(storage_.get(), std::memory_order_release);
}

bool CoverageHint::Covers(const Range& range) const {
  const Bits* bits = bits_.load(std::memory_order_acquire);
  if (bits == nullptr || range.empty() || range.end > bits->length) return false;
  bool covered = true;
  ForEachWord(bits->Touched(range), [&](uint64_t word, uint64_t mask) {
    covered = (bits->words[word].load(std::memory_order_seq_cst) & mask) == mask;
    return covered;
  });
  return covered;
}

std::optional<uint64_t> CoverageHint::length() const {
  const Bits* bits = bits_.load(std::memory_order_acquire);
  if (bits == nullptr) return std::nullopt;
  return bits->length;
}

void CoverageHint::Set(const Range& covered) {
  // The last granule is whole when the object's end is reached.
  const Range padded{covered.begin, covered.end >= storage_->length ? kMaxOffset + 1 : covered.end};
  const uint64_t granules = storage_->Touched({0, storage_->length}).end;
  const Range whole = AlignInward(padded, granule());
  const Range bits{whole.begin >> storage_->shift,
                   std::min(whole.end >> storage_->shift, granules)};
  ForEachWord(bits, [&](uint64_t word, uint64_t mask) {
    storage_->words[word].fetch_or(mask, std::memory_order_seq_cst);
    return true;
  });
}

void CoverageHint::Clear(const Range& range) {
  ForEachWord(storage_->Touched(range), [&](uint64_t word, uint64_t mask) {
    storage_->words[word].fetch_and(~mask, std::memory_order_seq_cst);
    return true;
  });
}

uint64_t CoverageHint::granule() const { return uint64_t{1} << storage_->shift; }

}  // namespace brimfs
