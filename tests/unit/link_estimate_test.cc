#include "core/link_estimate.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kMiB = 1 << 20;
const TimePoint kStart = TimePoint() + std::chrono::hours(1);

TEST(LinkEstimateTest, NothingIsKnownAtFirst) {
  const LinkEstimate::Snapshot link = LinkEstimate().snapshot();
  EXPECT_EQ(link.round_trip, Duration(0));
  EXPECT_EQ(link.bytes_per_second, 0);
  EXPECT_EQ(link.connection_bytes_per_second, 0);
  EXPECT_EQ(link.PartBytes(), 0);
  EXPECT_EQ(link.WindowBytes(), 0);
}

TEST(LinkEstimateTest, OneConnectionIsTheWholeLink) {
  LinkEstimate estimate;
  estimate.OnFlight(milliseconds(20), kMiB, milliseconds(100), kStart);
  const LinkEstimate::Snapshot link = estimate.snapshot();
  EXPECT_EQ(link.round_trip, milliseconds(20));
  EXPECT_DOUBLE_EQ(link.bytes_per_second, 10.0 * kMiB);
  EXPECT_DOUBLE_EQ(link.connection_bytes_per_second, 10.0 * kMiB);
  EXPECT_EQ(link.PartTime(), milliseconds(80));
  EXPECT_EQ(link.PartBytes(), static_cast<uint64_t>(0.8 * kMiB));
  EXPECT_EQ(link.WindowBytes(), 2 * kMiB);
}

TEST(LinkEstimateTest, ANearServerGetsPartsThatAreWorthARequestToo) {
  LinkEstimate estimate;
  estimate.OnFlight(milliseconds(0), kMiB, milliseconds(1), kStart);
  EXPECT_EQ(estimate.snapshot().PartTime(), milliseconds(10));
}

TEST(LinkEstimateTest, BodiesThatArriveSideBySideAddUp) {
  LinkEstimate estimate;
  for (int i = 0; i < 4; ++i) {
    estimate.OnFlight(milliseconds(20), kMiB, milliseconds(100), kStart);
  }
  EXPECT_DOUBLE_EQ(estimate.snapshot().bytes_per_second, 40.0 * kMiB);
  EXPECT_DOUBLE_EQ(estimate.snapshot().connection_bytes_per_second, 10.0 * kMiB);
}

TEST(LinkEstimateTest, IdleTimeBetweenFlightsDoesNotCount) {
  LinkEstimate estimate;
  estimate.OnFlight(milliseconds(20), kMiB, milliseconds(100), kStart);
  estimate.OnFlight(milliseconds(20), kMiB, milliseconds(100), kStart + std::chrono::hours(1));
  EXPECT_DOUBLE_EQ(estimate.snapshot().bytes_per_second, 10.0 * kMiB);
}

TEST(LinkEstimateTest, TheRoundTripIsTheLeastOfTheRecentOnes) {
  LinkEstimate estimate;
  estimate.OnFlight(milliseconds(20), 0, milliseconds(0), kStart);
  estimate.OnFlight(milliseconds(90), 0, milliseconds(0), kStart);
  EXPECT_EQ(estimate.snapshot().round_trip, milliseconds(20));
  for (int i = 0; i < 16; ++i) estimate.OnFlight(milliseconds(50), 0, milliseconds(0), kStart);
  EXPECT_EQ(estimate.snapshot().round_trip, milliseconds(50));
}

TEST(LinkEstimateTest, ShortBodiesSayNothingOfTheRate) {
  LinkEstimate estimate;
  estimate.OnFlight(milliseconds(20), 100, milliseconds(100), kStart);
  EXPECT_EQ(estimate.snapshot().bytes_per_second, 0);
}

TEST(LinkEstimateTest, AChangedLinkIsFoundOut) {
  LinkEstimate estimate;
  TimePoint now = kStart;
  for (int i = 0; i < 100; ++i) {
    estimate.OnFlight(milliseconds(1), 100 * kMiB, milliseconds(100), now += milliseconds(100));
  }
  for (int i = 0; i < 100; ++i) {
    estimate.OnFlight(milliseconds(1), kMiB, milliseconds(1000), now += milliseconds(1000));
  }
  EXPECT_NEAR(estimate.snapshot().bytes_per_second, kMiB, 0.01 * kMiB);
}

}  // namespace
}  // namespace brimfs
