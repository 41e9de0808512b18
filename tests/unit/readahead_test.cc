#include "core/readahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/range_set.h"

namespace brimfs {
namespace {

constexpr uint64_t kKiB = 1 << 10;
constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

class ReadaheadTest : public ::testing::Test {
 protected:
  Range Read(uint64_t begin, uint64_t size) {
    const Range ahead = readahead_.OnRead({begin, begin + size}, length_, link_);
    requested_ += ahead.size();
    asked_.Add(ahead);
    return ahead;
  }

  uint64_t length_ = kGiB;
  LinkEstimate::Snapshot link_;
  Readahead readahead_;
  RangeSet asked_;          // all that was to be fetched ahead
  uint64_t requested_ = 0;  // the sum of it, so that asking twice shows
};

TEST_F(ReadaheadTest, TheFirstTouchFetchesNothingAhead) {
  EXPECT_TRUE(Read(0, 128 * kKiB).empty());
  EXPECT_EQ(readahead_.window(), 0);
}

TEST_F(ReadaheadTest, TheSecondReadInARowOpensTheWindow) {
  Read(0, 128 * kKiB);
  EXPECT_EQ(Read(128 * kKiB, 128 * kKiB), (Range{256 * kKiB, 384 * kKiB}));
}

TEST_F(ReadaheadTest, SequentialReadingDoublesTheWindowUpToTheCap) {
  Read(0, 128 * kKiB);
  std::vector<uint64_t> windows;
  for (uint64_t at = 128 * kKiB; at < 64 * kMiB; at += 128 * kKiB) {
    Read(at, 128 * kKiB);
    if (windows.empty() || windows.back() != readahead_.window()) {
      windows.push_back(readahead_.window());
    }
  }
  std::vector<uint64_t> doubled;
  for (uint64_t window = 256 * kKiB; window <= 16 * kMiB; window *= 2) doubled.push_back(window);
  EXPECT_EQ(windows, doubled);
}

TEST_F(ReadaheadTest, EverythingBeyondTheSecondReadIsAskedForOnce) {
  Read(0, 128 * kKiB);
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_TRUE(asked_.Covers({256 * kKiB, 256 * kMiB}));
  EXPECT_EQ(asked_.RangeCount(), 1);
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, NothingIsAskedForWhileMoreThanHalfTheWindowIsLeft) {
  Read(0, 128 * kKiB);
  int requests = 0;
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 4 * kKiB) {
    requests += Read(at, 4 * kKiB).empty() ? 0 : 1;
  }
  EXPECT_LT(requests, 50);  // of 8 MiB mostly, where the reads were 65,000
}

TEST_F(ReadaheadTest, ALongFatLinkWidensTheWindow) {
  link_.round_trip = std::chrono::milliseconds(100);
  link_.bytes_per_second = 200e6;
  Read(0, 128 * kKiB);
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 2 * link_.BandwidthDelayProduct());
  link_.bytes_per_second = 200e9;
  for (uint64_t at = 256 * kMiB; at < 512 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 64 * kMiB);
}

TEST_F(ReadaheadTest, ReadsOfOneStreamMayComeOutOfOrder) {
  std::vector<uint64_t> order;
  for (uint64_t at = 0; at < 64 * kMiB; at += 128 * kKiB) order.push_back(at);
  std::mt19937 random(7);
  for (size_t i = 0; i + 8 <= order.size(); i += 8) {  // a megabyte at a time, as one read(2) does
    std::shuffle(order.begin() + i, order.begin() + i + 8, random);
  }
  for (const uint64_t at : order) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 16 * kMiB);
  EXPECT_TRUE(asked_.Covers({3 * kMiB, 64 * kMiB}));
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, RandomReadsFetchNextToNothingAhead) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) Read(random() % (length_ / 4096) * 4096, 4 * kKiB);
  EXPECT_LT(requested_, 10'000 * 4 * kKiB / 10);
}

TEST_F(ReadaheadTest, StridesAreNotSequential) {
  for (uint64_t at = 0; at < 256 * kMiB; at += 64 * kKiB) Read(at, 4 * kKiB);
  EXPECT_EQ(requested_, 0);
}

TEST_F(ReadaheadTest, RandomReadsAfterALongSequentialRunCloseTheWindow) {
  Read(0, 128 * kKiB);
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  ASSERT_EQ(readahead_.window(), 16 * kMiB);
  for (uint64_t at = 256 * kMiB; at < 320 * kMiB; at += 256 * kKiB) Read(at, 4 * kKiB);
  EXPECT_EQ(readahead_.window(), 0);
}

TEST_F(ReadaheadTest, TwoStreamsInOneFileAreBothFollowed) {
  const uint64_t other = 512 * kMiB;
  for (uint64_t at = 0; at < 64 * kMiB; at += 128 * kKiB) {
    Read(at, 128 * kKiB);
    Read(other + at, 128 * kKiB);
  }
  EXPECT_TRUE(asked_.Covers({256 * kKiB, 64 * kMiB}));
  EXPECT_TRUE(asked_.Covers({other + 256 * kKiB, other + 64 * kMiB}));
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, ReadingTheSamePlaceAgainIsNoProgress) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Read(kMiB, 128 * kKiB).empty());
}

TEST_F(ReadaheadTest, TheEndOfTheObjectCutsWhatIsAskedFor) {
  length_ = 300 * kKiB + 17;
  Read(0, 128 * kKiB);
  EXPECT_EQ(Read(128 * kKiB, 128 * kKiB), (Range{256 * kKiB, length_}));
  EXPECT_TRUE(Read(256 * kKiB, 128 * kKiB).empty());
  EXPECT_TRUE(Read(length_, 128 * kKiB).empty());
  EXPECT_TRUE(Read(kMaxOffset - 1, 1).empty());
}

}  // namespace
}  // namespace brimfs
