// Servers without ranges: one request for all readers of a file, front to back.
#include "core/stream_flight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/memory_budget.h"
#include "tests/component/fetcher_fixture.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class StreamFlightTest : public FetcherFixture {
 protected:
  StreamFlightTest() { backend_.SetRanges(false); }

  // The first and only byte of the block that begins at that MiB.
  std::future<Code> ReadAtMiB(uint64_t at) { return ReadInThread({at * kMiB, at * kMiB + 1}); }

  void AwaitRunning(int flights) {
    while (scheduler_->load().running != flights || scheduler_->load().queued != 0) {
      std::this_thread::yield();
    }
  }

  // Of an object that is too long to be kept whole: what is not asked for is not kept.
  void PutLongObject(uint64_t length) {
    backend_.Put(kPath, length);
    options_.keep_limit = length - 1;
  }
};

TEST_F(StreamFlightTest, TheFirstAnswerBringsWhatEveryReaderWaitsFor) {
  Start();
  backend_.CloseGate(kPath, 10);
  std::vector<std::future<Code>> outcomes;
  outcomes.push_back(ReadAtMiB(3));
  backend_.AwaitAtGate(kPath, 1);
  for (const uint64_t at : {7, 0, 5, 1}) outcomes.push_back(ReadAtMiB(at));
  AwaitWaiters(5);
  backend_.OpenGate(kPath);
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(3 * kMiB, 3 * kMiB + kFillBlock)));
  AwaitIdle();
  EXPECT_EQ(stats_.whole_answers, 1);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);  // it went on to the near end
  EXPECT_EQ(backend_.bytes_sent(), kLength);
}

TEST_F(StreamFlightTest, AReaderWakesWhenTheStreamHasReachedItsBytes) {
  Start();
  backend_.CloseGate(kPath, 2 * kMiB);
  std::future<Code> far = ReadAtMiB(4);
  std::future<Code> near = ReadAtMiB(1);
  EXPECT_EQ(near.get(), Code::kOk);
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_EQ(far.wait_for(seconds(0)), std::future_status::timeout);
  backend_.OpenGate(kPath);
  EXPECT_EQ(far.get(), Code::kOk);
}

TEST_F(StreamFlightTest, RequestsThatWereMadeAtOnceAreOneStreamFromThenOn) {
  options_.part_bytes = kMiB;
  Start(4);
  backend_.CloseGate(kPath, 10);
  std::future<Code> outcome = ReadInThread({0, kLength});
  AwaitWaiters(1);
  backend_.AwaitAtGate(kPath, 1);
  AwaitRunning(1);  // the other answers were given up, what was queued is the stream's
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_LE(backend_.fetches().size(), 4);
  EXPECT_EQ(backend_.bytes_sent(), kLength);
  EXPECT_EQ(stats_.whole_answers, 1);
}

TEST_F(StreamFlightTest, ABrokenStreamBeginsAnewAndWritesNothingTwice) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 3 * kMiB);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 5 * kMiB);
  EXPECT_EQ(Read({6 * kMiB, 6 * kMiB + 10}), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(stats_.whole_answers, 3);
  EXPECT_EQ(backend_.bytes_sent(), 8 * kMiB + kLength);
  uint64_t written = 0;
  for (const Range& range : driver_->writes()) written += range.size();
  EXPECT_EQ(written, kLength);
}

TEST_F(StreamFlightTest, AStreamThatGetsNoFurtherIsGivenUpAtTheDeadline) {
  options_.timeout = seconds(5);
  Start(1);
  for (int i = 0; i < 1000; ++i) {
    backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 2 * kMiB);
  }
  std::future<Code> outcome = ReadAtMiB(4);
  while (outcome.wait_for(seconds(0)) != std::future_status::ready) {
    clock_.Advance(milliseconds(100));
    std::this_thread::yield();
  }
  EXPECT_EQ(outcome.get(), Code::kTimedOut);
  EXPECT_EQ(Read({0, 2 * kMiB}), Code::kOk);  // what it brought stays
}

TEST_F(StreamFlightTest, AChangedObjectIsStaleAndNoneOfItIsWritten) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset").set_retry_after(seconds(1)),
                    2 * kMiB);
  std::future<Code> outcome = ReadAtMiB(4);
  AwaitRetry(1);
  backend_.Put(kPath, kLength, 2);
  clock_.Advance(seconds(1));
  EXPECT_EQ(outcome.get(), Code::kStale);
  EXPECT_EQ(resource_->state(), Resource::State::kFailed);
  EXPECT_EQ(Read({0, 2 * kMiB}), Code::kOk);
}

TEST_F(StreamFlightTest, AReadersDeadlineEndsItsWaitAndNotTheStream) {
  Start();
  backend_.CloseGate(kPath, kMiB);
  std::promise<Code> promise;
  resource_->WaitRangeAsync({4 * kMiB, 4 * kMiB + 1}, clock_.Now() + seconds(60), {},
                            [&](Result<Lease> outcome) { promise.set_value(outcome.code()); });
  backend_.AwaitAtGate(kPath, 1);
  clock_.Advance(seconds(60));
  EXPECT_EQ(promise.get_future().get(), Code::kTimedOut);
  backend_.OpenGate(kPath);
  EXPECT_EQ(Read({4 * kMiB, 4 * kMiB + 1}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(1));
}

TEST_F(StreamFlightTest, ClosingTheFileFreesTheConnection) {
  Start();
  backend_.CloseGate(kPath, 2 * kMiB);
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  AwaitIdle();  // though the gate is closed
  backend_.OpenGate(kPath);
  EXPECT_EQ(Read({4 * kMiB, 4 * kMiB + 10}), Code::kOk);
}

// One request ahead of readers at a time from here on: where more are made at once it is found out
// more than once that there are no ranges.
TEST_F(StreamFlightTest, ClosingTheFileLeavesTheStreamToTheFill) {
  Start(2);
  backend_.CloseGate(kPath, 2 * kMiB);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  fetcher_->DropPrefetch();
  backend_.OpenGate(kPath);
  AwaitIdle();
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  EXPECT_EQ(backend_.bytes_sent(), kLength);
  fetcher_->EndFill();
}

TEST_F(StreamFlightTest, AFillThatStopsFreesTheConnection) {
  Start(2);
  backend_.CloseGate(kPath, 2 * kMiB);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->EndFill();
  AwaitIdle();  // though the gate is closed
  EXPECT_NE(resource_->state(), Resource::State::kCommitted);
}

TEST_F(StreamFlightTest, AFillThatStopsFreesTheConnectionOfAReaderThatHasClosed) {
  Start(2);
  backend_.CloseGate(kPath, 2 * kMiB);
  fetcher_->BeginFill();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  fetcher_->EndFill();
  AwaitIdle();  // though the gate is closed
  EXPECT_NE(resource_->state(), Resource::State::kCommitted);
}

TEST_F(StreamFlightTest, AFillThatStopsLeavesTheStreamToItsReaders) {
  Start(2);
  backend_.CloseGate(kPath, 2 * kMiB);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> outcome = ReadAtMiB(4);
  AwaitWaiters(1);
  fetcher_->EndFill();
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(1));
}

TEST_F(StreamFlightTest, ABrokenStreamOfAFillIsNotMoreUrgentThanTheFill) {
  Start(2);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset").set_retry_after(seconds(1)),
                    2 * kMiB);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  AwaitRetry(1);
  fetcher_->EndFill();
  EXPECT_EQ(scheduler_->load().queued, 0);
}

TEST_F(StreamFlightTest, ABrokenStreamOfAFillIsAsUrgentAsItsReaders) {
  Start(2);
  backend_.CloseGate(kPath, 2 * kMiB);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset").set_retry_after(seconds(1)),
                    3 * kMiB);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, kLength}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> outcome = ReadAtMiB(4);
  AwaitWaiters(1);
  backend_.OpenGate(kPath);
  AwaitRetry(1);
  fetcher_->EndFill();
  clock_.Advance(seconds(1));
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_EQ(stats_.fetch_retries, 1) << "it was given up and begun anew";
}

TEST_F(StreamFlightTest, WhoeverStillWaitsKeepsTheStream) {
  Start();
  backend_.CloseGate(kPath, 2 * kMiB);
  std::future<Code> outcome = ReadAtMiB(4);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(1));
}

TEST_F(StreamFlightTest, StopAndShutdownEndTheStreamAndItsWaits) {
  Start();
  backend_.CloseGate(kPath, kMiB);
  std::future<Code> outcome = ReadAtMiB(4);
  backend_.AwaitAtGate(kPath, 1);
  scheduler_->Shutdown();
  EXPECT_EQ(outcome.get(), Code::kShutdown);
  fetcher_->Stop();
  clock_.Advance(seconds(2));
  EXPECT_EQ(Read({5 * kMiB, 5 * kMiB + 1}), Code::kShutdown);
}

TEST_F(StreamFlightTest, PrefetchIsTheStreamsToo) {
  Start();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  AwaitIdle();
  const uint64_t room = fetcher_->PrefetchLimits(kLength).room;
  resource_->MarkAbsent({2 * kMiB, 4 * kMiB});
  backend_.CloseGate(kPath, kMiB);
  fetcher_->Prefetch({2 * kMiB, 4 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_EQ(fetcher_->PrefetchLimits(kLength).room, room - 2 * kMiB);
  backend_.OpenGate(kPath);
  AwaitIdle();
  EXPECT_EQ(fetcher_->PrefetchLimits(kLength).room, room);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
}

TEST_F(StreamFlightTest, WithoutAReaderItGoesAsFarAgainWaitsAMomentAndBreaksOff) {
  constexpr uint64_t kLong = 64 * kMiB;
  backend_.Put(kPath, kLong);
  Start();
  EXPECT_EQ(Read({4 * kMiB, 4 * kMiB + 10}), Code::kOk);
  const uint64_t reach = 4 * kMiB + kFillBlock + StreamFlight::kLeastAhead;
  while (resource_->FilledBytes() < reach) std::this_thread::yield();
  EXPECT_EQ(Read({30 * kMiB, 30 * kMiB + 10}), Code::kOk);  // it was waiting
  EXPECT_THAT(backend_.fetches(), SizeIs(1));
  while (resource_->FilledBytes() < 60 * kMiB) std::this_thread::yield();
  while (scheduler_->load().running > 0) {
    clock_.Advance(StreamFlight::kLinger);
    std::this_thread::yield();
  }
  EXPECT_LE(backend_.bytes_sent(), 61 * kMiB);
  EXPECT_EQ(Read({63 * kMiB, 63 * kMiB + 10}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(2));
}

// A flight that only says that it got a connection.
class Probe : public Flight {
 public:
  std::optional<TimePoint> Run(Connection& /*connection*/, std::stop_token /*stop*/) override {
    ran.set_value();
    return std::nullopt;
  }
  void Abandon(const Status& /*why*/) override {}
  void Unwanted() override {}
  const void* owner() const override { return this; }
  Range range() const override { return {}; }

  std::promise<void> ran;
};

TEST_F(StreamFlightTest, TheConnectionIsNotKeptFromOtherFiles) {
  PutLongObject(16 * kMiB);
  Start(1);
  for (uint64_t i = 1; i <= 2; ++i) {  // carried by the first flight, and then by itself
    EXPECT_EQ(Read({i * kMiB, i * kMiB + 1}), Code::kOk);
    const auto other = std::make_shared<Probe>();
    scheduler_->Submit(other, Priority::kDemand);
    other->ran.get_future().wait();  // while the clock stands still
  }
}

TEST_F(StreamFlightTest, OfALongFileOnlyWhatIsAskedForIsKept) {
  PutLongObject(16 * kMiB);
  Start();
  backend_.CloseGate(kPath, 10);
  std::future<Code> one = ReadAtMiB(3);
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> two = ReadAtMiB(9);
  AwaitWaiters(2);
  backend_.OpenGate(kPath);
  EXPECT_EQ(one.get(), Code::kOk);
  EXPECT_EQ(two.get(), Code::kOk);
  while (resource_->FilledBytes() < 2 * kFillBlock) std::this_thread::yield();
  fetcher_->DropPrefetch();
  AwaitIdle();
  EXPECT_EQ(resource_->FilledBytes(), 2 * kFillBlock);
  EXPECT_THAT(backend_.fetches(), SizeIs(1));
}

TEST_F(StreamFlightTest, WhatIsAskedForBehindTheStreamHasTheNextPassWhoeverAsksAhead) {
  PutLongObject(16 * kMiB);
  Start();
  backend_.CloseGate(kPath, 6 * kMiB);
  std::future<Code> first = ReadAtMiB(8);
  backend_.AwaitAtGate(kPath, 1);
  while (resource_->FilledBytes() > 0) std::this_thread::yield();
  std::future<Code> behind = ReadAtMiB(2);
  AwaitWaiters(2);
  std::future<Code> later = ReadAtMiB(14);
  AwaitWaiters(3);
  backend_.OpenGate(kPath);
  EXPECT_EQ(first.get(), Code::kOk);
  EXPECT_EQ(behind.get(), Code::kOk);
  EXPECT_EQ(later.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(2));
  // To the first one's end, and on from the front.
  EXPECT_LE(backend_.bytes_sent(), 9 * kMiB + 15 * kMiB);
}

TEST_F(StreamFlightTest, AFileLargerThanTheMemoryReadsRightFrontToBackAndAtRandom) {
  constexpr uint64_t kLong = 24 * kMiB + 77;
  PutLongObject(kLong);
  MemoryBudget budget(4 * kMiB, stats_);
  Start();
  resource_->AddObserver(&budget);
  for (uint64_t at = 0; at < kLong; at += 128 << 10) {
    fetcher_->Prefetch({at, std::min(kLong, at + kMiB)}, Priority::kReadahead);
    ASSERT_EQ(Read({at, at + (128 << 10)}), Code::kOk) << at;
  }
  for (uint64_t i = 0; i < 20; ++i) {
    const uint64_t at = i * 7919 * 104'729 % kLong;
    ASSERT_EQ(Read({at, at + 100}), Code::kOk) << at;
  }
  EXPECT_LE(budget.used(), 5 * kMiB);
  EXPECT_LE(stats_.whole_answers, 21);
  fetcher_->DropPrefetch();
  AwaitIdle();
  budget.Forget(*resource_);
}

TEST_F(StreamFlightTest, AServerThatHasRangesAfterAllIsAskedForThemAgain) {
  PutLongObject(16 * kMiB);
  Start();
  EXPECT_EQ(Read({3 * kMiB, 3 * kMiB + 1}), Code::kOk);
  fetcher_->DropPrefetch();
  AwaitIdle();
  backend_.SetRanges(true);
  const uint64_t before = backend_.bytes_sent();
  EXPECT_EQ(Read({9 * kMiB, 9 * kMiB + 1}), Code::kOk);
  EXPECT_EQ(Read({1 * kMiB, 1 * kMiB + 1}), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(backend_.bytes_sent() - before, 2 * kFillBlock);
  EXPECT_EQ(stats_.whole_answers, 1);
}

TEST_F(StreamFlightTest, AFileOfAServerThatIsKnownToHaveNoRangesBeginsAsOneStream) {
  Start();
  EXPECT_EQ(Read({0, 1}), Code::kOk);
  AwaitIdle();
  EXPECT_TRUE(backend_.HostOf(kPath).without_ranges);
  fetcher_->Stop();
  fetcher_.reset();  // and now another file
  resource_.reset();
  backend_.CloseGate(kPath);
  Start();
  EXPECT_EQ(fetcher_->without_ranges(), true);
  std::future<Code> front = ReadAtMiB(1);
  std::future<Code> back = ReadAtMiB(6);
  AwaitWaiters(2);
  backend_.AwaitAtGate(kPath, 1);
  backend_.OpenGate(kPath);
  EXPECT_EQ(front.get(), Code::kOk);
  EXPECT_EQ(back.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), SizeIs(2)) << "one a file";
}

TEST_F(StreamFlightTest, ARangeThatComesAfterAllIsKnownToTheFilesThatFollow) {
  backend_.SetRanges(true);
  backend_.HostOf(kPath).without_ranges = true;
  Start();
  EXPECT_EQ(Read({3 * kMiB, 3 * kMiB + 1}), Code::kOk);
  EXPECT_EQ(Read({5 * kMiB, 5 * kMiB + 1}), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(backend_.bytes_sent(), 2 * kFillBlock);
  EXPECT_FALSE(backend_.HostOf(kPath).without_ranges);
  EXPECT_EQ(fetcher_->without_ranges(), false);
}

TEST_F(StreamFlightTest, AMixedFarmReadsRight) {
  Start(4);
  std::vector<std::future<Code>> outcomes;
  for (uint64_t reader = 0; reader < 6; ++reader) {
    std::promise<Code> promise;
    outcomes.push_back(promise.get_future());
    readers_.emplace_back([this, reader, promise = std::move(promise)]() mutable {
      Code code = Code::kOk;
      for (uint64_t i = 0; i < 150 && code == Code::kOk; ++i) {
        const uint64_t at = (reader * 7919 + i * 104'729) % (kLength - 5000);
        if (i % 7 == 0) backend_.SetRanges(i % 2 == 0);
        if (i % 10 == 0) fetcher_->Prefetch({at, at + kMiB}, Priority::kReadahead);
        if (i % 25 == 0) fetcher_->DropPrefetch();
        if (i % 5 == 0) resource_->MarkAbsent({at, at + 3 * kFillBlock});
        code = Read({at, at + 5000});
      }
      promise.set_value(code);
    });
  }
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kOk);
  fetcher_->DropPrefetch();
  AwaitIdle();
  EXPECT_EQ(traffic_.ahead, 0u);
}

TEST_F(StreamFlightTest, AFullDiskIsToldToWhoAskedAndToNobodyElse) {
  Start();
  driver_->BeforeWrite([](const Range& range) {
    return range.end > 4 * kMiB ? Status(Code::kNoSpace, "disk full") : OkStatus();
  });
  EXPECT_EQ(Read({3 * kMiB, 3 * kMiB + 1}), Code::kOk);
  while (backend_.bytes_sent() <= 4 * kMiB) std::this_thread::yield();
  EXPECT_EQ(Read({2 * kMiB, 2 * kMiB + 1}), Code::kOk);
  EXPECT_EQ(stats_.fetch_failures, 0);
  EXPECT_EQ(Read({6 * kMiB, 6 * kMiB + 1}), Code::kNoSpace);
}

}  // namespace
}  // namespace brimfs
