#include "core/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mapped_file.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

constexpr uint64_t kMiB = 1 << 20;
const std::string kPath = "dir/object";

MATCHER_P2(Asks, begin, end, "") { return arg.range == Range{begin, end}; }

class FetcherTest : public ::testing::Test {
 protected:
  FetcherTest() { backend_.Put(kPath, kLength); }

  ~FetcherTest() override {
    for (std::thread& reader : readers_) reader.join();
    if (fetcher_) fetcher_->Stop();
  }

  // Options may be changed before; `connections` as in the scheduler, one of them kept for demand.
  void Start(int connections = 4) {
    const Result<ObjectInfo> info = backend_.Stat(kPath, {});
    options_.path = kPath;
    options_.display_url = backend_.DisplayUrl(kPath);
    options_.version = info->version;
    scheduler_.emplace(backend_, Scheduler::Options{connections, 1}, clock_);
    auto inner = MappedFile::InMemory(windows_);
    auto hooked = std::make_unique<HookedDriver>(std::move(*inner));
    driver_ = hooked.get();
    ASSERT_TRUE(driver_->SetLength(*info->version.length).ok());
    Resource::Options resource_options;
    resource_options.length = info->version.length;
    resource_.emplace(std::move(hooked), resource_options, clock_, timer_);
    fetcher_.emplace(*resource_, *scheduler_, clock_, timer_, stats_, traffic_, options_);
  }

  // The code of one whole read, kIo if the bytes are wrong.
  Code Read(Range range) {
    Result<Lease> lease = resource_->WaitRange(range);
    if (!lease.ok()) return lease.code();
    std::vector<std::byte> bytes(lease->range().size());
    if (!lease->Read(bytes).ok()) return Code::kIo;
    return bytes == OracleBytes(1, lease->range()) ? Code::kOk : Code::kIo;
  }

  std::future<Code> ReadInThread(Range range) {
    std::promise<Code> promise;
    std::future<Code> outcome = promise.get_future();
    readers_.emplace_back(
        [this, range, promise = std::move(promise)]() mutable { promise.set_value(Read(range)); });
    return outcome;
  }

  void AwaitWaiters(size_t count) {
    while (resource_->WaiterCount() < count) std::this_thread::yield();
  }
  // A flight waits for its time to try again, after so many requests in all.
  void AwaitRetry(size_t requests) {
    for (;;) {
      const bool made = backend_.fetches().size() == requests;
      const Scheduler::Load load = scheduler_->load();
      if (made && load.running == 0 && load.queued == 1) return;
      std::this_thread::yield();
    }
  }
  void AwaitIdle() {
    for (;;) {
      const Scheduler::Load load = scheduler_->load();
      if (load.running == 0 && load.queued == 0) return;
      std::this_thread::yield();
    }
  }

  static constexpr uint64_t kLength = 8 * kMiB + 1000;

  FakeClock clock_;
  Timer timer_{clock_};
  FakeBackend backend_;
  Stats stats_;
  SourceTraffic traffic_{clock_, {}};
  WindowCache windows_;
  Fetcher::Options options_;
  std::optional<Scheduler> scheduler_;
  std::optional<Resource> resource_;
  HookedDriver* driver_ = nullptr;
  std::optional<Fetcher> fetcher_;
  std::vector<std::thread> readers_;
};

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

TEST_F(FetcherTest, AFailedFlightFailsAllItsWaitersAndTheNextReadTriesAgain) {
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

TEST_F(FetcherTest, AServerThatFailsOnceIsNotNoticed) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "503"));
  EXPECT_EQ(Read({0, 4096}), Code::kOk);
  EXPECT_EQ(stats_.fetch_retries, 1);
}

TEST_F(FetcherTest, AServerIsLeftAloneForAsLongAsItSays) {
  Start(1);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "503").set_retry_after(seconds(7)));
  std::future<Code> outcome = ReadInThread({0, 4096});
  AwaitRetry(1);
  EXPECT_EQ(Read({kMiB, kMiB + 1}), Code::kOk);  // the connection is free meanwhile
  EXPECT_EQ(backend_.fetches().size(), 2);
  clock_.Advance(seconds(7));
  EXPECT_EQ(outcome.get(), Code::kOk);
}

TEST_F(FetcherTest, ABrokenBodyIsResumedWhereItBroke) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 20'000);
  backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), 30'000);
  EXPECT_EQ(Read({0, kFillBlock}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(0u, kFillBlock), Asks(20'000u, kFillBlock),
                                              Asks(50'000u, kFillBlock)));
  EXPECT_EQ(backend_.bytes_sent(), kFillBlock);
}

TEST_F(FetcherTest, ABodyThatBreaksAllTheTimeStillArrivesAndEarnsItsTries) {
  Start();
  for (int i = 0; i < 100; ++i) {
    backend_.FailNext(kPath, Status(Code::kUnavailable, "reset"), kFillBlock);
  }
  EXPECT_EQ(Read({0, 100 * kFillBlock}), Code::kOk);  // while the clock stands still
  EXPECT_EQ(backend_.bytes_sent(), 100 * kFillBlock);
}

TEST_F(FetcherTest, AnOutageIsNotMultipliedByTheNumberOfItsFlights) {
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

TEST_F(FetcherTest, AHardMountTriesForEver) {
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

TEST_F(FetcherTest, NoAnswerByTheDeadlineIsATimeout) {
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

TEST_F(FetcherTest, TheErrorNamesTheObjectTheRangeAndTheCause) {
  Start();
  backend_.FailNext(kPath, Status(Code::kUntrusted, "bad certificate"));
  const Result<Lease> lease = resource_->WaitRange({0, 10});
  EXPECT_EQ(lease.code(), Code::kUntrusted);
  EXPECT_EQ(lease.status().message(), "fake://dir/object: bytes 0-65536: bad certificate");
}

TEST_F(FetcherTest, AnotherVersionIsStaleAndNoneOfItIsWritten) {
  Start();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
  AwaitIdle();  // the rest of the block
  backend_.Put(kPath, kLength, 2);
  EXPECT_EQ(Read({kMiB, kMiB + 10}), Code::kStale);
  EXPECT_EQ(resource_->state(), Resource::State::kFailed);
  EXPECT_EQ(resource_->FilledBytes(), kFillBlock);
  EXPECT_EQ(Read({0, 10}), Code::kOk);  // what is there stays
}

TEST_F(FetcherTest, AServerThatIgnoresIfMatchIsFoundOutByItsAnswer) {
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

TEST_F(FetcherTest, AnObjectThatVanishesIsStale) {
  Start();
  backend_.Erase(kPath);
  EXPECT_EQ(Read({0, 10}), Code::kStale);
}

TEST_F(FetcherTest, DeniedIsFinalUntilReactivated) {
  Start();
  backend_.FailNext(kPath, Status(Code::kDenied, "403"));
  EXPECT_EQ(Read({0, 10}), Code::kDenied);
  EXPECT_EQ(Read({kMiB, kMiB + 10}), Code::kDenied);
  EXPECT_EQ(backend_.fetches().size(), 1);
  resource_->Reactivate();
  EXPECT_EQ(Read({0, 10}), Code::kOk);
}

TEST_F(FetcherTest, AContradictingAnswerIsTriedThreeTimes) {
  options_.timeout = std::chrono::hours(1000);  // the clock runs away from slow threads below
  Start(1);
  for (int i = 0; i < 3; ++i) backend_.FailNext(kPath, Status(Code::kProtocol, "wrong range"));
  std::future<Code> outcome = ReadInThread({0, 10});
  while (outcome.wait_for(seconds(0)) != std::future_status::ready) {
    clock_.Advance(milliseconds(50));  // the third try waits for a part of the base
    std::this_thread::yield();
  }
  EXPECT_EQ(outcome.get(), Code::kProtocol);
  EXPECT_EQ(backend_.fetches().size(), 3);
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

class HedgeTest : public FetcherTest {
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
