#include "core/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kRate = 1'000'000;
constexpr uint64_t kPiece = 10'000;

class RateLimitTest : public ::testing::Test {
 protected:
  std::future<Code> TakeInThread(bool demanded, std::stop_token stop = {}) {
    return std::async(std::launch::async, [this, demanded, stop = std::move(stop)] {
      return limit_.Take(kPiece, demanded, stop).code();
    });
  }
  void UseUp() {
    for (uint64_t taken = 0; taken < kRate / 10; taken += kPiece) {
      EXPECT_TRUE(limit_.Take(kPiece, true, {}).ok());
    }
  }
  static bool Ready(const std::future<Code>& future) {
    return future.wait_for(seconds(0)) == std::future_status::ready;
  }

  FakeClock clock_;
  RateLimit limit_{clock_, kRate};
};

TEST_F(RateLimitTest, WithoutARateNobodyWaits) {
  RateLimit none(clock_, 0);
  EXPECT_TRUE(none.Take(uint64_t{1} << 60, false, {}).ok());
  EXPECT_TRUE(none.Take(uint64_t{1} << 60, false, {}).ok());
}

TEST_F(RateLimitTest, ABurstIsATenthOfASecond) {
  clock_.Advance(std::chrono::hours(1));  // saves up no more
  UseUp();
  std::future<Code> next = TakeInThread(true);
  clock_.AwaitSleepers(1);
  EXPECT_FALSE(Ready(next));
  clock_.Advance(milliseconds(11));
  EXPECT_EQ(next.get(), Code::kOk);
}

TEST_F(RateLimitTest, OverTimeTheRateIsKept) {
  const TimePoint started = clock_.Now();
  std::atomic<bool> done = false;
  std::thread taker([&] {
    for (uint64_t taken = 0; taken < 3 * kRate; taken += kPiece)
      (void)limit_.Take(kPiece, false, {});
    done = true;
  });
  while (!done) {
    clock_.Advance(milliseconds(1));
    std::this_thread::yield();
  }
  taker.join();
  EXPECT_GE(clock_.Now() - started, milliseconds(2880));
}

TEST_F(RateLimitTest, WhoTakesForASleepingReaderGoesFirst) {
  UseUp();
  std::future<Code> ahead = TakeInThread(false);
  clock_.AwaitSleepers(1);
  std::future<Code> demanded = TakeInThread(true);
  clock_.AwaitSleepers(2);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(demanded.get(), Code::kOk);
  clock_.AwaitSleepers(1);
  EXPECT_FALSE(Ready(ahead));
  clock_.Advance(milliseconds(11));
  EXPECT_EQ(ahead.get(), Code::kOk);
}

TEST_F(RateLimitTest, AStopEndsTheWait) {
  UseUp();
  std::stop_source stop;
  std::future<Code> next = TakeInThread(true, stop.get_token());
  clock_.AwaitSleepers(1);
  stop.request_stop();
  EXPECT_EQ(next.get(), Code::kInterrupted);
}

}  // namespace
}  // namespace brimfs
