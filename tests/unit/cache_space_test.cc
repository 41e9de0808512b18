#include "core/cache_space.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class CacheSpaceTest : public ::testing::Test {
 protected:
  CacheSpace& Make(uint64_t size, uint64_t free) {
    space_.emplace(
        CacheSpace::Limits{size, free}, [this] { return disk_free_.load(); }, clock_);
    space_->SetEvict([this] {
      ++evictions_;
      // As the evictor does, on this thread.
      const uint64_t freed = std::min(space_->Excess(), evictable_);
      evictable_ -= freed;
      recorded_ -= freed;
      disk_free_ += freed;
      EXPECT_TRUE(space_->SetRecorded(recorded_, 0, space_->sequence()));
      space_->OnEvicted(freed);
    });
    return *space_;
  }
  void Record(uint64_t bytes) {
    recorded_ += bytes;
    EXPECT_TRUE(space_->SetRecorded(recorded_, bytes, space_->sequence()));
  }

  FakeClock clock_;
  std::atomic<uint64_t> disk_free_{1000 * kMiB};
  uint64_t recorded_ = 0;
  uint64_t evictable_ = 0;
  int evictions_ = 0;
  std::optional<CacheSpace> space_;
};

TEST_F(CacheSpaceTest, WhatFitsIsGranted) {
  CacheSpace& space = Make(100 * kMiB, 0);
  EXPECT_TRUE(space.Reserve(50 * kMiB / 2));
  EXPECT_TRUE(space.Reserve(kMiB));
  EXPECT_EQ(space.used(), 26 * kMiB);
  EXPECT_EQ(evictions_, 0);
}

TEST_F(CacheSpaceTest, TheCapHoldsOverWhatIsRecordedAndWhatIsNot) {
  CacheSpace& space = Make(10 * kMiB, 0);
  EXPECT_TRUE(space.Reserve(4 * kMiB));
  Record(4 * kMiB);
  EXPECT_TRUE(space.Reserve(4 * kMiB));
  EXPECT_FALSE(space.Reserve(4 * kMiB)) << "nothing can leave";
  EXPECT_EQ(space.used(), 8 * kMiB);
}

TEST_F(CacheSpaceTest, WhoeverFindsItFullEvictsFirst) {
  CacheSpace& space = Make(10 * kMiB, 0);
  EXPECT_TRUE(space.Reserve(10 * kMiB));
  Record(10 * kMiB);
  evictable_ = 10 * kMiB;
  const int before = evictions_;
  EXPECT_TRUE(space.Reserve(kMiB));
  EXPECT_EQ(evictions_, before + 1);
  EXPECT_LE(space.used(), 10 * kMiB);
}

TEST_F(CacheSpaceTest, RoomIsMadeBeforeItIsFull) {
  CacheSpace& space = Make(100 * kMiB, 0);
  EXPECT_TRUE(space.Reserve(30 * kMiB));
  EXPECT_TRUE(space.Reserve(30 * kMiB));
  EXPECT_TRUE(space.Reserve(30 * kMiB));
  Record(90 * kMiB);
  evictable_ = 90 * kMiB;
  EXPECT_EQ(evictions_, 0);
  EXPECT_TRUE(space.Reserve(9 * kMiB + kMiB / 2));
  EXPECT_EQ(evictions_, 1) << "nobody had to wait";
  EXPECT_TRUE(space.Reserve(kMiB / 2));
  EXPECT_EQ(evictions_, 1);
}

TEST_F(CacheSpaceTest, WhereNothingCanLeaveAheadTheRestIsGrantedStill) {
  CacheSpace& space = Make(10 * kMiB, 0);
  EXPECT_TRUE(space.Reserve(9 * kMiB + 3 * kMiB / 4));
  EXPECT_EQ(evictions_, 1);
  EXPECT_TRUE(space.Reserve(kMiB / 8));
  EXPECT_TRUE(space.Reserve(kMiB / 8));
  EXPECT_EQ(evictions_, 1) << "once a second";
}

TEST_F(CacheSpaceTest, TheFloorOfTheDiskHolds) {
  CacheSpace& space = Make(1000 * kMiB, 100 * kMiB);
  disk_free_ = 120 * kMiB;
  uint64_t granted = 0;
  while (space.Reserve(kMiB / 4)) {
    granted += kMiB / 4;
    disk_free_ -= kMiB / 4;
    ASSERT_LT(granted, 1000 * kMiB);
  }
  EXPECT_GE(disk_free_, 100 * kMiB);
  EXPECT_GE(granted, 16 * kMiB);
}

TEST_F(CacheSpaceTest, AfterAnEvictionInVainNobodyAsksForASecond) {
  CacheSpace& space = Make(kMiB, 0);
  EXPECT_TRUE(space.Reserve(kMiB));
  const int before = evictions_;
  EXPECT_FALSE(space.Reserve(1));
  EXPECT_FALSE(space.Reserve(1));
  EXPECT_EQ(evictions_, before + 1);
  clock_.Advance(std::chrono::seconds(1));
  evictable_ = kMiB;
  Record(kMiB);
  EXPECT_TRUE(space.Reserve(1));
}

TEST_F(CacheSpaceTest, WhatIsReturnedIsFreeAgain) {
  CacheSpace& space = Make(kMiB, 0);
  EXPECT_TRUE(space.Reserve(kMiB));
  space.Return(kMiB);
  EXPECT_TRUE(space.Reserve(kMiB));
}

TEST_F(CacheSpaceTest, ItsEndSendsWhoeverWaitsAway) {
  space_.emplace(
      CacheSpace::Limits{kMiB, 0}, [this] { return disk_free_.load(); }, clock_);
  std::atomic<bool> asked{false};
  space_->SetEvict([&] { asked = true; });
  std::thread waits([&] { EXPECT_FALSE(space_->Reserve(2 * kMiB)); });
  while (!asked) std::this_thread::yield();
  space_->Stop();
  waits.join();
}

}  // namespace
}  // namespace brimfs
