// What a fetcher leaves to its local source, and what it asks the network for all the same.
#include "core/local_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/range_set.h"
#include "tests/component/fetcher_fixture.h"
#include "tests/component/resource_fixture.h"
#include "tests/support/oracle.h"

namespace brimfs {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr uint64_t kBlock = kFillBlock;

// Blocks in the driver that an earlier run left; some of them are damaged. Thread-safe.
class FakeLocalSource : public LocalSource {
 public:
  FakeLocalSource(Resource& resource, Driver& driver) : resource_(resource), driver_(driver) {}

  void Store(const Range& range) {
    ASSERT_TRUE(driver_.Write(range.begin, OracleBytes(1, range)).ok());
    MutexLock lock(mu_);
    stored_.Add(range);
  }
  void Damage(uint64_t block) {
    MutexLock lock(mu_);
    damaged_.Add({block * kBlock, (block + 1) * kBlock});
  }

  std::vector<Range> Recover(const std::vector<Range>& claimed) override {
    RangeSet good;
    std::vector<Range> rest;
    {
      MutexLock lock(mu_);
      for (const Range& range : damaged_.Ranges()) stored_.Remove(range);
      for (const Range& range : claimed) {
        for (const Range& here : stored_.Overlap(range)) good.Add(here);
        for (const Range& absent : stored_.Gaps(range)) rest.push_back(absent);
      }
    }
    for (const Range& range : good.Ranges()) {
      EXPECT_TRUE(resource_.Adopt(range, AllOf(range)).ok());
      resource_.Release(range);
    }
    return rest;
  }

  // Damage shows only when it is read.
  std::vector<Range> Absent(const Range& range) override {
    MutexLock lock(mu_);
    return stored_.Gaps(range);
  }

 private:
  Resource& resource_;
  Driver& driver_;
  Mutex mu_;
  RangeSet stored_ ABSL_GUARDED_BY(mu_);
  RangeSet damaged_ ABSL_GUARDED_BY(mu_);
};

class LocalSourceTest : public FetcherFixture {
 protected:
  ~LocalSourceTest() override {
    if (fetcher_) fetcher_->Stop();  // before the source goes
  }

  void StartWith(std::vector<Range> stored) {
    Start();
    local_ = std::make_unique<FakeLocalSource>(*resource_, *driver_);
    fetcher_->SetLocalSource(local_.get());
    for (const Range& range : stored) local_->Store(range);
  }

  std::unique_ptr<FakeLocalSource> local_;
};

TEST_F(LocalSourceTest, WhatIsStoredNeedsNoRequest) {
  StartWith({{0, kMiB}});
  EXPECT_EQ(Read({0, kMiB}), Code::kOk);
  EXPECT_TRUE(backend_.fetches().empty());
  EXPECT_EQ(resource_->FilledBytes(), kMiB);
}

TEST_F(LocalSourceTest, OnlyWhatIsTouchedIsRecovered) {
  StartWith({{0, kMiB}});
  EXPECT_EQ(Read({kBlock, kBlock + 10}), Code::kOk);
  EXPECT_THAT(resource_->Coverage(), ElementsAre(Range{kBlock, 2 * kBlock}));
}

TEST_F(LocalSourceTest, AWholeStoredFileCommitsWithoutARequest) {
  StartWith({{0, kLength}});
  EXPECT_EQ(Read({0, kLength}), Code::kOk);
  EXPECT_EQ(resource_->state(), Resource::State::kCommitted);
  EXPECT_TRUE(backend_.fetches().empty());
}

TEST_F(LocalSourceTest, DamagedBlocksAreFetched) {
  StartWith({{0, kMiB}});
  local_->Damage(3);
  EXPECT_EQ(Read({0, kMiB}), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(3 * kBlock, 4 * kBlock)));
}

TEST_F(LocalSourceTest, OneReadAsksForTheGapsOnly) {
  StartWith({{2 * kBlock, 5 * kBlock}, {9 * kBlock, 15 * kBlock}});
  EXPECT_EQ(Read({0, kMiB}), Code::kOk);
  EXPECT_THAT(backend_.fetches(),
              UnorderedElementsAre(Asks(0u, 2 * kBlock), Asks(5 * kBlock, 9 * kBlock),
                                   Asks(15 * kBlock, 16 * kBlock)));
  EXPECT_EQ(resource_->FilledBytes(), kMiB);
}

TEST_F(LocalSourceTest, ReadaheadSkipsWhatIsStoredAndLeavesItWhereItIs) {
  StartWith({{4 * kBlock, 12 * kBlock}});
  fetcher_->Prefetch({0, kMiB}, Priority::kReadahead);
  AwaitIdle();
  EXPECT_EQ(resource_->FilledBytes(), 8 * kBlock);
  EXPECT_EQ(backend_.bytes_sent(), 8 * kBlock);
  EXPECT_FALSE(resource_->TryLease({4 * kBlock, 5 * kBlock}));
  EXPECT_EQ(Read({0, kMiB}), Code::kOk);
  EXPECT_EQ(backend_.bytes_sent(), 8 * kBlock);
}

TEST_F(LocalSourceTest, AReaderOfStoredBlocksDoesNotWaitForTheNetwork) {
  StartWith({{0, kBlock}});
  backend_.CloseGate(kPath);
  std::future<Code> both = ReadInThread({0, 2 * kBlock});
  backend_.AwaitAtGate(kPath, 1);
  EXPECT_EQ(Read({0, kBlock}), Code::kOk);
  backend_.OpenGate(kPath);
  EXPECT_EQ(both.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(kBlock, 2 * kBlock)));
}

TEST_F(LocalSourceTest, WhatIsClaimedAnewIsLookedForToo) {
  StartWith({});
  const std::vector<Range> claimed = resource_->Claim({0, kMiB});  // by somebody who gives up
  std::future<Code> reader = ReadInThread({0, kMiB});
  AwaitWaiters(1);
  local_->Store({0, kMiB / 2});
  for (const Range& range : claimed) resource_->Release(range);
  EXPECT_EQ(reader.get(), Code::kOk);
  EXPECT_THAT(backend_.fetches(), ElementsAre(Asks(kMiB / 2, kMiB)));
}

TEST_F(LocalSourceTest, ManyReadersEverywhereReadRightAndFetchOnlyTheGaps) {
  StartWith({{kMiB, 3 * kMiB}, {5 * kMiB, 6 * kMiB}});
  local_->Damage(20);
  std::vector<std::future<Code>> outcomes;
  for (uint64_t reader = 0; reader < 8; ++reader) {
    for (uint64_t i = 0; i < 20; ++i) {
      const uint64_t at = (reader * 7919 + i * 1'047'290) % (kLength - kMiB);
      outcomes.push_back(ReadInThread({at, at + kMiB}));
    }
  }
  for (std::future<Code>& outcome : outcomes) EXPECT_EQ(outcome.get(), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(Read({0, kLength}), Code::kOk);
  AwaitIdle();
  EXPECT_EQ(backend_.bytes_sent(), kLength - 3 * kMiB + kBlock);
}

}  // namespace
}  // namespace brimfs
