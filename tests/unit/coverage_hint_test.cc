#include "core/coverage_hint.h"

#include <gtest/gtest.h>

#include <random>

#include "core/range_set.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(CoverageHintTest, KnowsNothingBeforeTheLength) {
  CoverageHint hint;
  EXPECT_FALSE(hint.Covers({0, 1}));
  EXPECT_EQ(hint.length(), std::nullopt);
}

TEST(CoverageHintTest, ABitNeedsItsWholeGranule) {
  CoverageHint hint;
  hint.SetLength(kMiB);
  ASSERT_EQ(hint.granule(), kFillBlock);
  hint.Set({1, 3 * kFillBlock - 1});
  EXPECT_FALSE(hint.Covers({1, 2}));
  EXPECT_TRUE(hint.Covers({kFillBlock, 2 * kFillBlock}));
  EXPECT_FALSE(hint.Covers({2 * kFillBlock, 2 * kFillBlock + 1}));
}

TEST(CoverageHintTest, TheLastGranuleEndsWithTheObject) {
  CoverageHint hint;
  hint.SetLength(kFillBlock + 10);
  hint.Set({kFillBlock, kFillBlock + 10});
  EXPECT_TRUE(hint.Covers({kFillBlock + 3, kFillBlock + 10}));
  EXPECT_FALSE(hint.Covers({kFillBlock + 3, kFillBlock + 11}));
}

TEST(CoverageHintTest, ClearTakesEveryGranuleItTouches) {
  CoverageHint hint;
  hint.SetLength(kMiB);
  hint.Set({0, kMiB});
  hint.Clear({kFillBlock - 1, kFillBlock + 1});
  EXPECT_FALSE(hint.Covers({0, 1}));
  EXPECT_FALSE(hint.Covers({2 * kFillBlock - 1, 2 * kFillBlock}));
  EXPECT_TRUE(hint.Covers({2 * kFillBlock, kMiB}));
}

TEST(CoverageHintTest, TheGranuleGrowsSoThatTheBitsStayBounded) {
  for (const uint64_t length :
       {uint64_t{1}, uint64_t{4} << 30, (uint64_t{4} << 30) + 1, uint64_t{1} << 40, kMaxOffset}) {
    CoverageHint hint;
    hint.SetLength(length);
    EXPECT_LE((length - 1) / hint.granule() + 1, CoverageHint::kBits) << length;
    hint.Set({0, length});
    EXPECT_TRUE(hint.Covers({0, length})) << length;
    hint.Clear({length - 1, length});
    EXPECT_FALSE(hint.Covers({length - 1, length})) << length;
  }
}

TEST(CoverageHintTest, NeverClaimsMoreThanIsCovered) {
  constexpr uint64_t kLength = 100 * kFillBlock + 777;
  CoverageHint hint;
  hint.SetLength(kLength);
  RangeSet covered;
  std::mt19937_64 random(1);
  const auto any_range = [&] {
    const uint64_t a = random() % kLength, b = random() % kLength;
    return Range{std::min(a, b), std::max(a, b) + 1};
  };
  for (int round = 0; round < 5000; ++round) {
    const Range change = any_range();
    if (round % 2 == 0) {
      covered.Add(change);
      for (const Range& run : covered.Overlap(change)) hint.Set(run);
    } else {
      covered.Remove(change);
      hint.Clear(change);
    }
    const Range asked = any_range();
    ASSERT_TRUE(!hint.Covers(asked) || covered.Covers(asked));
  }
}

}  // namespace
}  // namespace brimfs
