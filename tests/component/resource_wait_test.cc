// Every outcome of a wait and their order (core/resource.h), over every driver, with a thread and
// with a callback.
#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "tests/component/resource_fixture.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 8 * kBlock + 100;

class ResourceWaitTest : public ResourceFixture,
                         public testing::WithParamInterface<std::tuple<DriverCase, WaitKind>> {
 protected:
  void SetUp() override { MakeWith(kLength); }
  void MakeWith(std::optional<uint64_t> length) { Make(std::get<0>(GetParam()), length); }

  std::future<Result<Lease>> Sleep(const Range& range, TimePoint deadline = kNever,
                                   std::stop_token stop = {}) {
    return ResourceFixture::Sleep(kind_, range, deadline, std::move(stop));
  }
  Result<Lease> Ask(const Range& range, std::stop_token stop = {}) {
    return ResourceFixture::Ask(kind_, range, std::move(stop));
  }
  Code AskCode(const Range& range, std::stop_token stop = {}) {
    return Ask(range, std::move(stop)).code();
  }

  static std::stop_token Stopped() {
    std::stop_source source;
    source.request_stop();
    return source.get_token();
  }

  static bool Sleeps(std::future<Result<Lease>>& wait) {
    return wait.wait_for(seconds(0)) == std::future_status::timeout;
  }

  const WaitKind kind_ = std::get<1>(GetParam());
};

// --- The order of decision -----------------------------------------------------------------------

TEST_P(ResourceWaitTest, ABackwardRangeIsInvalidEvenPastTheEnd) {
  EXPECT_EQ(AskCode({2, 1}), Code::kInvalidArgument);
  EXPECT_EQ(AskCode({kLength + 2, kLength + 1}), Code::kInvalidArgument);
}

TEST_P(ResourceWaitTest, AnEndThatIsNoOffsetIsInvalidEvenIfTheRestIsCovered) {
  ASSERT_TRUE(Put({0, kLength}).ok());
  EXPECT_EQ(AskCode({0, kMaxOffset + 1}), Code::kInvalidArgument);
  EXPECT_EQ(AskCode({kMaxOffset - 1, ~uint64_t{0}}), Code::kInvalidArgument);
}

TEST_P(ResourceWaitTest, AStartAtTheEndIsEofWhateverElseIsWrong) {
  resource_->Fail(Status(Code::kStale));
  EXPECT_EQ(AskCode({kLength, kLength + 1}, Stopped()), Code::kEof);
  EXPECT_EQ(AskCode({kLength, kLength}), Code::kEof);
  resource_->Cancel();
  EXPECT_EQ(AskCode({kMaxOffset - 1, kMaxOffset}), Code::kEof);
}

TEST_P(ResourceWaitTest, AnEmptyRangeIsReadyWhateverElseIsWrong) {
  resource_->Cancel();
  EXPECT_TRUE(Ask({5, 5}, Stopped()).ok());
}

TEST_P(ResourceWaitTest, CoveredBytesAreReadyWhateverElseIsWrong) {
  ASSERT_TRUE(Put({10, 20}).ok());
  ASSERT_TRUE(Put({2 * kBlock, 4 * kBlock}).ok());
  resource_->FailFlight({0, kLength}, Status(Code::kUnavailable));
  resource_->Fail(Status(Code::kStale));
  resource_->Cancel();
  for (const Range range : {Range{10, 20}, Range{2 * kBlock, 4 * kBlock}, Range{11, 12}}) {
    Result<Lease> lease = Ask(range, Stopped());
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(lease->range(), range);
    ExpectRight(*lease);
  }
}

TEST_P(ResourceWaitTest, TheEndIsCutAtTheLength) {
  ASSERT_TRUE(Put({8 * kBlock, kLength}).ok());
  Result<Lease> lease = Ask({8 * kBlock + 50, 9 * kBlock});
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->range(), (Range{8 * kBlock + 50, kLength}));
  ExpectRight(*lease);
}

TEST_P(ResourceWaitTest, TheWaitersOwnStopComesBeforeTheMountsEnd) {
  resource_->Fail(Status(Code::kStale));
  resource_->Cancel();
  EXPECT_EQ(AskCode({0, 1}, Stopped()), Code::kInterrupted);
}

TEST_P(ResourceWaitTest, TheMountsEndComesBeforeTheFailure) {
  resource_->Fail(Status(Code::kStale));
  resource_->Cancel();
  EXPECT_EQ(AskCode({0, 1}), Code::kShutdown);
}

TEST_P(ResourceWaitTest, TheTerminalFailureComesBeforeTheRememberedOne) {
  resource_->FailFlight({0, kBlock}, Status(Code::kUnavailable));
  resource_->Fail(Status(Code::kStale, "changed"));
  const Result<Lease> result = Ask({0, 1});
  EXPECT_EQ(result.code(), Code::kStale);
  EXPECT_EQ(result.status().message(), "changed");
}

TEST_P(ResourceWaitTest, NobodyIsAskedToFetchForAWaitThatEndsAtOnce) {
  resource_->FailFlight({0, kBlock}, Status(Code::kUnavailable));
  EXPECT_EQ(AskCode({0, 1}), Code::kUnavailable);
  EXPECT_EQ(AskCode({kBlock, kBlock + 1}, Stopped()), Code::kInterrupted);
  EXPECT_TRUE(control_.noted().empty());
  EXPECT_EQ(resource_->Claim({0, kLength}), (std::vector<Range>{{0, kLength}}));
}

// --- Sleeping ------------------------------------------------------------------------------------

TEST_P(ResourceWaitTest, WakesOnlyWhenAllItsBytesAreThere) {
  auto wait = Sleep({kBlock - 10, 2 * kBlock + 10});
  ASSERT_TRUE(Put({2 * kBlock, 3 * kBlock}).ok());
  ASSERT_TRUE(Put({0, kBlock}).ok());
  ASSERT_TRUE(Put({kBlock, 2 * kBlock - 1}).ok());
  EXPECT_TRUE(Sleeps(wait));
  ASSERT_TRUE(Put({2 * kBlock - 1, 2 * kBlock}).ok());
  Result<Lease> lease = wait.get();
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->range(), (Range{kBlock - 10, 2 * kBlock + 10}));
  ExpectRight(*lease);
  EXPECT_EQ(resource_->WaiterCount(), 0u);
}

TEST_P(ResourceWaitTest, WakesBeforeTheRestOfTheFlightHasCome) {
  auto wait = Sleep({0, 100});
  ASSERT_TRUE(Put({0, 100}).ok());
  EXPECT_TRUE(wait.get().ok());
  EXPECT_TRUE(resource_->Claim({0, kBlock}).empty());
}

TEST_P(ResourceWaitTest, OneWriteWakesAllWhoWaitForIt) {
  std::vector<std::future<Result<Lease>>> waits;
  for (uint64_t i = 0; i < 20; ++i) waits.push_back(Sleep({i * 10, i * 10 + 500}));
  auto other = Sleep({3 * kBlock, 3 * kBlock + 1});
  ASSERT_TRUE(Put({0, kBlock}).ok());
  for (auto& wait : waits) EXPECT_TRUE(wait.get().ok());
  EXPECT_TRUE(Sleeps(other));
  resource_->Cancel();
  EXPECT_EQ(other.get().code(), Code::kShutdown);
}

TEST_P(ResourceWaitTest, TheGapsAreClaimedOnceAndInWholeBlocks) {
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  auto first = Sleep({10, 3 * kBlock - 10});
  auto second = Sleep({2 * kBlock + 5, 3 * kBlock + 5});
  const auto noted = control_.noted();
  EXPECT_EQ(noted[0].wanted, (Range{10, 3 * kBlock - 10}));
  EXPECT_EQ(noted[0].claimed, (std::vector<Range>{{0, kBlock}, {2 * kBlock, 3 * kBlock}}));
  EXPECT_EQ(noted[1].claimed, (std::vector<Range>{{3 * kBlock, 4 * kBlock}}));
  resource_->Cancel();
  EXPECT_EQ(first.get().code(), Code::kShutdown);
  EXPECT_EQ(second.get().code(), Code::kShutdown);
}

TEST_P(ResourceWaitTest, WhatIsInFlightIsDemandedThoughNothingIsLeftToClaim) {
  ASSERT_EQ(resource_->Claim({0, kBlock}).size(), 1u);
  auto wait = Sleep({0, 10});
  EXPECT_EQ(control_.noted()[0].wanted, (Range{0, 10}));
  EXPECT_TRUE(control_.noted()[0].claimed.empty());
  ASSERT_TRUE(Put({0, 10}).ok());
  EXPECT_TRUE(wait.get().ok());
}

TEST_P(ResourceWaitTest, TheLastBlockIsClaimedUpToTheLength) {
  auto wait = Sleep({8 * kBlock + 10, 9 * kBlock});
  EXPECT_EQ(control_.noted()[0].wanted, (Range{8 * kBlock + 10, kLength}));
  EXPECT_EQ(control_.noted()[0].claimed, (std::vector<Range>{{8 * kBlock, kLength}}));
  ASSERT_TRUE(Put({8 * kBlock, kLength}).ok());
  EXPECT_TRUE(wait.get().ok());
}

TEST_P(ResourceWaitTest, ClaimsThatAreGivenBackAreClaimedAnewByWhoStillWaits) {
  auto wait = Sleep({0, 2 * kBlock});
  ASSERT_TRUE(Put({0, kBlock}).ok());
  resource_->Release({0, 2 * kBlock});
  const auto noted = control_.Await(2);
  EXPECT_EQ(noted[1].wanted, (Range{0, 2 * kBlock}));
  EXPECT_EQ(noted[1].claimed, (std::vector<Range>{{kBlock, 2 * kBlock}}));
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  EXPECT_TRUE(wait.get().ok());
}

// --- Deadline, interrupt, cancel -----------------------------------------------------------------

TEST_P(ResourceWaitTest, TheDeadlineEndsTheWaitAndNotSooner) {
  auto wait = Sleep({0, 1}, clock_.Now() + seconds(10));
  clock_.AwaitSleepers(1);
  clock_.Advance(seconds(9));
  EXPECT_TRUE(Sleeps(wait));
  EXPECT_EQ(resource_->WaiterCount(), 1u);
  clock_.Advance(seconds(1));
  EXPECT_EQ(wait.get().code(), Code::kTimedOut);
  EXPECT_EQ(resource_->WaiterCount(), 0u);
}

TEST_P(ResourceWaitTest, ADeadlineInThePastStillDemandsTheBytes) {
  auto wait = Sleep({0, 1}, clock_.Now());
  EXPECT_EQ(wait.get().code(), Code::kTimedOut);
  EXPECT_EQ(control_.noted()[0].claimed, (std::vector<Range>{{0, kBlock}}));
}

TEST_P(ResourceWaitTest, StopEndsOneWaitAndLeavesTheOthers) {
  std::stop_source stop;
  auto stopped = Sleep({0, 10}, kNever, stop.get_token());
  auto other = Sleep({0, 10});
  stop.request_stop();
  EXPECT_EQ(stopped.get().code(), Code::kInterrupted);
  EXPECT_TRUE(Sleeps(other));
  ASSERT_TRUE(Put({0, 10}).ok());
  EXPECT_TRUE(other.get().ok());
}

TEST_P(ResourceWaitTest, StoppingAfterTheEndIsHarmless) {
  std::stop_source stop;
  auto wait = Sleep({0, 10}, clock_.Now() + seconds(1), stop.get_token());
  ASSERT_TRUE(Put({0, 10}).ok());
  EXPECT_TRUE(wait.get().ok());
  stop.request_stop();
  clock_.Advance(seconds(1));
}

TEST_P(ResourceWaitTest, CancelEndsEveryWaitNowAndFromNowOn) {
  auto first = Sleep({0, 1});
  auto second = Sleep({kBlock, kBlock + 1});
  resource_->Cancel();
  EXPECT_EQ(first.get().code(), Code::kShutdown);
  EXPECT_EQ(second.get().code(), Code::kShutdown);
  EXPECT_EQ(AskCode({0, 1}), Code::kShutdown);
  resource_->Reactivate();
  EXPECT_EQ(AskCode({0, 1}), Code::kShutdown);
  EXPECT_TRUE(resource_->Claim({0, kLength}).empty());
  EXPECT_EQ(Put({0, 1}).code(), Code::kShutdown);
}

// --- Failure -------------------------------------------------------------------------------------

TEST_P(ResourceWaitTest, AFailedFlightFailsThoseWhoMissItsBytesAndNobodyElse) {
  ASSERT_TRUE(Put({0, 100}).ok());
  auto misses = Sleep({50, 150});
  auto misses_at_the_end = Sleep({kBlock - 10, 2 * kBlock});
  auto elsewhere = Sleep({4 * kBlock, 4 * kBlock + 1});
  resource_->FailFlight({0, kBlock}, Status(Code::kUnavailable, "reset"));
  EXPECT_EQ(misses.get().status().message(), "reset");
  EXPECT_EQ(misses_at_the_end.get().code(), Code::kUnavailable);
  EXPECT_TRUE(Sleeps(elsewhere));
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  EXPECT_TRUE(Ask({0, 100}).ok());
  resource_->Cancel();
  EXPECT_EQ(elsewhere.get().code(), Code::kShutdown);
}

TEST_P(ResourceWaitTest, AFailureIsRememberedForASecondSoThatOneDeadlineIsNotPaidTwice) {
  resource_->FailFlight({0, kBlock}, Status(Code::kTimedOut));
  EXPECT_EQ(AskCode({10, 20}), Code::kTimedOut);
  EXPECT_EQ(AskCode({kBlock - 1, kBlock + 1}), Code::kTimedOut);
  clock_.Advance(seconds(1));
  auto retried = Sleep({10, 20});
  EXPECT_EQ(control_.noted()[0].claimed, (std::vector<Range>{{0, kBlock}}));
  ASSERT_TRUE(Put({10, 20}).ok());
  EXPECT_TRUE(retried.get().ok());
}

TEST_P(ResourceWaitTest, AFailureIsForgottenWhenItsBytesComeOrItIsCleared) {
  resource_->FailFlight({0, kBlock}, Status(Code::kTimedOut));
  ASSERT_TRUE(Put({0, 10}).ok());
  auto after_write = Sleep({20, 30});
  resource_->FailFlight({kBlock, 2 * kBlock}, Status(Code::kTimedOut));
  resource_->Reactivate();
  auto after_reactivate = Sleep({kBlock, kBlock + 1});
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  EXPECT_TRUE(after_write.get().ok());
  EXPECT_TRUE(after_reactivate.get().ok());
}

TEST_P(ResourceWaitTest, OnlySoManyFailuresAreRemembered) {
  for (uint64_t i = 0; i < 1000; ++i) {
    resource_->FailFlight({i, i + 1}, Status(Code::kTimedOut));
  }
  EXPECT_EQ(AskCode({999, 1000}), Code::kTimedOut);
  auto oldest = Sleep({0, 1});
  ASSERT_TRUE(Put({0, 1}).ok());
  EXPECT_TRUE(oldest.get().ok());
}

TEST_P(ResourceWaitTest, ATerminalFailureEndsWaitsAndKeepsCoveredBytesReadable) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  auto wait = Sleep({0, 2 * kBlock});
  resource_->Fail(Status(Code::kStale, "changed"));
  resource_->Fail(Status(Code::kDenied, "later"));
  EXPECT_EQ(wait.get().status().message(), "changed");
  EXPECT_EQ(AskCode({kBlock, kBlock + 1}), Code::kStale);
  Result<Lease> covered = Ask({0, kBlock});
  ASSERT_TRUE(covered.ok());
  ExpectRight(*covered);
}

TEST_P(ResourceWaitTest, ReactivateKeepsTheCoverageAndWaitsAgain) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  resource_->Fail(Status(Code::kDenied));
  resource_->Reactivate();
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  EXPECT_TRUE(Ask({0, kBlock}).ok());
  auto wait = Sleep({0, 2 * kBlock});
  EXPECT_EQ(control_.noted()[0].claimed, (std::vector<Range>{{kBlock, 2 * kBlock}}));
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  EXPECT_TRUE(wait.get().ok());
}

// --- Without a length ----------------------------------------------------------------------------

TEST_P(ResourceWaitTest, TheLengthCutsAndEndsWaitsWhenItBecomesKnown) {
  MakeWith(std::nullopt);
  slept_ = control_.noted().size();
  ASSERT_TRUE(Put({0, 100}).ok());
  auto cut_to_covered = Sleep({50, 200});
  auto cut = Sleep({90, 5000});
  auto past = Sleep({1000, 1001});
  ASSERT_TRUE(resource_->SetLength(100).ok());
  Result<Lease> lease = cut_to_covered.get();
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->range(), (Range{50, 100}));
  ExpectRight(*lease);
  EXPECT_TRUE(cut.get().ok());
  EXPECT_EQ(past.get().code(), Code::kEof);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
}

TEST_P(ResourceWaitTest, CoveredBytesOfAnUnknownLengthAreReady) {
  MakeWith(std::nullopt);
  ASSERT_TRUE(Put({kBlock, 3 * kBlock}).ok());
  Result<Lease> lease = Ask({kBlock, 3 * kBlock});
  ASSERT_TRUE(lease.ok());
  ExpectRight(*lease);
}

// --- Eviction ------------------------------------------------------------------------------------

TEST_P(ResourceWaitTest, BytesThatTurnOutToBeUnreadableAreClaimedAnewForWhoWaitsForThem) {
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  auto wait = Sleep({kBlock, 3 * kBlock});
  ASSERT_TRUE(resource_->MarkAbsent({kBlock + 5, kBlock + 6}));
  const auto noted = control_.Await(2);
  EXPECT_EQ(noted[1].claimed, (std::vector<Range>{{kBlock, 2 * kBlock}}));
  ASSERT_TRUE(Put({2 * kBlock, 3 * kBlock}).ok());
  EXPECT_TRUE(Sleeps(wait));
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  Result<Lease> lease = wait.get();
  ASSERT_TRUE(lease.ok());
  ExpectRight(*lease);
}

TEST_P(ResourceWaitTest, WhatAWaiterStillNeedsIsNotEvicted) {
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  auto wait = Sleep({kBlock, 3 * kBlock});
  EXPECT_TRUE(resource_->Evict({0, 3 * kBlock}));
  EXPECT_EQ(resource_->Coverage(), (std::vector<Range>{{kBlock, 2 * kBlock}}));
  ASSERT_TRUE(Put({2 * kBlock, 3 * kBlock}).ok());
  EXPECT_TRUE(wait.get().ok());
}

TEST_P(ResourceWaitTest, AWaitForBytesThatAreBeingEvictedClaimsThemWhenTheyHaveGone) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  std::promise<void> punching, go_on;
  driver_->BeforePunch([&](const Range&) {
    punching.set_value();
    go_on.get_future().wait();
    return OkStatus();
  });
  std::thread evictor([&] { EXPECT_TRUE(resource_->Evict({0, kBlock})); });
  punching.get_future().wait();
  auto wait = Sleep({0, 10});
  EXPECT_TRUE(control_.noted()[0].claimed.empty());
  EXPECT_TRUE(resource_->Claim({0, kBlock}).empty());
  go_on.set_value();
  evictor.join();
  EXPECT_EQ(control_.Await(2)[1].claimed, (std::vector<Range>{{0, kBlock}}));
  ASSERT_TRUE(Put({0, kBlock}).ok());
  EXPECT_TRUE(wait.get().ok());
}

std::string CaseName(const testing::TestParamInfo<std::tuple<DriverCase, WaitKind>>& info) {
  return std::get<0>(info.param).name +
         (std::get<1>(info.param) == WaitKind::kBlocking ? "Blocking" : "Parked");
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResourceWaitTest,
                         testing::Combine(testing::ValuesIn(AllDrivers()),
                                          testing::Values(WaitKind::kBlocking, WaitKind::kParked)),
                         CaseName);

}  // namespace
}  // namespace brimfs
