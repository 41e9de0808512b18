// What a fetcher asks for, in what order, and how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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

class FetcherTest : public FetcherFixture {};

TEST_F(FetcherTest, AReadFetchesTheFillBlocksThatItTouches) {
  Start();
  EXPECT_EQ(Read({100'000, 140'000}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(65'536u, 196'608u)));
  EXPECT_EQ(Read({70'000, 190'000}), Code::kOk);
  EXPECT_EQ(backend_.fetches().size(), 1);
  AwaitIdle();
  EXPECT_EQ(stats_.fetches, 1);
  EXPECT_EQ(stats_.bytes_fetched, 131'072);
}

TEST_F(FetcherTest, TheLastBlockIsCutAtTheLength) {
  Start();
  EXPECT_EQ(Read({kLength - 10, kLength + 4096}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(8 * kMiB, kLength)));
}

TEST_F(FetcherTest, ALongReadIsCutIntoPartsAtTheirMultiples) {
  options_.part_bytes = kMiB;
  Start(1);
  EXPECT_EQ(Read({kMiB / 2, 3 * kMiB}), Code::kOk);
  EXPECT_THAT(backend_.fetches(),
              ElementsAre(Asks(kMiB / 2, kMiB), Asks(kMiB, 2 * kMiB), Asks(2 * kMiB, 3 * kMiB)));
}

TEST_F(FetcherTest, ASlowLinkGetsShorterParts) {
  traffic_.link.OnFlight(milliseconds(20), kMiB, seconds(1), clock_.Now());
  Start(1);
  EXPECT_EQ(Read({0, kMiB / 2}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kMiB / 4), Asks(kMiB / 4, kMiB / 2)));
}

class ManyReadersTest : public FetcherTest, public ::testing::WithParamInterface<int> {};

TEST_P(ManyReadersTest, OfOneBlockMakeOneRequest) {
  Start();
  backend_.CloseGate(kPath);
  std::vector<std::future<Code>> outcomes;
  for (int i = 0; i < GetParam(); ++i) {
    const auto at = static_cast<uint64_t>(i);
    outcomes.push_back(ReadInThread({at, at + 4096}));
  }
  AwaitWaiters(static_cast<size_t>(GetParam()));
  backend_.OpenGate(kPath);
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kFillBlock)));
}

INSTANTIATE_TEST_SUITE_P(Readers, ManyReadersTest, ::testing::Values(12, 1000));

TEST_F(FetcherTest, AReaderWakesWhenItsBytesAreThereAndNotWhenThePartIs) {
  Start();
  backend_.CloseGate(kPath, 40'000);
  std::future<Code> early = ReadInThread({10'000, 30'000});
  EXPECT_EQ(early.get(), Code::kOk);
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_GE(resource_->FilledBytes(), 30'000);
  EXPECT_LE(resource_->FilledBytes(), 40'000);
  backend_.OpenGate(kPath);
}

TEST_F(FetcherTest, SmallPiecesAreGatheredIntoLargeWrites) {
  Start();
  fetcher_->Prefetch({0, kMiB}, Priority::kFill);
  AwaitIdle();
  EXPECT_THAT(driver_->writes(),
              ::testing::UnorderedElementsAre(Range{0, 262'144}, Range{262'144, 524'288},
                                              Range{524'288, 786'432}, Range{786'432, kMiB}));
}

TEST_F(FetcherTest, LargePiecesAreWrittenAsTheyCome) {
  backend_.SetPiece(kMiB);
  Start();
  EXPECT_EQ(Read({0, 2 * kMiB}), Code::kOk);
  EXPECT_THAT(driver_->writes(), ElementsAre(Range{0, kMiB}, Range{kMiB, 2 * kMiB}));
}

TEST_F(FetcherTest, TheTimeInTheQueueCountsForADemandedFlight) {
  Start(1);
  backend_.CloseGate(kPath);
  std::future<Code> first = ReadInThread({0, 4096});
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> second = ReadInThread({kMiB, kMiB + 4096});
  while (scheduler_->load().queued < 1) std::this_thread::yield();
  clock_.Advance(options_.timeout);
  backend_.OpenGate(kPath);
  EXPECT_EQ(first.get(), Code::kOk);
  EXPECT_EQ(second.get(), Code::kTimedOut);
  EXPECT_EQ(backend_.fetches().size(), 1);
}

TEST_F(FetcherTest, ReadaheadMayQueueForAsLongAsItTakes) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 4 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  clock_.Advance(10 * options_.timeout);
  backend_.OpenGate(kPath);
  AwaitIdle();
  EXPECT_EQ(resource_->FilledBytes(), 4 * kMiB);
  EXPECT_EQ(stats_.fetch_failures, 0);
}

TEST_F(FetcherTest, ADemandedWriteDoesNotQueueBehindThoseThatRunAhead) {
  options_.part_bytes = kMiB;
  Start(4);
  std::atomic<int> ahead_inside = 0;
  std::atomic<int> most_ahead_inside = 0;
  std::promise<void> first;
  std::promise<void> disk;
  std::shared_future<void> disk_answers(disk.get_future());
  driver_->BeforeWrite([&](const Range& range) {
    if (range.begin >= 3 * kMiB) return OkStatus();
    const int inside = ++ahead_inside;
    most_ahead_inside = std::max(most_ahead_inside.load(), inside);
    if (disk_answers.wait_for(seconds(0)) != std::future_status::ready && inside == 1) {
      first.set_value();
    }
    disk_answers.wait();
    --ahead_inside;
    return OkStatus();
  });
  fetcher_->Prefetch({0, 3 * kMiB}, Priority::kReadahead);
  first.get_future().wait();
  while (backend_.fetches().size() < 3) std::this_thread::yield();
  EXPECT_EQ(Read({kLength - 10, kLength}), Code::kOk);  // while a write ahead hangs in the disk
  EXPECT_EQ(ahead_inside, 1);
  disk.set_value();
  AwaitIdle();
  EXPECT_EQ(most_ahead_inside, 1);
  EXPECT_EQ(resource_->NextGap(0, 3 * kMiB), std::nullopt);
}

TEST_F(FetcherTest, DemandOvertakesReadaheadThatIsQueued) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 6 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> tail = ReadInThread({kLength - 10, kLength});
  backend_.AwaitAtGate(kPath, 2);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kMiB), Asks(8 * kMiB, kLength)));
  backend_.OpenGate(kPath);
  EXPECT_EQ(tail.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(resource_->NextGap(0, 6 * kMiB), std::nullopt);
}

TEST_F(FetcherTest, ADemandedBlockDoesNotWaitForTheRestOfItsQueuedPart) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 4 * kMiB}, Priority::kFill);
  backend_.AwaitAtGate(kPath, 1);
  const uint64_t middle = 3 * kMiB + kMiB / 2;
  std::future<Code> outcome = ReadInThread({middle, middle + 10});
  backend_.AwaitAtGate(kPath, 2);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kMiB), Asks(middle, middle + kFillBlock)));
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(resource_->NextGap(0, 4 * kMiB), std::nullopt);
  EXPECT_EQ(backend_.bytes_sent(), 4 * kMiB);
}

TEST_F(FetcherTest, PrefetchAsksForNothingTwice) {
  Start();
  fetcher_->Prefetch({0, 2 * kMiB}, Priority::kReadahead);
  fetcher_->Prefetch({kMiB, 3 * kMiB}, Priority::kReadahead);
  AwaitIdle();
  EXPECT_EQ(backend_.bytes_sent(), 3 * kMiB);
  EXPECT_EQ(resource_->NextGap(0, 3 * kMiB), std::nullopt);
}

TEST_F(FetcherTest, WhatIsInFlightAheadOfReadersTakesRoomUntilItIsThere) {
  options_.prefetch_limit = 3 * kMiB;
  Start(2);
  const uint64_t all = fetcher_->PrefetchLimits(kLength).room;
  EXPECT_EQ(fetcher_->PrefetchLimits(kLength).window, 3 * kMiB);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 2 * kMiB}, Priority::kReadahead);
  std::future<Code> outcome = ReadInThread({kMiB, kMiB + 1});  // splits a part; takes none itself
  backend_.AwaitAtGate(kPath, 2);
  while (fetcher_->PrefetchLimits(kLength).room != all - (2 * kMiB - kFillBlock)) {
    std::this_thread::yield();
  }
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(fetcher_->PrefetchLimits(kLength).room, all);
}

TEST_F(FetcherTest, PartsAheadAreShortEnoughForManyConnections) {
  traffic_.link.OnFlight(milliseconds(1), 4 * kMiB, milliseconds(80), clock_.Now());
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 4 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_EQ(scheduler_->load().queued, 7);  // ten milliseconds at 50 MiB/s each
  backend_.OpenGate(kPath);
  AwaitIdle();
}

TEST_F(FetcherTest, DroppedReadaheadIsFetchedWhenItIsReadAfterAll) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, 4 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  EXPECT_EQ(scheduler_->load().queued, 0);
  AwaitIdle();  // its gate is closed: what ran was stopped
  backend_.OpenGate(kPath);
  EXPECT_EQ(resource_->FilledBytes(), 0);
  EXPECT_EQ(Read({3 * kMiB, 3 * kMiB + 10}), Code::kOk);
}

TEST_F(FetcherTest, ClosingTheFileLeavesAFillAlone) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->BeginFill();
  fetcher_->Prefetch({0, 4 * kMiB}, Priority::kFill);
  fetcher_->Prefetch({4 * kMiB, 6 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  backend_.OpenGate(kPath);
  AwaitIdle();
  EXPECT_EQ(resource_->NextGap(0, 4 * kMiB), std::nullopt);
  EXPECT_EQ(backend_.bytes_sent(), 4 * kMiB);
  fetcher_->EndFill();
}

TEST_F(FetcherTest, ASmallRestIsFetchedThoughNobodyWantsIt) {
  options_.part_bytes = kMiB;
  Start(2);
  backend_.CloseGate(kPath, kMiB - 1000);
  fetcher_->Prefetch({0, kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  fetcher_->DropPrefetch();
  backend_.OpenGate(kPath);
  AwaitIdle();
  EXPECT_EQ(resource_->FilledBytes(), kMiB);
}

TEST_F(FetcherTest, AReaderOfWhatWasDroppedGetsItAllTheSame) {
  Start(2);
  backend_.CloseGate(kPath);
  fetcher_->Prefetch({0, kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 1);
  std::future<Code> outcome = ReadInThread({0, 4096});  // raises it
  AwaitWaiters(1);
  fetcher_->DropPrefetch();
  backend_.OpenGate(kPath);
  EXPECT_EQ(outcome.get(), Code::kOk);
}

TEST_F(FetcherTest, StopFreesTheConnectionsAndEndsTheWaits) {
  options_.part_bytes = kMiB;
  Start();
  backend_.CloseGate(kPath);
  std::future<Code> reader = ReadInThread({0, 4096});
  fetcher_->Prefetch({0, 8 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate(kPath, 3);
  fetcher_->Stop();
  EXPECT_EQ(reader.get(), Code::kShutdown);
  EXPECT_EQ(scheduler_->load().queued, 0);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Read({0, 4096}), Code::kShutdown);
}

TEST_F(FetcherTest, ShutdownOfTheSchedulerEndsEveryWait) {
  options_.part_bytes = kMiB;
  Start();
  backend_.CloseGate(kPath);
  std::vector<std::future<Code>> outcomes;
  for (uint64_t i = 0; i < 8; ++i) outcomes.push_back(ReadInThread({i * kMiB, i * kMiB + 10}));
  AwaitWaiters(8);
  scheduler_->Shutdown();
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kShutdown);
}

TEST_F(FetcherTest, TheLinkIsMeasured) {
  Start();
  EXPECT_EQ(Read({0, kMiB}), Code::kOk);
  AwaitIdle();
  // The clock stands still, so only that there was a measurement can be seen.
  traffic_.link.OnFlight(seconds(1), 0, seconds(0), clock_.Now());
  EXPECT_EQ(traffic_.link.snapshot().round_trip, Duration(0));
}

TEST_F(FetcherTest, ManyReadersEverywhereReadRightAndNothingTwice) {
  options_.part_bytes = 256 << 10;
  Start(4);
  std::vector<std::future<Code>> outcomes;
  for (uint64_t reader = 0; reader < 8; ++reader) {
    std::promise<Code> promise;
    outcomes.push_back(promise.get_future());
    readers_.emplace_back([this, reader, promise = std::move(promise)]() mutable {
      Code code = Code::kOk;
      for (uint64_t i = 0; i < 200 && code == Code::kOk; ++i) {
        const uint64_t at = (reader * 7919 + i * 104'729) % (kLength - 5000);
        if (i % 10 == 0) fetcher_->Prefetch({at, at + kMiB}, Priority::kReadahead);
        if (i % 25 == 0) fetcher_->DropPrefetch();
        code = Read({at, at + 5000});
      }
      promise.set_value(code);
    });
  }
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(backend_.bytes_sent(), resource_->FilledBytes());
}

}  // namespace
}  // namespace brimfs
