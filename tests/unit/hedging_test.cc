#include "core/hedging.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

class HedgingTest : public ::testing::Test {
 protected:
  void Requests(int count, Duration silence) {
    for (int i = 0; i < count; ++i) hedging_.OnRequest(silence);
  }
  int TakeAll(TimePoint now) {
    int taken = 0;
    while (hedging_.TryTake(now)) ++taken;
    return taken;
  }

  Hedging hedging_;
};

TEST_F(HedgingTest, LittleIsSuspiciousWhileThereAreFewPeers) {
  EXPECT_EQ(hedging_.Patience(), seconds(2));
  Requests(15, milliseconds(1));
  EXPECT_EQ(hedging_.Patience(), seconds(2));
}

TEST_F(HedgingTest, PatienceIsWhatNinetyNineOfAHundredKeep) {
  Requests(980, milliseconds(200));
  Requests(20, seconds(5));
  EXPECT_GE(hedging_.Patience(), seconds(5));
  Requests(1000, milliseconds(200));  // now they are one in a hundred
  EXPECT_GE(hedging_.Patience(), milliseconds(200));
  EXPECT_LE(hedging_.Patience(), milliseconds(240));
}

TEST_F(HedgingTest, ItHasAFloor) {
  Requests(100, milliseconds(1));
  EXPECT_EQ(hedging_.Patience(), milliseconds(100));
}

TEST_F(HedgingTest, AndFollowsASourceThatBecomesSlower) {
  Requests(10'000, milliseconds(1));
  Requests(2'000, seconds(1));
  EXPECT_GE(hedging_.Patience(), seconds(1));
}

TEST_F(HedgingTest, OneRequestInTwentyMayBeHedged) {
  TakeAll(kNow);
  Requests(19, milliseconds(1));
  EXPECT_EQ(TakeAll(kNow), 0);
  Requests(2, milliseconds(1));
  EXPECT_EQ(TakeAll(kNow), 1);
  Requests(10'000, milliseconds(1));
  EXPECT_LE(TakeAll(kNow), 8);
}

TEST_F(HedgingTest, NoneForAWhileAfterTheServerAskedToBeSpared) {
  hedging_.OnOverload(kNow);
  EXPECT_FALSE(hedging_.TryTake(kNow + seconds(59)));
  EXPECT_TRUE(hedging_.TryTake(kNow + seconds(60)));
}

}  // namespace
}  // namespace brimfs
