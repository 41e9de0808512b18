#include "fs/blocking_share.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

TEST(BlockingShareTest, AsManyAsThereAreSlotsMayBeTaken) {
  BlockingShare share(2);
  EXPECT_TRUE(share.TryTake());
  EXPECT_TRUE(share.TryTake());
  EXPECT_FALSE(share.TryTake());
  share.Return();
  EXPECT_TRUE(share.TryTake());
}

TEST(BlockingShareTest, WorkRunsAtOnceWhileASlotIsFree) {
  BlockingShare share(1);
  bool ran = false;
  share.Run([&] {
    ran = true;
    EXPECT_FALSE(share.TryTake()) << "the work holds the slot";
  });
  EXPECT_TRUE(ran);
  EXPECT_TRUE(share.TryTake()) << "and gave it back";
}

TEST(BlockingShareTest, WorkWithoutASlotRunsInOrderOnTheThreadThatFreesOne) {
  BlockingShare share(1);
  ASSERT_TRUE(share.TryTake());
  std::vector<int> order;
  std::thread::id ran_on;
  share.Run([&] { order.push_back(1); });
  share.Run([&] {
    order.push_back(2);
    ran_on = std::this_thread::get_id();
  });
  EXPECT_TRUE(order.empty());
  std::thread([&] {
    share.Return();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
  }).join();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_TRUE(share.TryTake()) << "the slot is free again";
}

TEST(BlockingShareTest, WorkThatIsPutOffByWorkStillRuns) {
  BlockingShare share(1);
  std::vector<int> order;
  share.Run([&] {
    share.Run([&] { order.push_back(2); });
    order.push_back(1);
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(BlockingShareTest, NoMoreRunAtATimeThanThereAreSlotsAndNoneIsLost) {
  constexpr int kSlots = 2;
  constexpr int kThreads = 8;
  constexpr int kRounds = 1000;
  BlockingShare share(kSlots);
  std::atomic<int> running{0};
  std::atomic<int> done{0};
  std::atomic<bool> too_many{false};
  const auto work = [&] {
    if (++running > kSlots) too_many = true;
    ++done;
    --running;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        if (i % 2 == 0) {
          share.Run(work);
        } else if (share.TryTake()) {
          work();
          share.Return();
        } else {
          ++done;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(too_many);
  EXPECT_EQ(done, kThreads * kRounds);
  for (int i = 0; i < kSlots; ++i) EXPECT_TRUE(share.TryTake());
  EXPECT_FALSE(share.TryTake());
}

}  // namespace
}  // namespace brimfs
