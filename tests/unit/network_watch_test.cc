#include "backends/network_watch.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace brimfs {
namespace {

TEST(NetworkWatchTest, EachEventIsANewEpochAndWakesThoseWhoAskedForIt) {
  NetworkWatch watch;
  const NetworkWatch::Epoch first = watch.epoch();
  int woken = 0;
  {
    const NetworkWatch::Subscription a(watch, [&woken] { ++woken; });
    const NetworkWatch::Subscription b(watch, [&woken] { ++woken; });
    watch.Changed();
    EXPECT_EQ(woken, 2);
    EXPECT_NE(watch.epoch(), first);
    EXPECT_EQ(watch.epoch().resumes, first.resumes);
    watch.Resumed();
    EXPECT_EQ(woken, 4);
    EXPECT_NE(watch.epoch().resumes, first.resumes);
  }
  watch.Changed();
  EXPECT_EQ(woken, 4) << "woken after the subscription has ended";
}

TEST(NetworkWatchTest, SubscribersComeAndGoWhileItTells) {
  NetworkWatch watch;
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&watch] {
      for (int j = 0; j < 1000; ++j) {
        int woken = 0;
        const NetworkWatch::Subscription subscription(watch, [&woken] { ++woken; });
      }
    });
  }
  for (int i = 0; i < 1000; ++i) watch.Changed();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(watch.epoch().changes, 1000u);
}

TEST(NetworkWatchTest, OurAddressesAreToldFromThoseThatAreNot) {
  for (const char* ours : {"127.0.0.1", "127.0.0.2"}) EXPECT_TRUE(IsOurAddress(ours)) << ours;
  // Of networks for documentation (RFC 5737, 3849).
  for (const char* not_ours : {"192.0.2.1", "2001:db8::1", "", "localhost"}) {
    EXPECT_FALSE(IsOurAddress(not_ours)) << not_ours;
  }
}

}  // namespace
}  // namespace brimfs
