#include "core/disk_health.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

constexpr char kStops[] =
    "brimfs: warning: the cache in /a fails, what it does not take is kept in memory: "
    "writing: No space left on device\n";
constexpr char kGoesOn[] = "brimfs: info: the cache in /a works again\n";

class DiskHealthTest : public testing::Test {
 protected:
  void Fail() { health_.Failed(Status::FromErrno(ENOSPC, "writing")); }

  FakeClock clock_;
  DiskHealth health_{"/a", clock_};
};

TEST_F(DiskHealthTest, ADiskIsUsedUntilItFails) {
  EXPECT_TRUE(health_.Usable());
  health_.Worked();
  EXPECT_TRUE(health_.Usable());
  Fail();
  EXPECT_FALSE(health_.Usable());
}

TEST_F(DiskHealthTest, AfterThePauseOneMayTry) {
  Fail();
  clock_.Advance(DiskHealth::kPause - std::chrono::nanoseconds(1));
  EXPECT_FALSE(health_.Usable());
  clock_.Advance(std::chrono::nanoseconds(1));
  EXPECT_TRUE(health_.Usable());
  EXPECT_FALSE(health_.Usable());
  clock_.Advance(DiskHealth::kPause);  // nobody knows what became of the one
  EXPECT_TRUE(health_.Usable());
}

TEST_F(DiskHealthTest, AFailedTryIsAnotherPause) {
  Fail();
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(health_.Usable());
  clock_.Advance(DiskHealth::kPause / 2);
  Fail();
  clock_.Advance(DiskHealth::kPause / 2);
  EXPECT_FALSE(health_.Usable());
  clock_.Advance(DiskHealth::kPause / 2);
  EXPECT_TRUE(health_.Usable());
}

TEST_F(DiskHealthTest, AFailureThatNobodyLetThroughDoesNotPutOffTheNextTry) {
  EXPECT_FALSE(health_.failing());
  Fail();
  clock_.Advance(DiskHealth::kPause / 2);
  Fail();
  EXPECT_TRUE(health_.failing());
  clock_.Advance(DiskHealth::kPause / 2);
  EXPECT_TRUE(health_.Usable());
}

TEST_F(DiskHealthTest, ATryThatWorksEndsIt) {
  Fail();
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(health_.Usable());
  health_.Worked();
  EXPECT_TRUE(health_.Usable());
  EXPECT_TRUE(health_.Usable());
}

TEST_F(DiskHealthTest, WhatWasUnderWayWhenItFailedDoesNotEndIt) {
  Fail();
  health_.Worked();
  EXPECT_FALSE(health_.Usable());
}

TEST_F(DiskHealthTest, TheLogHasOneLineWhenItStopsAndOneWhenItGoesOn) {
  CaptureStderr();
  for (int i = 0; i < 10; ++i) Fail();
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(DiskHealth::kPause);
    ASSERT_TRUE(health_.Usable());
    Fail();
  }
  EXPECT_EQ(GetCapturedStderr(), kStops);
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(health_.Usable());
  CaptureStderr();
  health_.Worked();
  health_.Worked();
  EXPECT_EQ(GetCapturedStderr(), kGoesOn);
}

TEST_F(DiskHealthTest, ADiskAtItsLimitIsInTheLogOnceAMinute) {
  CaptureStderr();
  for (int i = 0; i < 45; ++i) {  // 90 seconds
    Fail();
    clock_.Advance(DiskHealth::kPause);
    ASSERT_TRUE(health_.Usable());
    health_.Worked();
  }
  EXPECT_EQ(GetCapturedStderr(), std::string(kStops) + kGoesOn + kStops + kGoesOn);
}

}  // namespace
}  // namespace brimfs
