// Flights that fail: what is tried again, when, and what the readers are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/component/fetcher_fixture.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class FlightFailureTest : public FetcherFixture {};

TEST_F(FlightFailureTest, AFailedFlightFailsAllItsWaitersAndTheNextReadTriesAgain) {
  Start();
  backend_.CloseGate(kPath);
  std::vector<std::future<Code>> outcomes;
  for (int i = 0; i < 12; ++i) outcomes.push_back(ReadInThread({0, 4096}));
  AwaitWaiters(12);
  driver_->BeforeWrite([](const Range&) { return Status(Code::kNoSpace, "disk full"); });
  backend_.OpenGate(kPath);
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kNoSpace);
  EXPECT_EQ(stats_.fetch_failures, 1);

  driver_->BeforeWrite(nullptr);
  EXPECT_EQ(Read({0, 4096}), Code::kNoSpace);  // remembered for a moment
  EXPECT_EQ(backend_.fetches().size(), 1);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Read({0, 4096}), Code::kOk);
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
}

TEST_F(FlightFailureTest, AServerThatFailsOnceIsNotNoticed) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "503"));
  EXPECT_EQ(Read({0, 4096}), Code::kOk);
  EXPECT_EQ(stats_.fetch_retries, 1);
}

TEST_F(FlightFailureTest, AServerIsLeftAloneForAsLongAsItSays) {
  Start(1);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "503").set_retry_after(seconds(7)));
  std::future<Code> outcome = ReadInThread({0, 4096});
  AwaitRetry(1);
  EXPECT_EQ(Read({kMiB, kMiB + 1}), Code::kOk);  // the connection is free meanwhile
  EXPECT_EQ(backend_.fetches().size(), 2);
  clock_.Advance(seconds(7));
  EXPECT_EQ(outcome.get(), Code::kOk);
}

TEST_F(FlightFailureTest, ABrokenBodyIsResumedWhereItBroke) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 20'000);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 30'000);
  EXPECT_EQ(Read({0, kFillBlock}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kFillBlock), Asks(20'000u, kFillBlock),
                                              Asks(50'000u, kFillBlock)));
  EXPECT_EQ(backend_.bytes_sent(), kFillBlock);
}

TEST_F(FlightFailureTest, ABodyThatBreaksAllTheTimeStillArrivesAndEarnsItsTries) {
  Start();
  for (int i = 0; i < 100; ++i) {
    backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), kFillBlock);
  }
  EXPECT_EQ(Read({0, 100 * kFillBlock}), Code::kOk);  // while the clock stands still
  EXPECT_EQ(backend_.bytes_sent(), 100 * kFillBlock);
}

TEST_F(FlightFailureTest, AnOutageIsNotMultipliedByTheNumberOfItsFlights) {
  Start(4);
  for (int i = 0; i < 1000; ++i) backend_.FailNext(kPath, Status(Code::kUnavailable, "refused"));
  const TimePoint started = clock_.Now();
  std::vector<std::future<Code>> outcomes;
  for (uint64_t i = 0; i < 100; ++i) {
    outcomes.push_back(ReadInThread({i * kFillBlock, i * kFillBlock + 10}));
  }
  for (std::future<Code>& outcome : outcomes) {
    while (outcome.wait_for(seconds(0)) != std::future_status::ready) {
      clock_.Advance(milliseconds(100));
      std::this_thread::yield();
    }
    EXPECT_EQ(outcome.get(), Code::kTimedOut);
  }
  // The first try of each, what the bucket held, and what time brought.
  const auto passed = std::chrono::duration_cast<seconds>(clock_.Now() - started).count();
  EXPECT_LE(backend_.fetches().size(), static_cast<size_t>(100 + 32 + 8 * (passed + 1)));
}

TEST_F(FlightFailureTest, AHardMountTriesForEver) {
  options_.timeout = Duration::max();
  Start(1);
  for (int i = 0; i < 50; ++i) backend_.FailNext(kPath, Status(Code::kUnavailable, "refused"));
  std::future<Code> outcome = ReadInThread({0, 10});
  const TimePoint started = clock_.Now();
  while (outcome.wait_for(seconds(0)) != std::future_status::ready) {
    clock_.Advance(seconds(1));
    std::this_thread::yield();
  }
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_EQ(backend_.fetches().size(), 51);
  EXPECT_GT(clock_.Now() - started, seconds(60));
}

TEST_F(FlightFailureTest, NoAnswerByTheDeadlineIsATimeout) {
  options_.timeout = seconds(60);
  Start();
  for (int i = 0; i < 10; ++i) {
    backend_.FailNext(kPath, Status(Code::kUnavailable, "refused").set_retry_after(seconds(25)));
  }
  std::future<Code> outcome = ReadInThread({0, 4096});
  for (size_t tries = 1; tries <= 2; ++tries) {
    AwaitRetry(tries);
    clock_.Advance(seconds(25));
  }
  EXPECT_EQ(outcome.get(), Code::kTimedOut);
  EXPECT_EQ(backend_.fetches().size(), 3);
}

TEST_F(FlightFailureTest, TheErrorNamesTheObjectTheRangeAndTheCause) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUntrusted, "bad certificate"));
  const Result<Lease> lease = resource_->WaitRange({0, 10});
  EXPECT_EQ(lease.code(), Code::kUntrusted);
  EXPECT_EQ(lease.status().message(), "fake://dir/object: bytes 0-65536: bad certificate");
}

TEST_F(FlightFailureTest, AnotherVersionIsStaleAndNoneOfItIsWritten) {
  Start();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  AwaitIdle();  // the rest of the block
  backend_.Put(kPath, kLength, 2);
  EXPECT_EQ(Read({kMiB, kMiB + 10}), Code::kStale);
  EXPECT_EQ(resource_->state(), Resource::State::kFailed);
  EXPECT_EQ(resource_->FilledBytes(), kFillBlock);
  EXPECT_EQ(Read({0, 10}), Code::kOk);  // what is there stays
}

TEST_F(FlightFailureTest, AServerThatIgnoresIfMatchIsFoundOutByItsAnswer) {
  backend_.SetEtags(false);
  Start();
  options_.version.last_modified.reset();
  fetcher_->Stop();
  fetcher_.emplace(*resource_, *scheduler_, clock_, timer_, stats_, traffic_, options_);
  EXPECT_EQ(Read({0, 10}), Code::kOk);  // the first answer pins the version
  EXPECT_TRUE(fetcher_->version().last_modified.has_value());
  AwaitIdle();  // the rest of the block
  backend_.Put(kPath, kLength, 2);
  EXPECT_EQ(Read({kMiB, kMiB + 10}), Code::kStale);
  EXPECT_EQ(resource_->FilledBytes(), kFillBlock);
}

TEST_F(FlightFailureTest, AnObjectThatVanishesIsStale) {
  Start();
  backend_.Erase(kPath);
  EXPECT_EQ(Read({0, 10}), Code::kStale);
}

TEST_F(FlightFailureTest, DeniedIsFinalUntilReactivated) {
  Start();
  backend_.FailNext(kPath, Status(Code::kDenied, "403"));
  EXPECT_EQ(Read({0, 10}), Code::kDenied);
  EXPECT_EQ(Read({kMiB, kMiB + 10}), Code::kDenied);
  EXPECT_EQ(backend_.fetches().size(), 1);
  resource_->Reactivate();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
}

TEST_F(FlightFailureTest, AContradictingAnswerIsTriedThreeTimes) {
  options_.timeout = std::chrono::hours(1000);  // the clock runs away from slow threads below
  Start(1);
  // More than three: the clock may outrun a try so far that it is hedged.
  for (int i = 0; i < 9; ++i) backend_.FailNext(kPath, Status(Code::kProtocol, "wrong range"));
  std::future<Code> outcome = ReadInThread({0, 10});
  while (outcome.wait_for(seconds(0)) != std::future_status::ready) {
    clock_.Advance(milliseconds(50));  // the third try waits for a part of the base
    std::this_thread::yield();
  }
  EXPECT_EQ(outcome.get(), Code::kProtocol);
  EXPECT_GE(backend_.fetches().size(), 3u);
  EXPECT_LE(backend_.fetches().size(), 3u + stats_.hedges);
}

}  // namespace
}  // namespace brimfs
