#include "core/timer.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <vector>

#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class TimerTest : public testing::Test {
 protected:
  // Returns when everything that was due has run.
  void Settle() {
    std::latch ran(1);
    timer_.At(clock_.Now(), [&] { ran.count_down(); });
    ran.wait();
  }

  FakeClock clock_;
  std::vector<int> ran_;
  Timer timer_{clock_};
};

TEST_F(TimerTest, RunsInTheOrderOfTimeAndThenOfAsking) {
  const TimePoint now = clock_.Now();
  timer_.At(now + seconds(2), [&] { ran_.push_back(3); });
  timer_.At(now + seconds(1), [&] { ran_.push_back(1); });
  timer_.At(now + seconds(1), [&] { ran_.push_back(2); });
  clock_.Advance(seconds(2));
  Settle();
  EXPECT_EQ(ran_, (std::vector<int>{1, 2, 3}));
}

TEST_F(TimerTest, DoesNotRunBeforeItsTime) {
  timer_.At(clock_.Now() + seconds(2), [&] { ran_.push_back(1); });
  clock_.Advance(seconds(1));
  Settle();
  EXPECT_TRUE(ran_.empty());
  clock_.Advance(seconds(1));
  Settle();
  EXPECT_EQ(ran_, std::vector<int>{1});
}

TEST_F(TimerTest, AnEarlierActionWakesASleepingTimer) {
  timer_.At(clock_.Now() + seconds(100), [&] { ran_.push_back(2); });
  clock_.AwaitSleepers(1);
  timer_.At(clock_.Now() + seconds(1), [&] { ran_.push_back(1); });
  clock_.Advance(seconds(1));
  Settle();
  EXPECT_EQ(ran_, std::vector<int>{1});
}

TEST_F(TimerTest, WhatIsCancelledNeverRuns) {
  const Timer::Id id = timer_.At(clock_.Now() + seconds(1), [&] { ran_.push_back(1); });
  EXPECT_TRUE(timer_.Cancel(id));
  EXPECT_FALSE(timer_.Cancel(id));
  clock_.Advance(seconds(1));
  Settle();
  EXPECT_TRUE(ran_.empty());
}

TEST_F(TimerTest, CancellingWhatRunsIsToldSo) {
  std::promise<Timer::Id> id;
  std::promise<bool> cancelled;
  id.set_value(timer_.At(clock_.Now() + seconds(1),
                         [&] { cancelled.set_value(timer_.Cancel(id.get_future().get())); }));
  clock_.Advance(seconds(1));
  EXPECT_FALSE(cancelled.get_future().get());
}

TEST_F(TimerTest, AnActionMayAskForAnother) {
  std::promise<void> second;
  timer_.At(clock_.Now(), [&] { timer_.At(clock_.Now(), [&] { second.set_value(); }); });
  second.get_future().get();
}

TEST(TimerLifeTest, TheDestructorDropsWhatHasNotRun) {
  FakeClock clock;
  const auto token = std::make_shared<int>(0);
  {
    Timer timer(clock);
    timer.At(clock.Now() + seconds(1), [token] { FAIL(); });
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace brimfs
