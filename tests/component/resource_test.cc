// What a resource does beside waiting: writing, committing, evicting, telling its observers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <future>
#include <thread>

#include "tests/component/resource_fixture.h"
#include "tests/support/oracle.h"
#include "tests/support/sanitized.h"

namespace brimfs {
namespace {

using testing::ElementsAre;

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 8 * kBlock + 100;

class ResourceTest : public ResourceFixture, public testing::WithParamInterface<DriverCase> {
 protected:
  void SetUp() override { Make(GetParam(), kLength); }
  void MakeWith(std::optional<uint64_t> length) { Make(GetParam(), length); }

  bool Covered(const Range& range) const {
    return !resource_->NextGap(range.begin, range.end).has_value();
  }
};

// --- Writing -------------------------------------------------------------------------------------

TEST_P(ResourceTest, WhatIsWrittenIsCoveredAndFoundWithoutALock) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  EXPECT_EQ(resource_->FilledBytes(), kBlock);
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{0, kBlock}));
  std::optional<Lease> lease = resource_->TryLease({10, kBlock});
  ASSERT_TRUE(lease);
  ExpectRight(*lease);
  EXPECT_FALSE(resource_->TryLease({10, kBlock + 1}));
}

TEST_P(ResourceTest, TheLockFreeCheckCutsAtTheLengthAndLeavesTheRestToTheWait) {
  ASSERT_TRUE(Put({8 * kBlock, kLength}).ok());
  std::optional<Lease> lease = resource_->TryLease({8 * kBlock, 9 * kBlock});
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->range(), (Range{8 * kBlock, kLength}));
  EXPECT_FALSE(resource_->TryLease({kLength, kLength + 1}));
  EXPECT_FALSE(resource_->TryLease({5, 5}));
  EXPECT_FALSE(resource_->TryLease({0, 1}));
}

TEST_P(ResourceTest, PiecesThatCloseABlockAreFoundWithoutALock) {
  ASSERT_TRUE(Put({kBlock / 2, kBlock}).ok());
  EXPECT_FALSE(resource_->TryLease({kBlock / 2, kBlock}));
  ASSERT_TRUE(Put({0, kBlock / 2}).ok());
  EXPECT_TRUE(resource_->TryLease({0, kBlock}));
}

TEST_P(ResourceTest, AnEmptyWriteIsOk) { EXPECT_TRUE(resource_->Write(5, {}).ok()); }

TEST_P(ResourceTest, WritesThatOverflowOrPassTheEndAreRefused) {
  const std::vector<std::byte> two(2);
  EXPECT_EQ(resource_->Write(kMaxOffset - 1, two).code(), Code::kInvalidArgument);
  EXPECT_EQ(resource_->Write(~uint64_t{0}, two).code(), Code::kInvalidArgument);
  EXPECT_EQ(resource_->Write(kLength - 1, two).code(), Code::kInvalidArgument);
  EXPECT_TRUE(resource_->Coverage().empty());
}

TEST_P(ResourceTest, CoveredBytesAreSkippedNotWrittenAgain) {
  ASSERT_TRUE(Put({100, 200}).ok());
  ASSERT_TRUE(Put({50, 300}).ok());
  ASSERT_TRUE(Put({60, 290}).ok());
  EXPECT_THAT(driver_->writes(), ElementsAre(Range{100, 200}, Range{50, 100}, Range{200, 300}));
  ExpectRight(*resource_->WaitRange({50, 300}));
}

TEST_P(ResourceTest, AWriteThatMeetsAnotherOfTheSameBytesWaitsAndSkips) {
  std::promise<void> writing, go_on;
  driver_->BeforeWrite([&](const Range& range) {
    if (range.begin == 0) {
      writing.set_value();
      go_on.get_future().wait();
    }
    return OkStatus();
  });
  std::thread first([&] { EXPECT_TRUE(Put({0, kBlock}).ok()); });
  writing.get_future().wait();
  std::thread hedge([&] { EXPECT_TRUE(Put({10, 2 * kBlock}).ok()); });
  go_on.set_value();
  first.join();
  hedge.join();
  EXPECT_THAT(driver_->writes(), ElementsAre(Range{0, kBlock}, Range{kBlock, 2 * kBlock}));
}

TEST_P(ResourceTest, AFailedWriteCoversNothingAndTheNextOneMaySucceed) {
  driver_->BeforeWrite([](const Range&) { return Status(Code::kNoSpace, "full"); });
  const Status status = Put({0, kBlock});
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.message(), "full");
  EXPECT_TRUE(resource_->Coverage().empty());
  driver_->BeforeWrite(nullptr);
  EXPECT_TRUE(Put({0, kBlock}).ok());
  ExpectRight(*resource_->WaitRange({0, kBlock}));
}

TEST_P(ResourceTest, WouldWakeTellsWhetherBufferedBytesAreSomebodysLast) {
  ASSERT_TRUE(Put({200, 300}).ok());
  auto wait = Sleep(WaitKind::kParked, {100, 400});
  EXPECT_FALSE(resource_->WouldWake({0, 100}));
  EXPECT_FALSE(resource_->WouldWake({0, 200}));    // 300 to 400 is missing still
  EXPECT_FALSE(resource_->WouldWake({150, 500}));  // 100 to 150 is
  EXPECT_TRUE(resource_->WouldWake({100, 400}));
  EXPECT_TRUE(resource_->WouldWake({0, kBlock}));
  ASSERT_TRUE(Put({100, 200}).ok());
  EXPECT_TRUE(resource_->WouldWake({300, 400}));
  ASSERT_TRUE(Put({300, 400}).ok());
  EXPECT_FALSE(resource_->WouldWake({300, 400}));
  EXPECT_TRUE(wait.get().ok());
}

// --- Length and commit ---------------------------------------------------------------------------

TEST_P(ResourceTest, CommitRefusesAGapAndChangesNothing) {
  MakeWith(std::nullopt);
  ASSERT_TRUE(Put({0, 10}).ok());
  ASSERT_TRUE(Put({11, 20}).ok());
  EXPECT_EQ(resource_->Commit(20).code(), Code::kInvalidArgument);
  EXPECT_EQ(resource_->Commit(21).code(), Code::kInvalidArgument);
  EXPECT_EQ(resource_->Commit(10).code(), Code::kInvalidArgument);  // bytes lie past it
  EXPECT_EQ(resource_->length(), std::nullopt);
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  ASSERT_TRUE(Put({10, 11}).ok());
  EXPECT_TRUE(resource_->Commit(20).ok());
  EXPECT_EQ(resource_->length(), 20u);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  EXPECT_TRUE(resource_->Commit(20).ok());
  EXPECT_EQ(resource_->Commit(19).code(), Code::kInvalidArgument);
}

TEST_P(ResourceTest, TheLastWriteOfAKnownLengthCommits) {
  ASSERT_TRUE(Put({1, kLength}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  ASSERT_TRUE(Put({0, 1}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
}

TEST_P(ResourceTest, AnEmptyObjectIsCommittedFromTheStart) {
  MakeWith(0);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  EXPECT_EQ(resource_->WaitRange({0, 1}).code(), Code::kEof);
}

TEST_P(ResourceTest, AKnownLengthDoesNotChange) {
  EXPECT_TRUE(resource_->SetLength(kLength).ok());
  EXPECT_EQ(resource_->SetLength(kLength + 1).code(), Code::kInvalidArgument);
  EXPECT_EQ(resource_->length(), kLength);
}

TEST_P(ResourceTest, AFullResourceThatFailedCommitsWhenItIsReactivated) {
  ASSERT_TRUE(Put({0, kLength - 1}).ok());
  resource_->Fail(Status(Code::kStale));
  ASSERT_TRUE(Put({kLength - 1, kLength}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kFailed);
  EXPECT_EQ(resource_->Commit(kLength).code(), Code::kStale);
  resource_->Reactivate();
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
}

TEST_P(ResourceTest, ACompleteResourceMissesNothingAndSoCannotFail) {
  ASSERT_TRUE(Put({0, kLength}).ok());
  resource_->Fail(Status(Code::kStale));
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
}

// --- Eviction ------------------------------------------------------------------------------------

TEST_P(ResourceTest, EvictionTakesWholeBlocksInsideTheRange) {
  ASSERT_TRUE(Put({0, kLength}).ok());
  EXPECT_TRUE(resource_->Evict({1, 3 * kBlock - 1}));
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{0, kBlock}, Range{2 * kBlock, kLength}));
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  EXPECT_FALSE(resource_->TryLease({kBlock, kBlock + 1}));
  ExpectRight(*resource_->WaitRange({2 * kBlock, kLength}));
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  ExpectRight(*resource_->WaitRange({0, kLength}));
}

TEST_P(ResourceTest, TheLastBlockIsWholeWhenTheEndIsReached) {
  ASSERT_TRUE(Put({7 * kBlock, kLength}).ok());
  EXPECT_FALSE(resource_->Evict({8 * kBlock, kLength - 1}));
  EXPECT_TRUE(resource_->Evict({8 * kBlock, kLength}));
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{7 * kBlock, 8 * kBlock}));
}

TEST_P(ResourceTest, ABlockThatIsHalfThereLeavesWhole) {
  ASSERT_TRUE(Put({10, 20}).ok());
  EXPECT_TRUE(resource_->Evict({0, kLength}));
  EXPECT_EQ(resource_->FilledBytes(), 0u);
  EXPECT_FALSE(resource_->Evict({0, kLength}));
}

TEST_P(ResourceTest, WhatIsInFlightIsNotEvicted) {
  ASSERT_EQ(resource_->Claim({kBlock, 3 * kBlock}).size(), 1u);
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  EXPECT_TRUE(resource_->Evict({0, kLength}));
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{kBlock, 2 * kBlock}));
  resource_->Release({kBlock, 3 * kBlock});
  EXPECT_TRUE(resource_->Evict({0, kLength}));
}

TEST_P(ResourceTest, ABlockThatIsBeingWrittenIsNotEvicted) {
  ASSERT_TRUE(Put({0, 10}).ok());
  std::promise<void> writing, go_on;
  driver_->BeforeWrite([&](const Range&) {
    writing.set_value();
    go_on.get_future().wait();
    return OkStatus();
  });
  std::thread writer([&] { EXPECT_TRUE(Put({10, 20}).ok()); });
  writing.get_future().wait();
  EXPECT_FALSE(resource_->Evict({0, kLength}));
  go_on.set_value();
  writer.join();
  ExpectRight(*resource_->WaitRange({0, 20}));
}

TEST_P(ResourceTest, AWriteWaitsForTheEvictionOfItsBytes) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  std::promise<void> punching, go_on;
  driver_->BeforePunch([&](const Range&) {
    punching.set_value();
    go_on.get_future().wait();
    return OkStatus();
  });
  std::thread evictor([&] { EXPECT_TRUE(resource_->Evict({0, kBlock})); });
  punching.get_future().wait();
  auto write = std::async(std::launch::async, [&] { return Put({0, 2 * kBlock}); });
  go_on.set_value();
  evictor.join();
  ASSERT_TRUE(write.get().ok());
  ExpectRight(*resource_->WaitRange({0, 2 * kBlock}));
}

TEST_P(ResourceTest, NothingIsPunchedUnderALease) {
  ASSERT_TRUE(Put({0, kBlock}).ok());
  std::optional<Lease> lease = resource_->TryLease({0, kBlock});
  ASSERT_TRUE(lease);
  std::atomic<bool> released = false;
  driver_->BeforePunch([&](const Range&) {
    EXPECT_TRUE(released);
    return OkStatus();
  });
  std::thread evictor([&] { EXPECT_TRUE(resource_->Evict({0, kBlock})); });
  while (resource_->FilledBytes() != 0) std::this_thread::yield();
  EXPECT_FALSE(resource_->TryLease({0, kBlock}));
  ExpectRight(*lease);
  released = true;
  lease->Release();
  evictor.join();
}

TEST_P(ResourceTest, AFailedPunchIsHarmless) {
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  for (const Code code : {Code::kUnsupported, Code::kIo, Code::kDenied}) {
    driver_->BeforePunch([code](const Range&) { return Status(code); });
    EXPECT_TRUE(resource_->Evict({0, kBlock}));
    EXPECT_FALSE(Covered({0, kBlock}));
    EXPECT_TRUE(Covered({kBlock, 2 * kBlock}));
    ASSERT_TRUE(Put({0, kBlock}).ok());
    ExpectRight(*resource_->WaitRange({0, 2 * kBlock}));
  }
}

TEST_P(ResourceTest, UnreadableBytesAreAbsentThoughTheyAreClaimed) {
  ASSERT_EQ(resource_->Claim({0, 2 * kBlock}).size(), 1u);
  ASSERT_TRUE(Put({0, kBlock}).ok());
  EXPECT_TRUE(resource_->MarkAbsent({5, 6}));
  EXPECT_EQ(resource_->FilledBytes(), 0u);
  EXPECT_FALSE(resource_->MarkAbsent({5, 6}));
  ASSERT_TRUE(Put({0, 2 * kBlock}).ok());
  ExpectRight(*resource_->WaitRange({0, 2 * kBlock}));
}

// --- The kernel's --------------------------------------------------------------------------------

TEST_P(ResourceTest, OnlyWhatIsCompleteBecomesTheKernels) {
  ASSERT_TRUE(Put({0, kLength - 1}).ok());
  EXPECT_FALSE(resource_->FreezeForKernel());
  ASSERT_TRUE(Put({kLength - 1, kLength}).ok());
  EXPECT_TRUE(resource_->FreezeForKernel());
}

TEST_P(ResourceTest, NoByteOfTheKernelsIsEverPunchedOrWritten) {
  ASSERT_TRUE(Put({0, kLength}).ok());
  ASSERT_TRUE(resource_->FreezeForKernel());
  const size_t writes = driver_->writes().size();
  driver_->BeforePunch([](const Range&) {
    ADD_FAILURE() << "punched";
    return OkStatus();
  });
  EXPECT_FALSE(resource_->Evict({0, kLength}));
  EXPECT_FALSE(resource_->MarkAbsent({0, kLength}));
  EXPECT_EQ(Put({0, 1}).code(), Code::kInvalidArgument);
  EXPECT_EQ(driver_->writes().size(), writes);
  ExpectRight(*resource_->WaitRange({0, kLength}));
}

// --- Observers -----------------------------------------------------------------------------------

// Calls back into the resource from every call.
class ReentrantObserver : public ResourceObserver {
 public:
  void OnWrite(Resource& resource, const Range& range, std::span<const std::byte> bytes) override {
    Look(resource);
    written.push_back(range);
    EXPECT_EQ(bytes.size(), range.size());
    EXPECT_EQ(FirstWrongByte(1, range.begin, bytes), std::nullopt);
    EXPECT_TRUE(resource.WaitRange(range).ok());
    EXPECT_TRUE(resource.Write(range.begin, OracleBytes(1, range)).ok());
  }
  void OnEvict(Resource& resource, const Range& range) override {
    Look(resource);
    evicted.push_back(range);
    EXPECT_TRUE(resource.Write(range.begin, OracleBytes(1, range)).ok());
  }
  void OnCommit(Resource& resource, uint64_t length) override {
    Look(resource);
    commits.push_back(length);
  }
  void OnFail(Resource& resource, const Status& why) override {
    Look(resource);
    failures.push_back(why.code());
    resource.Reactivate();
  }

  std::vector<Range> written, evicted;
  std::vector<uint64_t> commits;
  std::vector<Code> failures;

 private:
  static void Look(Resource& resource) {
    (void)resource.Coverage();
    (void)resource.state();
    (void)resource.WaiterCount();
    resource.Release({0, 1});
  }
};

TEST_P(ResourceTest, ObserversMayCallBack) {
  ReentrantObserver observer;
  resource_->AddObserver(&observer);
  ASSERT_TRUE(Put({100, 200}).ok());
  ASSERT_TRUE(Put({0, 300}).ok());
  EXPECT_THAT(observer.written, ElementsAre(Range{100, 200}, Range{0, 100}, Range{200, 300}));
  resource_->Fail(Status(Code::kDenied));
  EXPECT_THAT(observer.failures, ElementsAre(Code::kDenied));
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  EXPECT_TRUE(resource_->Evict({0, kBlock}));
  EXPECT_THAT(observer.evicted, ElementsAre(Range{0, 300}));
  EXPECT_EQ(resource_->FilledBytes(), 300u);
  ASSERT_TRUE(Put({0, kLength}).ok());
  EXPECT_THAT(observer.commits, ElementsAre(kLength));
}

class CountingObserver : public ResourceObserver {
 public:
  void OnWrite(Resource& /*resource*/, const Range& range,
               std::span<const std::byte> /*bytes*/) override {
    bytes_ += range.size();
  }
  void OnAdopt(Resource& /*resource*/, const Range& range) override { bytes_ += range.size(); }
  void OnEvict(Resource& /*resource*/, const Range& range) override { bytes_ -= range.size(); }
  uint64_t bytes() const { return bytes_; }

 private:
  std::atomic<uint64_t> bytes_{0};
};

TEST_P(ResourceTest, WritesAdoptionsAndEvictionsAreToldExactly) {
  CountingObserver observer;
  resource_->AddObserver(&observer);
  ASSERT_TRUE(resource_->Adopt({4 * kBlock, 5 * kBlock}, AllOf({4 * kBlock, 5 * kBlock})).ok());
  EXPECT_EQ(observer.bytes(), kBlock);
  resource_->Evict({4 * kBlock, 5 * kBlock});
  ASSERT_TRUE(Put({10, 3 * kBlock}).ok());
  ASSERT_TRUE(Put({0, 4 * kBlock}).ok());
  resource_->Evict({kBlock, 2 * kBlock});
  resource_->MarkAbsent({0, 1});
  EXPECT_EQ(observer.bytes(), resource_->FilledBytes());
  EXPECT_EQ(observer.bytes(), 2 * kBlock);
}

TEST_P(ResourceTest, WhoHasTheBytesBeforeTheObserversKnowCanTell) {
  class Asking : public ResourceObserver {
   public:
    void OnWrite(Resource& resource, const Range& range,
                 std::span<const std::byte> /*bytes*/) override {
      has_bytes = resource.TryLease(range).has_value();
      told = resource.ObserversAreTold();
    }
    bool has_bytes = false;
    bool told = true;
  } observer;
  resource_->AddObserver(&observer);
  EXPECT_TRUE(resource_->ObserversAreTold());
  ASSERT_TRUE(Put({0, kBlock}).ok());
  EXPECT_TRUE(observer.has_bytes);
  EXPECT_FALSE(observer.told);
  EXPECT_TRUE(resource_->ObserversAreTold());
  ASSERT_TRUE(Put({0, kBlock}).ok());
  EXPECT_TRUE(resource_->ObserversAreTold()) << "nothing was new";
}

// --- Adopting ------------------------------------------------------------------------------------

class AdoptTest : public ResourceTest {
 protected:
  class Notes : public ResourceObserver {
   public:
    void OnWrite(Resource& /*resource*/, const Range& range,
                 std::span<const std::byte> /*bytes*/) override {
      written.push_back(range);
    }
    void OnAdopt(Resource& /*resource*/, const Range& range) override { adopted.push_back(range); }
    void OnCommit(Resource& /*resource*/, uint64_t length) override { commits.push_back(length); }

    std::vector<Range> written, adopted;
    std::vector<uint64_t> commits;
  };

  void SetUp() override {
    ResourceTest::SetUp();
    resource_->AddObserver(&notes_);
  }

  // As an earlier run left them, beside the resource.
  void LeaveInDriver(const Range& range) {
    ASSERT_TRUE(driver_->Write(range.begin, OracleBytes(1, range)).ok());
    left_ = driver_->writes().size();
  }
  // All of it is right.
  Status Adopt(const Range& range) { return resource_->Adopt(range, AllOf(range)); }
  size_t writes_since() { return driver_->writes().size() - left_; }

  Notes notes_;
  size_t left_ = 0;
};

TEST_P(AdoptTest, WhatTheDriverHoldsIsCoveredWithoutAWrite) {
  LeaveInDriver({0, 2 * kBlock});
  ASSERT_TRUE(Adopt({0, 2 * kBlock}).ok());
  EXPECT_EQ(writes_since(), 0u);
  std::optional<Lease> lease = resource_->TryLease({10, 2 * kBlock});
  ASSERT_TRUE(lease);
  ExpectRight(*lease);
  EXPECT_THAT(notes_.adopted, ElementsAre(Range{0, 2 * kBlock}));
  EXPECT_TRUE(notes_.written.empty());
  EXPECT_FALSE(Covered({0, 2 * kBlock + 1}));
}

TEST_P(AdoptTest, ItWakesWhoeverWaits) {
  LeaveInDriver({0, 2 * kBlock});
  for (const WaitKind kind : {WaitKind::kBlocking, WaitKind::kParked}) {
    auto wait = Sleep(kind, {kBlock - 10, kBlock + 10});
    ASSERT_TRUE(Adopt({0, kBlock}).ok());
    EXPECT_EQ(wait.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    ASSERT_TRUE(Adopt({kBlock, 2 * kBlock}).ok());
    Result<Lease> lease = wait.get();
    ASSERT_TRUE(lease.ok());
    ExpectRight(*lease);
    lease->Release();
    resource_->Release({0, 2 * kBlock});
    resource_->MarkAbsent({0, 2 * kBlock});
    LeaveInDriver({0, 2 * kBlock});
  }
}

TEST_P(AdoptTest, WhatIsCoveredIsSkipped) {
  ASSERT_TRUE(Put({kBlock, 2 * kBlock}).ok());
  LeaveInDriver({0, kBlock});
  LeaveInDriver({2 * kBlock, 3 * kBlock});
  ASSERT_TRUE(Adopt({0, 3 * kBlock}).ok());
  ASSERT_TRUE(Adopt({0, 3 * kBlock}).ok());
  EXPECT_THAT(notes_.adopted, ElementsAre(Range{0, kBlock}, Range{2 * kBlock, 3 * kBlock}));
  ASSERT_TRUE(Put({0, 3 * kBlock}).ok());
  EXPECT_EQ(writes_since(), 0u);
}

TEST_P(AdoptTest, TheLastPartCommits) {
  LeaveInDriver({0, kLength});
  ASSERT_TRUE(Adopt({kBlock, kLength}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kActive);
  ASSERT_TRUE(Adopt({0, kBlock}).ok());
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  EXPECT_THAT(notes_.commits, ElementsAre(kLength));
  EXPECT_TRUE(resource_->FreezeForKernel());
  EXPECT_TRUE(Adopt({0, kLength}).ok());
}

TEST_P(AdoptTest, ARangeThatIsNotTheObjectsIsRefused) {
  EXPECT_TRUE(Adopt({5, 5}).ok());
  EXPECT_EQ(Adopt({0, kLength + 1}).code(), Code::kInvalidArgument);
  EXPECT_EQ(Adopt({0, kMaxOffset + 1}).code(), Code::kInvalidArgument);
  EXPECT_TRUE(resource_->Coverage().empty());
}

TEST_P(AdoptTest, AFailedResourceAdoptsAndACancelledOneDoesNot) {
  LeaveInDriver({0, 2 * kBlock});
  resource_->Fail(Status(Code::kStale));
  EXPECT_TRUE(Adopt({0, kBlock}).ok());
  ExpectRight(*resource_->WaitRange({0, kBlock}));
  resource_->Cancel();
  EXPECT_EQ(Adopt({kBlock, 2 * kBlock}).code(), Code::kShutdown);
  EXPECT_FALSE(Covered({0, kBlock + 1}));
}

TEST_P(AdoptTest, AFailureThatIsRememberedDoesNotHideIt) {
  LeaveInDriver({0, kBlock});
  resource_->FailFlight({0, kBlock}, Status(Code::kTimedOut));
  EXPECT_EQ(resource_->WaitRange({0, 10}).code(), Code::kTimedOut);
  ASSERT_TRUE(Adopt({0, kBlock}).ok());
  EXPECT_TRUE(resource_->WaitRange({0, 10}).ok());
}

TEST_P(AdoptTest, ItWaitsForAWriteOfTheSameBytesAndSkipsThem) {
  LeaveInDriver({0, 2 * kBlock});
  std::promise<void> writing, go_on;
  driver_->BeforeWrite([&](const Range&) {
    writing.set_value();
    go_on.get_future().wait();
    return OkStatus();
  });
  std::thread writer([&] { EXPECT_TRUE(Put({0, kBlock}).ok()); });
  writing.get_future().wait();
  std::atomic<bool> written = false;
  auto adopt = std::async(std::launch::async, [&] {
    return resource_->Adopt({0, 2 * kBlock}, [&] {
      EXPECT_TRUE(written);
      return AllOf({0, 2 * kBlock})();
    });
  });
  written = true;
  go_on.set_value();
  writer.join();
  EXPECT_TRUE(adopt.get().ok());
  EXPECT_THAT(notes_.adopted, ElementsAre(Range{kBlock, 2 * kBlock}));
  EXPECT_TRUE(Covered({0, 2 * kBlock}));
}

TEST_P(AdoptTest, BytesThatAreLeavingAreGoneBeforeTheyAreVerified) {
  ASSERT_TRUE(Put({0, 10}).ok());
  LeaveInDriver({0, kBlock});
  std::promise<void> punching, go_on;
  driver_->BeforePunch([&](const Range&) {
    punching.set_value();
    go_on.get_future().wait();
    return OkStatus();
  });
  std::thread evicting([&] { EXPECT_TRUE(resource_->MarkAbsent({0, 10})); });
  punching.get_future().wait();
  auto adopt = std::async(std::launch::async, [&] {
    return resource_->Adopt({0, kBlock}, [&] {
      std::vector<std::byte> bytes(kBlock);
      EXPECT_TRUE(driver_->Read({0, kBlock}, bytes).ok());
      EXPECT_NE(bytes, OracleBytes(1, {0, kBlock}));
      return RangeSet();
    });
  });
  go_on.set_value();
  evicting.join();
  EXPECT_TRUE(adopt.get().ok());
  EXPECT_TRUE(resource_->Coverage().empty());
  EXPECT_TRUE(notes_.adopted.empty());
}

TEST_P(AdoptTest, BytesThatAreBeingVerifiedLeaveOnlyAfterwards) {
  ASSERT_TRUE(Put({0, 10}).ok());
  LeaveInDriver({0, kBlock});
  std::future<bool> leaves;
  ASSERT_TRUE(resource_
                  ->Adopt({0, kBlock},
                          [&] {
                            leaves = std::async(std::launch::async, [&] {
                              return resource_->MarkAbsent({0, 10});
                            });
                            return AllOf({0, kBlock})();
                          })
                  .ok());
  EXPECT_TRUE(leaves.get());
  EXPECT_TRUE(resource_->Coverage().empty());
}

TEST_P(AdoptTest, OnlyWhatIsRightIsCovered) {
  LeaveInDriver({0, 3 * kBlock});
  ASSERT_TRUE(resource_->Adopt({0, 3 * kBlock}, AllOf({kBlock, 2 * kBlock})).ok());
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{kBlock, 2 * kBlock}));
}

INSTANTIATE_TEST_SUITE_P(Drivers, AdoptTest, testing::ValuesIn(AllDrivers()),
                         [](const auto& one) { return one.param.name; });

// --- From within calls ---------------------------------------------------------------------------

TEST_P(ResourceTest, AFetcherMayWriteFromWithinDemand) {
  class Prompt : public FlightControl {
   public:
    explicit Prompt(Resource& resource) : resource_(resource) {}
    void Demand(const Range& /*wanted*/, const std::vector<Range>& claimed) override {
      for (const Range& range : claimed) {
        EXPECT_TRUE(resource_.Write(range.begin, OracleBytes(1, range)).ok());
        resource_.Release(range);
      }
    }

   private:
    Resource& resource_;
  };
  const auto prompt = std::make_unique<Prompt>(*resource_);
  resource_->SetFlightControl(prompt.get());
  for (const WaitKind kind : {WaitKind::kBlocking, WaitKind::kParked}) {
    Result<Lease> lease = Ask(kind, {kBlock - 10, 3 * kBlock + 10});
    ASSERT_TRUE(lease.ok());
    ExpectRight(*lease);
    lease->Release();
    resource_->Evict({0, kLength});
  }
}

TEST_P(ResourceTest, AParkedCallbackMayWaitAgain) {
  std::promise<Result<Lease>> second;
  resource_->WaitRangeAsync({0, 10}, kNever, {}, [&](Result<Lease> first) {
    EXPECT_TRUE(first.ok());
    resource_->WaitRangeAsync({0, 20}, kNever, {},
                              [&](Result<Lease> result) { second.set_value(std::move(result)); });
  });
  ASSERT_TRUE(Put({0, 10}).ok());
  EXPECT_EQ(resource_->WaiterCount(), 1u);
  ASSERT_TRUE(Put({10, 20}).ok());
  EXPECT_TRUE(second.get_future().get().ok());
}

// The thread that requests the stop may hold a lock that the callback needs.
TEST_P(ResourceTest, AParkedWaitThatIsStoppedCallsBackOnAnotherThread) {
  std::stop_source stop;
  std::promise<std::thread::id> called_on;
  resource_->WaitRangeAsync({0, 10}, kNever, stop.get_token(), [&](Result<Lease> result) {
    EXPECT_EQ(result.code(), Code::kInterrupted);
    called_on.set_value(std::this_thread::get_id());
  });
  stop.request_stop();
  EXPECT_NE(called_on.get_future().get(), std::this_thread::get_id());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResourceTest, testing::ValuesIn(AllDrivers()),
                         [](const auto& one) { return one.param.name; });

// --- Without bytes: sizes ------------------------------------------------------------------------

class HugeResourceTest : public testing::Test {
 protected:
  void Make(uint64_t length) {
    Resource::Options options;
    options.length = length;
    resource_ = std::make_unique<Resource>(std::make_unique<NullDriver>(), options, clock_, timer_);
  }

  FakeClock clock_;
  Timer timer_{clock_};
  std::unique_ptr<Resource> resource_;
};

TEST_F(HugeResourceTest, WorksUpToTheLargestOffset) {
  Make(kMaxOffset);
  const std::vector<std::byte> data(1000);
  const Range tail{kMaxOffset - 1000, kMaxOffset};
  ASSERT_TRUE(resource_->Write(tail.begin, data).ok());
  EXPECT_EQ(resource_->Write(tail.begin + 1, data).code(), Code::kInvalidArgument);
  Result<Lease> lease = resource_->WaitRange(tail);
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->range(), tail);
  lease->Release();
  EXPECT_EQ(resource_->NextGap(0, kMaxOffset), (Range{0, tail.begin}));
  const std::vector<Range> claimed = resource_->Claim({kMaxOffset - 2 * kBlock, kMaxOffset});
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].end, tail.begin);
  resource_->Release(claimed[0]);
  resource_->MarkAbsent(tail);
  EXPECT_EQ(resource_->FilledBytes(), 0u);
}

TEST_F(HugeResourceTest, AMillionWritesLeaveNoMemoryBehind) {
  Make(uint64_t{1} << 40);
  const std::vector<std::byte> data(kBlock);
  const auto write_all = [&](uint64_t begin, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(resource_->Write(begin + i * kBlock, data).ok());
      if (i % 1000 == 0) resource_->Evict({begin, begin + (i + 1) * kBlock});
    }
  };
  write_all(0, 1000);
  const size_t before = mallinfo2().uordblks;
  write_all(uint64_t{1} << 36, kSanitized ? 50'000 : 1'000'000);
  EXPECT_LT(mallinfo2().uordblks, before + (64 << 10));
}

TEST_F(HugeResourceTest, AThousandSleepersAreNotWokenByWritesElsewhere) {
  constexpr uint64_t kSleepers = 1000;
  NotingControl control;
  Make(uint64_t{1} << 40);
  resource_->SetFlightControl(&control);
  std::vector<std::thread> sleepers;
  for (uint64_t i = 0; i < kSleepers; ++i) {
    sleepers.emplace_back([this, i] {
      EXPECT_TRUE(resource_->WaitRange({i * kBlock, i * kBlock + 1}).ok());
    });
  }
  control.Await(kSleepers);
  clock_.AwaitSleepers(kSleepers);
  const std::vector<std::byte> data(kBlock);
  for (uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(resource_->Write((kSleepers + i) * kBlock, data).ok());
  }
  EXPECT_EQ(resource_->WaiterCount(), kSleepers);
  for (uint64_t i = 0; i < kSleepers; ++i) {
    ASSERT_TRUE(resource_->Write(i * kBlock, data).ok());
    EXPECT_EQ(resource_->WaiterCount(), kSleepers - i - 1);
  }
  for (std::thread& sleeper : sleepers) sleeper.join();
  // Nobody slept twice: each was woken once, by its own bytes.
  EXPECT_EQ(clock_.sleeps(), kSleepers);
}

}  // namespace
}  // namespace brimfs
