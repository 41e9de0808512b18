#include "fs/stat_ahead.h"

#include <atomic>
#include <latch>
#include <memory>
#include <optional>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

class StatAheadTest : public testing::Test {
 protected:
  // Questions that are under way until Finish, one on every thread.
  void Occupy() {
    for (size_t i = 0; i < StatAhead::kThreads; ++i) {
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
  std::latch busy_{StatAhead::kThreads};
  std::latch finish_{1};
  std::optional<StatAhead> ahead_{std::in_place};
};

TEST_F(StatAheadTest, SeveralQuestionsAreAskedAtOnce) {
  Occupy();  // returns only if all of them run
  Finish();
}

TEST_F(StatAheadTest, WhatIsDroppedIsNotAsked) {
  Occupy();
  std::atomic<int> asked{0};
  std::latch last{1};
  for (int i = 0; i < 10; ++i) ahead_->Submit(&owner_, [&](const std::stop_token&) { ++asked; });
  ahead_->Submit(&other_, [&](const std::stop_token&) { last.count_down(); });
  ahead_->Drop(&owner_);
  Finish();
  last.wait();
  ahead_.reset();
  EXPECT_EQ(asked, 0);
}

TEST_F(StatAheadTest, TheOldestOfTooManyIsDropped) {
  Occupy();
  auto first = std::make_shared<int>();
  std::atomic<size_t> asked{0};
  std::latch last{1};
  ahead_->Submit(&owner_, [&, first](const std::stop_token&) { ++asked; });
  for (size_t i = 1; i < StatAhead::kMaxQueued; ++i) {
    ahead_->Submit(&owner_, [&](const std::stop_token&) { ++asked; });
  }
  EXPECT_EQ(first.use_count(), 2);
  ahead_->Submit(&owner_, [&](const std::stop_token&) { last.count_down(); });
  EXPECT_EQ(first.use_count(), 1);
  Finish();
  last.wait();
  ahead_.reset();
  EXPECT_EQ(asked, StatAhead::kMaxQueued - 1);
}

TEST_F(StatAheadTest, TheEndStopsWhatRunsAndDropsTheRest) {
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
