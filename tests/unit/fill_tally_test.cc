// What the bar of a fill is told.
#include "fs/fill_tally.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;

class FillTallyTest : public ::testing::Test {
 protected:
  Progress At(int second) {
    return tally_.At({.files = 2, .bytes = 200 * kMiB, .all = true}, TimePoint() + seconds(second));
  }

  FillTally tally_;
  FillTally::File file_{.size = 100 * kMiB};
  FillTally::File other_{.size = 100 * kMiB};
};

TEST_F(FillTallyTest, WhatWasThereBeforeIsFilledButDidNotCome) {
  (void)At(0);
  tally_.Note(file_, 90 * kMiB);
  EXPECT_EQ(At(1).filled, 90 * kMiB);
  EXPECT_EQ(At(1).rate, 0);
  tally_.Note(file_, 92 * kMiB);
  EXPECT_EQ(At(2).filled, 92 * kMiB);
  EXPECT_EQ(At(2).rate, 1.0 * kMiB) << "2 MiB in 2 seconds";
  tally_.Done(file_);
  EXPECT_EQ(At(10).filled, 100 * kMiB);
  EXPECT_EQ(At(10).rate, 1.0 * kMiB) << "10 MiB in 10 seconds";
  EXPECT_EQ(At(10).files, 1u);
}

TEST_F(FillTallyTest, AFileThatWasFilledAddsNothingToTheRate) {
  (void)At(0);
  tally_.Note(file_, 100 * kMiB);
  tally_.Done(file_);
  EXPECT_EQ(At(1).filled, 100 * kMiB);
  EXPECT_EQ(At(1).rate, 0);
}

TEST_F(FillTallyTest, AFailureTakesNothingBack) {
  (void)At(0);
  tally_.Note(file_, 0);
  tally_.Note(file_, 40 * kMiB);
  tally_.Note(other_, 0);
  const Progress before = At(2);
  EXPECT_EQ(before.rate, 20.0 * kMiB);
  tally_.Failed(file_);
  const Progress after = At(2);
  EXPECT_EQ(after.rate, before.rate);
  EXPECT_EQ(after.filled, before.filled);
  EXPECT_EQ(after.total, 140 * kMiB) << "the rest of it is waited for no more";
  tally_.Done(other_);
  EXPECT_EQ(At(3).filled, At(3).total);
}

TEST_F(FillTallyTest, ANewVersionComesOnTopOfWhatCameInVain) {
  (void)At(0);
  tally_.Note(file_, 0);
  tally_.Note(file_, 40 * kMiB);
  tally_.Replaced(file_);
  EXPECT_EQ(At(2).rate, 20.0 * kMiB);
  EXPECT_EQ(At(2).filled, 40 * kMiB);
  EXPECT_EQ(At(2).total, 240 * kMiB);
  tally_.Done(FillTally::File{.size = 100 * kMiB});
  tally_.Done(other_);
  EXPECT_EQ(At(3).filled, At(3).total);
}

TEST_F(FillTallyTest, WhatAMountSaysWronglyNeverGoesBackOrBeyondTheFile) {
  tally_.Note(file_, 50 * kMiB);
  tally_.Note(file_, 10 * kMiB);
  EXPECT_EQ(At(1).filled, 50 * kMiB);
  tally_.Note(file_, 500 * kMiB);
  EXPECT_EQ(At(1).filled, 100 * kMiB);
  tally_.Done(file_);
  EXPECT_EQ(At(1).filled, 100 * kMiB);
}

}  // namespace
}  // namespace brimfs
