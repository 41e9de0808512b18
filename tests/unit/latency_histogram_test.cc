#include "core/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

namespace brimfs {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr size_t kBuckets = LatencyHistogram::kBounds.size();

TEST(LatencyHistogramTest, ABoundIsPartOfItsBucket) {
  LatencyHistogram histogram;
  histogram.Observe(microseconds(100));
  histogram.Observe(microseconds(100) + nanoseconds(1));
  const auto counts = histogram.Take().counts;
  EXPECT_EQ(counts[0], 1);
  EXPECT_EQ(counts[1], 1);
}

TEST(LatencyHistogramTest, WhatIsLongerThanAllBoundsIsCountedToo) {
  LatencyHistogram histogram;
  histogram.Observe(hours(1));
  const LatencyHistogram::Snapshot snapshot = histogram.Take();
  EXPECT_EQ(snapshot.counts[kBuckets], 1);
  EXPECT_DOUBLE_EQ(snapshot.seconds, 3600);
}

TEST(LatencyHistogramTest, ATimeThatRanBackwardsIsNone) {
  LatencyHistogram histogram;
  histogram.Observe(-seconds(1));
  const LatencyHistogram::Snapshot snapshot = histogram.Take();
  EXPECT_EQ(snapshot.counts[0], 1);
  EXPECT_EQ(snapshot.seconds, 0);
}

TEST(LatencyHistogramTest, BoundsGrow) {
  const auto& bounds = LatencyHistogram::kBounds;
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  EXPECT_EQ(std::adjacent_find(bounds.begin(), bounds.end()), bounds.end());
}

TEST(LatencyHistogramTest, LosesNothingBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 10'000;
  LatencyHistogram histogram;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < kTimes; ++n) histogram.Observe(microseconds(n % 1000));
      });
    }
  }
  const LatencyHistogram::Snapshot snapshot = histogram.Take();
  EXPECT_EQ(std::accumulate(snapshot.counts.begin(), snapshot.counts.end(), uint64_t{0}),
            kThreads * kTimes);
  EXPECT_DOUBLE_EQ(snapshot.seconds, kThreads * (kTimes / 1000) * 0.4995);
}

}  // namespace
}  // namespace brimfs
