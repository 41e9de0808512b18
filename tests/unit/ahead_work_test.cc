#include "fs/ahead_work.h"

#include <atomic>
#include <latch>
#include <memory>
#include <optional>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

class AheadWorkTest : public testing::Test {
 protected:
  static constexpr size_t kThreads = 7;

  // Jobs that are under way until Finish, one on every thread.
  void Occupy() {
    for (size_t i = 0; i < kThreads; ++i) {
      ahead_->Submit(&other_, [this](const std::stop_token&) {
        busy_.count_down();
        finish_.wait();
      });
    }
    busy_.wait();
  }
  void Finish() { finish_.count_down(); }

  int owner_ = 0;
  int other_ = 0;
  std::latch busy_{kThreads};
  std::latch finish_{1};
  std::optional<AheadWork> ahead_{std::in_place, kThreads};
};

TEST_F(AheadWorkTest, SeveralJobsAreDoneAtOnce) {
  Occupy();  // returns only if all of them run
  Finish();
}

TEST_F(AheadWorkTest, WhatIsDroppedIsNotDone) {
  Occupy();
  std::atomic<int> done{0};
  std::latch last{1};
  for (int i = 0; i < 10; ++i) ahead_->Submit(&owner_, [&](const std::stop_token&) { ++done; });
  ahead_->Submit(&other_, [&](const std::stop_token&) { last.count_down(); });
  ahead_->Drop(&owner_);
  Finish();
  last.wait();
  ahead_.reset();
  EXPECT_EQ(done, 0);
}

TEST_F(AheadWorkTest, TheOldestOfTooManyIsDropped) {
  Occupy();
  auto first = std::make_shared<int>();
  std::atomic<size_t> done{0};
  std::latch last{1};
  ahead_->Submit(&owner_, [&, first](const std::stop_token&) { ++done; });
  for (size_t i = 1; i < AheadWork::kMaxQueued; ++i) {
    ahead_->Submit(&owner_, [&](const std::stop_token&) { ++done; });
  }
  EXPECT_EQ(first.use_count(), 2);
  ahead_->Submit(&owner_, [&](const std::stop_token&) { last.count_down(); });
  EXPECT_EQ(first.use_count(), 1);
  Finish();
  last.wait();
  ahead_.reset();
  EXPECT_EQ(done, AheadWork::kMaxQueued - 1);
}

TEST_F(AheadWorkTest, TheEndStopsWhatRunsAndDropsTheRest) {
  std::latch running{1};
  std::latch stopped{1};
  ahead_->Submit(&owner_, [&](const std::stop_token& stop) {
    const std::stop_callback wake(stop, [&] { stopped.count_down(); });
    running.count_down();
    stopped.wait();
  });
  running.wait();
  ahead_.reset();
}

}  // namespace
}  // namespace brimfs
