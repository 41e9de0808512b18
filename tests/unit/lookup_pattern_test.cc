#include "fs/lookup_pattern.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

constexpr size_t kMany = 10'000;
constexpr LookUpPattern::Options kOptions;

class LookUpPatternTest : public testing::Test {
 protected:
  // How many positions this lookup asks for ahead.
  size_t LookUp(size_t position, size_t count = kMany) {
    const LookUpPattern::Advice advice = pattern_.OnLookUp(position, count);
    if (!advice.in_order) {
      pattern_.Collapse();
      ahead_.clear();
    }
    total_ += advice.end - advice.begin;
    for (size_t i = advice.begin; i < advice.end; ++i) {
      EXPECT_LT(i, count);
      EXPECT_GT(i, position);
      EXPECT_TRUE(ahead_.insert(i).second) << i << " twice";
    }
    return advice.end - advice.begin;
  }

  LookUpPattern pattern_;
  std::set<size_t> ahead_;  // since the last lookup that was out of order
  size_t total_ = 0;
};

TEST_F(LookUpPatternTest, OneLookupShowsNothing) { EXPECT_EQ(LookUp(5), 0u); }

TEST_F(LookUpPatternTest, TwoInARowAreAStreamThatGrowsToItsLimit) {
  LookUp(0);
  EXPECT_EQ(LookUp(1), kOptions.first_window);
  size_t position = 2;
  for (; position < 20; ++position) LookUp(position);
  EXPECT_EQ(*ahead_.rbegin(), position + kOptions.max_window - 1);
  EXPECT_EQ(LookUp(position), 1u) << "then one comes for each that is used";
}

TEST_F(LookUpPatternTest, AStreamEndsWithTheListing) {
  for (size_t i = 0; i < 40; ++i) LookUp(i, 40);
  EXPECT_EQ(*ahead_.rbegin(), 39u);
  EXPECT_EQ(ahead_.size(), 38u) << "all but the first two";
}

TEST_F(LookUpPatternTest, TheSameNameAgainShowsNothing) {
  for (int i = 0; i < 10; ++i) LookUp(7);
  EXPECT_LE(total_, kOptions.first_window);
}

TEST_F(LookUpPatternTest, RandomLookupsAskForHardlyAnything) {
  std::mt19937 random(1);
  constexpr int kLookups = 2000;
  for (int i = 0; i < kLookups; ++i) LookUp(random() % kMany);
  EXPECT_LT(total_, kLookups / 50u);
}

TEST_F(LookUpPatternTest, AStreamThatBecomesRandomStopsAtOnce) {
  for (size_t i = 0; i < 20; ++i) LookUp(i);
  EXPECT_EQ(LookUp(5000), 0u);
  EXPECT_EQ(LookUp(3000), 0u);
  EXPECT_LE(LookUp(20), kOptions.first_window) << "it has to grow again";
}

TEST_F(LookUpPatternTest, ASecondPassIsAStreamAgain) {
  for (size_t i = 0; i < 100; ++i) LookUp(i, 100);
  for (size_t i = 0; i < 100; ++i) LookUp(i, 100);
  EXPECT_EQ(ahead_.size(), 98u);
}

TEST_F(LookUpPatternTest, ALocalesOrderIsFollowedAsSeveralStreams) {
  // A0…A99 and a0…a99 in bytes; A0, a0, A1, a1, … in the locale.
  std::set<size_t> ahead;
  for (size_t i = 0; i < 200; ++i) {
    const LookUpPattern::Advice advice = pattern_.OnLookUp(i / 2 + i % 2 * 100, 200);
    for (size_t at = advice.begin; at < advice.end; ++at) ahead.insert(at);
    EXPECT_TRUE(advice.in_order || i < 2);
  }
  EXPECT_GE(ahead.size(), 190u);
}

TEST_F(LookUpPatternTest, ALittleDisorderIsStillAStream) {
  std::vector<size_t> order(200);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = 8; i + 4 < order.size(); i += 4) std::reverse(&order[i], &order[i + 4]);
  for (const size_t position : order) (void)pattern_.OnLookUp(position, order.size());
  const LookUpPattern::Advice advice = pattern_.OnLookUp(199, 1000);
  EXPECT_EQ(advice.end - advice.begin, 1000 - 968u) << "the window is at its limit";
}

}  // namespace
}  // namespace brimfs
