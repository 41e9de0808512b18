#include "core/retry_budget.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint() + std::chrono::hours(1);

class RetryBudgetTest : public ::testing::Test {
 protected:
  int TakeAll(TimePoint now) {
    int taken = 0;
    while (budget_.TryTake(now)) ++taken;
    return taken;
  }

  RetryBudget budget_{{.most = 32, .per_second = 8, .bytes_per_token = kFillBlock}};
};

TEST_F(RetryBudgetTest, AFewFlightsMayTryAgainAtOnce) { EXPECT_EQ(TakeAll(kStart), 32); }

TEST_F(RetryBudgetTest, AfterwardsTimeBringsTokens) {
  TakeAll(kStart);
  EXPECT_EQ(TakeAll(kStart + milliseconds(125)), 1);
  EXPECT_EQ(TakeAll(kStart + seconds(2)), 15);
}

TEST_F(RetryBudgetTest, ButNeverMoreThanFitIn) {
  TakeAll(kStart);
  EXPECT_EQ(TakeAll(kStart + std::chrono::hours(1)), 32);
}

TEST_F(RetryBudgetTest, BytesThatCameEarnTriesInProportion) {
  TakeAll(kStart);
  budget_.Earn(kFillBlock / 2);
  EXPECT_EQ(TakeAll(kStart), 0);
  budget_.Earn(kFillBlock / 2);
  EXPECT_EQ(TakeAll(kStart), 1);
  budget_.Earn(10 * kFillBlock);
  EXPECT_EQ(TakeAll(kStart), 10);
}

TEST_F(RetryBudgetTest, TimeThatRunsBackBringsAndTakesNothing) {
  TakeAll(kStart);
  EXPECT_EQ(TakeAll(kStart - seconds(5)), 0);
  EXPECT_EQ(TakeAll(kStart + milliseconds(125)), 1);
}

}  // namespace
}  // namespace brimfs
