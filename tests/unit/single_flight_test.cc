#include "fs/single_flight.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class SingleFlightTest : public testing::Test {
 protected:
  // One call under way on a thread of its own until Finish.
  void StartCall(Result<int> answer) {
    first_ = std::thread([this, answer] {
      first_answer_ = flight_.Do(clock_, kNever, {}, [&] {
        running_.count_down();
        finish_.wait();
        return answer;
      });
    });
    running_.wait();
  }
  void Finish() {
    finish_.count_down();
    first_.join();
  }

  FakeClock clock_;
  SingleFlight<int> flight_;
  std::latch running_{1};
  std::latch finish_{1};
  std::thread first_;
  Result<int> first_answer_ = 0;
};

TEST_F(SingleFlightTest, AllWhoWantItMeanwhileGetTheSameAnswer) {
  StartCall(42);
  std::atomic<int> right{0};
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      const Result<int> answer = flight_.Do(clock_, kNever, {}, []() -> Result<int> { return 1; });
      if (answer.ok() && *answer == 42) ++right;
    });
  }
  clock_.AwaitSleepers(4);
  Finish();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(right, 4);
  EXPECT_EQ(*first_answer_, 42);
}

TEST_F(SingleFlightTest, NothingIsRememberedOnceTheCallHasEnded) {
  int calls = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(flight_.Do(clock_, kNever, {}, [&]() -> Result<int> { return ++calls; }).ok());
  }
  EXPECT_EQ(calls, 2);
}

TEST_F(SingleFlightTest, AnErrorIsSharedLikeAnAnswer) {
  StartCall(Status(Code::kDenied));
  std::thread other([&] {
    EXPECT_EQ(flight_.Do(clock_, kNever, {}, []() -> Result<int> { return 1; }).code(),
              Code::kDenied);
  });
  clock_.AwaitSleepers(1);
  Finish();
  other.join();
}

TEST_F(SingleFlightTest, AWaiterLeavesAtItsDeadline) {
  StartCall(42);
  std::thread other([&] {
    EXPECT_EQ(
        flight_.Do(clock_, clock_.Now() + seconds(5), {}, []() -> Result<int> { return 1; }).code(),
        Code::kTimedOut);
  });
  clock_.AwaitSleepers(1);
  clock_.Advance(seconds(5));
  other.join();
  Finish();
}

TEST_F(SingleFlightTest, AWaiterLeavesWhenItIsInterrupted) {
  StartCall(42);
  std::stop_source stop;
  std::thread other([&] {
    EXPECT_EQ(
        flight_.Do(clock_, kNever, stop.get_token(), []() -> Result<int> { return 1; }).code(),
        Code::kInterrupted);
  });
  clock_.AwaitSleepers(1);
  stop.request_stop();
  other.join();
  Finish();
}

TEST_F(SingleFlightTest, WhenTheCallerIsInterruptedAWaiterCallsAnew) {
  StartCall(Status(Code::kInterrupted));
  std::thread other([&] {
    const Result<int> answer = flight_.Do(clock_, kNever, {}, []() -> Result<int> { return 2; });
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(*answer, 2);
  });
  clock_.AwaitSleepers(1);
  Finish();
  other.join();
  EXPECT_EQ(first_answer_.code(), Code::kInterrupted);
}

TEST(FlightGroupTest, OnlyThoseWhoAskForTheSameKeyShareACall) {
  FakeClock clock;
  FlightGroup<int> group;
  std::atomic<int> calls{0};
  std::latch running{2};
  std::latch finish{1};
  const auto ask = [&](const std::string& key) {
    const Result<int> answer = group.Do(key, clock, kNever, {}, [&]() -> Result<int> {
      ++calls;
      running.count_down();
      finish.wait();
      return static_cast<int>(key.size());
    });
    EXPECT_EQ(*answer, static_cast<int>(key.size()));
  };
  std::vector<std::thread> threads;
  threads.emplace_back(ask, "a");
  threads.emplace_back(ask, "bb");
  running.wait();
  threads.emplace_back(ask, "a");
  threads.emplace_back(ask, "bb");
  clock.AwaitSleepers(2);
  finish.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, 2);

  const Result<int> later = group.Do("a", clock, kNever, {}, [] { return Result<int>(7); });
  EXPECT_EQ(*later, 7) << "nothing is remembered";
}

}  // namespace
}  // namespace brimfs
