#include "core/lease_counter.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace brimfs {
namespace {

TEST(LeaseCounterTest, DrainReturnsAtOnceWhenNobodyIsIn) {
  LeaseCounter counter;
  counter.Drain();
  counter.Leave(counter.Enter());
  counter.Drain();
}

TEST(LeaseCounterTest, DrainWaitsForWhoeverEnteredBefore) {
  LeaseCounter counter;
  const LeaseCounter::Ticket early = counter.Enter();
  std::atomic<bool> left = false;
  auto drained = std::async(std::launch::async, [&] {
    counter.Drain();
    return left.load();
  });
  left = true;
  counter.Leave(early);
  EXPECT_TRUE(drained.get());
}

TEST(LeaseCounterTest, ATicketMayBeGivenBackByAnotherThread) {
  LeaseCounter counter;
  const LeaseCounter::Ticket ticket = counter.Enter();
  std::thread([&] { counter.Leave(ticket); }).join();
  counter.Drain();
}

// Somebody is always in, each entering before the one before has left.
TEST(LeaseCounterTest, ASteadyStreamOfReadersDoesNotStarveADrain) {
  LeaseCounter counter;
  std::atomic<bool> stop = false;
  std::thread stream([&] {
    LeaseCounter::Ticket held = counter.Enter();
    while (!stop) {
      const LeaseCounter::Ticket next = counter.Enter();
      counter.Leave(held);
      held = next;
    }
    counter.Leave(held);
  });
  for (int i = 0; i < 1000; ++i) counter.Drain();
  stop = true;
  stream.join();
}

// What an evictor does: take the value away, drain, destroy it. A reader that found it must see it
// whole.
TEST(LeaseCounterTest, NothingIsDestroyedUnderAReader) {
  constexpr int kRounds = 20'000;
  LeaseCounter counter;
  std::atomic<bool> there = true;
  std::array<std::atomic<int>, 2> halves{};  // equal except while being destroyed
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const LeaseCounter::Ticket ticket = counter.Enter();
        if (there) {
          const int first = halves[0].load(std::memory_order_relaxed);
          EXPECT_EQ(first, halves[1].load(std::memory_order_relaxed));
        }
        counter.Leave(ticket);
      }
    });
  }
  for (int round = 1; round <= kRounds; ++round) {
    there = false;
    counter.Drain();
    halves[0].store(round, std::memory_order_relaxed);
    halves[1].store(round, std::memory_order_relaxed);
    there = true;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace brimfs
