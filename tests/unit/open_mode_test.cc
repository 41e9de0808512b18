#include "fs/open_mode.h"

#include <atomic>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

class OpenModeTest : public testing::Test {
 protected:
  int Open(bool may_pass = true) {
    return mode_.Enter(may_pass, [&]() -> Result<int> {
      ++registrations_;
      if (refuse_) return Status(Code::kUnsupported);
      return next_id_++;
    });
  }

  OpenMode mode_;
  int next_id_ = 7;
  int registrations_ = 0;
  bool refuse_ = false;
};

TEST_F(OpenModeTest, AFileThatMayNotPassIsOrdinary) {
  EXPECT_EQ(Open(/*may_pass=*/false), 0);
  EXPECT_EQ(registrations_, 0);
}

TEST_F(OpenModeTest, AllOpensShareOneBackingFile) {
  EXPECT_EQ(Open(), 7);
  EXPECT_EQ(Open(), 7);
  EXPECT_EQ(Open(/*may_pass=*/false), 7) << "bytes that were evicted meanwhile change nothing";
  EXPECT_EQ(registrations_, 1);
}

TEST_F(OpenModeTest, TheLastToLeaveUnregisters) {
  ASSERT_EQ(Open(), 7);
  ASSERT_EQ(Open(), 7);
  EXPECT_EQ(mode_.Leave(7), 0);
  EXPECT_EQ(mode_.Leave(7), 7);
  EXPECT_EQ(Open(), 8) << "registered anew";
}

TEST_F(OpenModeTest, OrdinaryUntilTheLastOrdinaryOpenIsClosed) {
  ASSERT_EQ(Open(/*may_pass=*/false), 0);
  EXPECT_EQ(Open(), 0) << "the kernel refuses a mix";
  EXPECT_EQ(mode_.Leave(0), 0);
  EXPECT_EQ(Open(), 0);
  EXPECT_EQ(mode_.Leave(0), 0);
  EXPECT_EQ(mode_.Leave(0), 0);
  EXPECT_EQ(Open(), 7);
}

TEST_F(OpenModeTest, ARefusedRegistrationIsOrdinary) {
  refuse_ = true;
  EXPECT_EQ(Open(), 0);
  refuse_ = false;
  EXPECT_EQ(Open(), 0) << "an ordinary open lives";
  EXPECT_EQ(registrations_, 1);
}

TEST_F(OpenModeTest, AnOpenDuringTheRegistrationWaitsAndGoesTheSameWay) {
  for (const bool accepted : {true, false}) {
    OpenMode mode;
    std::latch second_started(1);
    int second = -1;
    std::thread other;
    const int first = mode.Enter(true, [&]() -> Result<int> {
      other = std::thread([&] {
        second_started.count_down();
        second = mode.Enter(true, [&]() -> Result<int> { return 99; });
      });
      second_started.wait();
      if (!accepted) return Status(Code::kUnsupported);
      return 5;
    });
    other.join();
    EXPECT_EQ(first, accepted ? 5 : 0);
    EXPECT_EQ(second, first);
  }
}

TEST_F(OpenModeTest, ManyThreadsNeverMixTheTwoWaysNorTwoBackingFiles) {
  OpenMode mode;
  Mutex mu;
  std::multiset<int> open;  // backing ids of what is open at this moment
  bool mixed = false;
  std::atomic<int> ids{0};
  std::atomic<int> registered{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 2000; ++round) {
        const int id = mode.Enter((thread + round) % 3 != 0, [&]() -> Result<int> {
          if (round % 5 == 0) return Status(Code::kUnsupported);
          ++registered;
          return ++ids;
        });
        {
          MutexLock lock(mu);
          open.insert(id);
          if (*open.begin() != *open.rbegin()) mixed = true;
        }
        {
          MutexLock lock(mu);
          open.erase(open.find(id));
        }
        if (mode.Leave(id) != 0) --registered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(mixed);
  EXPECT_GT(ids, 0);
  EXPECT_EQ(registered, 0) << "what was registered is unregistered";
}

}  // namespace
}  // namespace brimfs
