// Flights that are silent, and their hedges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/component/fetcher_fixture.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HedgeTest : public FetcherFixture {
 protected:
  // Past the patience that the source deserves while little is known of it; the timer has seen it.
  void LetSilencePass() {
    clock_.Advance(seconds(3));
    std::promise<void> seen;
    timer_.At(clock_.Now(), [&] { seen.set_value(); });
    seen.get_future().wait();
  }
};

TEST_F(HedgeTest, ASilentBodyGetsASecondRequestForWhatIsMissing) {
  Start();
  backend_.StallNext(kPath, 20'000);
  std::future<Code> outcome = ReadInThread({0, kFillBlock});
  backend_.AwaitStalled(1);
  LetSilencePass();
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_EQ(backend_.fetches().size(), 2);
  EXPECT_EQ(backend_.fetches().back().range.end, kFillBlock);
  AwaitIdle();  // the silent one has been stopped
  EXPECT_EQ(stats_.hedges, 1);
  EXPECT_EQ(stats_.fetch_failures, 0);
}

TEST_F(HedgeTest, SoDoesASilentHead) {
  Start();
  backend_.StallNext(kPath, 0);
  std::future<Code> outcome = ReadInThread({0, 10});
  backend_.AwaitStalled(1);
  LetSilencePass();
  EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
}

TEST_F(HedgeTest, WhatNobodyWaitsForIsNotHedged) {
  Start();
  backend_.StallNext(kPath, 0);
  fetcher_->Prefetch({0, kFillBlock}, Priority::kReadahead);
  backend_.AwaitStalled(1);
  LetSilencePass();
  EXPECT_EQ(stats_.hedges, 0);
  std::future<Code> outcome = ReadInThread({0, 10});  // now somebody does
  AwaitWaiters(1);
  LetSilencePass();
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_EQ(stats_.hedges, 1);
}

TEST_F(HedgeTest, AHedgeThatIsSilentTooEndsWithTheOneThatSpeaksAgain) {
  Start();
  backend_.CloseGate(kPath);
  std::future<Code> outcome = ReadInThread({0, 10});
  backend_.AwaitAtGate(kPath, 1);
  LetSilencePass();
  backend_.AwaitAtGate(kPath, 2);
  LetSilencePass();  // there is no third
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(backend_.fetches().size(), 2);
  EXPECT_EQ(resource_->NextGap(0, kFillBlock), std::nullopt);
  EXPECT_EQ(stats_.bytes_fetched, kFillBlock);
}

TEST_F(HedgeTest, AHedgeThatFailsChangesNothing) {
  Start();
  backend_.StallNext(kPath, 0);
  backend_.FailNext(kPath, Status(Code::kDenied, "403"));
  std::future<Code> outcome = ReadInThread({0, 10});
  backend_.AwaitStalled(1);
  LetSilencePass();
  while (backend_.fetches().size() < 2) std::this_thread::yield();
  EXPECT_NE(outcome.wait_for(milliseconds(0)), std::future_status::ready);
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  fetcher_->Stop();
  EXPECT_EQ(outcome.get(), Code::kShutdown);
}

TEST_F(HedgeTest, AHedgeThatWonGoesOnLikeAnyFlight) {
  Start();
  backend_.StallNext(kPath, 10'000);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 30'000);
  std::future<Code> outcome = ReadInThread({0, kFillBlock});
  backend_.AwaitStalled(1);
  LetSilencePass();
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_EQ(backend_.fetches().size(), 3);
}

TEST_F(HedgeTest, AServerThatAsksToBeSparedIsNotHedged) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "503").set_overloaded());
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  backend_.StallNext(kPath, 0);
  std::future<Code> outcome = ReadInThread({kMiB, kMiB + 10});
  backend_.AwaitStalled(1);
  LetSilencePass();
  EXPECT_EQ(stats_.hedges, 0);
  clock_.Advance(seconds(56));
  EXPECT_NE(outcome.wait_for(milliseconds(0)), std::future_status::ready);
  LetSilencePass();
  fetcher_->Stop();
}

TEST_F(HedgeTest, ASilentFlightAndItsHedgeEndWhenTheFetcherStops) {
  Start();
  backend_.StallNext(kPath, 0);
  backend_.StallNext(kPath, 0);
  std::future<Code> outcome = ReadInThread({0, 10});
  backend_.AwaitStalled(1);
  LetSilencePass();
  backend_.AwaitStalled(2);
  fetcher_->Stop();
  EXPECT_EQ(outcome.get(), Code::kShutdown);
}

}  // namespace
}  // namespace brimfs
