#include "core/range_set.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace brimfs {
namespace {

// The same set as one bool an offset.
class Bitmap {
 public:
  explicit Bitmap(uint64_t size) : bits_(size) {}

  void Set(const Range& range, bool value) {
    for (uint64_t i = range.begin; i < range.end; ++i) bits_[i] = value;
  }

  // Maximal runs of `value` within `within`.
  std::vector<Range> Runs(const Range& within, bool value) const {
    std::vector<Range> runs;
    for (uint64_t i = within.begin; i < within.end; ++i) {
      if (bits_[i] != value) continue;
      if (runs.empty() || runs.back().end != i) runs.push_back({i, i});
      runs.back().end = i + 1;
    }
    return runs;
  }

  Range All() const { return {0, bits_.size()}; }

 private:
  std::vector<bool> bits_;
};

uint64_t Sum(const std::vector<Range>& ranges) {
  uint64_t total = 0;
  for (const Range& range : ranges) total += range.size();
  return total;
}

class RangeSetAgainstBitmapTest : public testing::TestWithParam<int> {};

TEST_P(RangeSetAgainstBitmapTest, AgreesOnRandomIntervals) {
  constexpr uint64_t kSize = 200;
  std::mt19937 random(GetParam());
  std::uniform_int_distribution<uint64_t> offset(0, kSize);
  const auto any_range = [&] {
    const uint64_t a = offset(random), b = offset(random);
    return Range{std::min(a, b), std::max(a, b)};
  };
  RangeSet set;
  Bitmap model(kSize);
  for (int round = 0; round < 2000; ++round) {
    const Range change = any_range();
    if (random() % 2 == 0) {
      set.Add(change);
      model.Set(change, true);
    } else {
      set.Remove(change);
      model.Set(change, false);
    }
    ASSERT_EQ(set.Ranges(), model.Runs(model.All(), true));
    ASSERT_EQ(set.TotalBytes(), Sum(set.Ranges()));
    ASSERT_EQ(set.RangeCount(), set.Ranges().size());

    const Range asked = any_range();
    const std::vector<Range> gaps = model.Runs(asked, false);
    const std::vector<Range> present = model.Runs(asked, true);
    ASSERT_EQ(set.Gaps(asked), gaps);
    ASSERT_EQ(set.Overlap(asked), present);
    ASSERT_EQ(set.Covers(asked), gaps.empty());
    ASSERT_EQ(set.Overlaps(asked), !present.empty());
    const std::optional<Range> next = set.NextGap(asked.begin, asked.end);
    ASSERT_EQ(next.has_value(), !gaps.empty());
    if (next) {
      ASSERT_EQ(*next, gaps.front());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RangeSetAgainstBitmapTest, testing::Range(0, 8));

TEST(RangeSetTest, MergesWhatTouches) {
  RangeSet set;
  set.Add({0, 10});
  set.Add({20, 30});
  set.Add({10, 20});
  EXPECT_EQ(set.Ranges(), (std::vector<Range>{{0, 30}}));
}

TEST(RangeSetTest, RemovingTheMiddleKeepsBothSides) {
  RangeSet set;
  set.Add({0, 30});
  set.Remove({10, 20});
  EXPECT_EQ(set.Ranges(), (std::vector<Range>{{0, 10}, {20, 30}}));
}

TEST(RangeSetTest, EmptyRangesChangeNothing) {
  RangeSet set;
  set.Add({5, 5});
  set.Add({7, 6});
  EXPECT_TRUE(set.Empty());
  set.Add({0, 10});
  set.Remove({5, 5});
  EXPECT_EQ(set.RangeCount(), 1u);
  EXPECT_TRUE(set.Covers({100, 100}));
  EXPECT_FALSE(set.Overlaps({5, 5}));
}

TEST(RangeSetTest, WorksUpToTheLargestOffset) {
  RangeSet set;
  set.Add({5ull << 30, kMaxOffset});
  EXPECT_EQ(set.TotalBytes(), kMaxOffset - (5ull << 30));
  EXPECT_TRUE(set.Covers({kMaxOffset - 1, kMaxOffset}));
  set.Remove({kMaxOffset - 10, kMaxOffset});
  EXPECT_EQ(set.NextGap(6ull << 30, kMaxOffset), (Range{kMaxOffset - 10, kMaxOffset}));
}

TEST(RangeTest, AlignsWithoutOverflow) {
  EXPECT_EQ(AlignOutward({1, 2}, 64), (Range{0, 64}));
  EXPECT_EQ(AlignOutward({64, 128}, 64), (Range{64, 128}));
  EXPECT_EQ(AlignOutward({kMaxOffset - 1, kMaxOffset}, 64), (Range{kMaxOffset - 63, kMaxOffset}));
  EXPECT_EQ(AlignInward({1, 130}, 64), (Range{64, 128}));
  EXPECT_TRUE(AlignInward({1, 127}, 64).empty());
  EXPECT_TRUE(AlignInward({kMaxOffset - 1, kMaxOffset}, 64).empty());
}

}  // namespace
}  // namespace brimfs
