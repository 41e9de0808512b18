#include "core/silence_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class SilenceWatchTest : public ::testing::Test {
 protected:
  void Start() {
    watch_.emplace(timer_, clock_, seconds(10), [this] { ++calls_; });
  }
  // The timer's thread has seen the time that it is.
  void AwaitTimer() {
    std::atomic<bool> done = false;
    timer_.At(clock_.Now(), [&] { done = true; });
    while (!done) std::this_thread::yield();
  }
  void Pass(Duration time) {
    clock_.Advance(time);
    AwaitTimer();
  }

  FakeClock clock_;
  Timer timer_{clock_};
  std::atomic<int> calls_ = 0;
  std::optional<SilenceWatch> watch_;
};

TEST_F(SilenceWatchTest, SilenceIsToldOnceForEachTimeThatItIsTooLong) {
  Start();
  Pass(seconds(9));
  EXPECT_EQ(calls_, 0);
  Pass(seconds(1));
  EXPECT_EQ(calls_, 1);
  Pass(seconds(9));
  EXPECT_EQ(calls_, 1);
  Pass(seconds(1));
  EXPECT_EQ(calls_, 2);
}

TEST_F(SilenceWatchTest, WhatComesPutsItOff) {
  Start();
  for (int i = 0; i < 10; ++i) {
    Pass(seconds(9));
    watch_->Hear();
    watch_->Listen();
  }
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(watch_->longest(), seconds(9));
  Pass(seconds(10));
  EXPECT_EQ(calls_, 1);
}

TEST_F(SilenceWatchTest, WhatTheListenerTakesIsNoSilence) {
  Start();
  watch_->Hear();
  Pass(seconds(100));
  EXPECT_EQ(calls_, 0);
  watch_->Listen();
  Pass(seconds(9));
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(watch_->longest(), seconds(0));
  Pass(seconds(10));
  EXPECT_EQ(calls_, 1);
}

TEST_F(SilenceWatchTest, NothingIsToldAfterItsEnd) {
  Start();
  watch_.reset();
  Pass(seconds(100));
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace brimfs
