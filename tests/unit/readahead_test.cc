#include "core/readahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#include "core/range_set.h"

namespace brimfs {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kKiB = 1 << 10;
constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

class ReadaheadTest : public ::testing::Test {
 protected:
  std::vector<Range> Read(uint64_t begin, uint64_t size) {
    const Range read{begin, begin + size};
    wanted_.Add(Intersect(read, {0, limits_.length}));
    fetched_.Add(Intersect(AlignOutward(read, kFillBlock), {0, limits_.length}));
    std::vector<Range> ahead = readahead_.OnRead(read, limits_);
    for (const Range& range : ahead) {
      requested_ += range.size();
      asked_.Add(range);
      fetched_.Add(range);
    }
    return ahead;
  }

  // Bytes that were fetched, for a reader or ahead of one, over those that were read.
  double Cost() const {
    return static_cast<double>(fetched_.TotalBytes()) / static_cast<double>(wanted_.TotalBytes());
  }

  // The history of a whole file in requests of 128 KiB that overtake each other within `spread`.
  static std::vector<uint64_t> Shuffled(uint64_t length, uint64_t spread) {
    std::vector<uint64_t> order;
    for (uint64_t at = 0; at < length; at += 128 * kKiB) order.push_back(at);
    std::mt19937 random(7);
    const size_t together = spread / (128 * kKiB);
    for (size_t i = 0; i + together <= order.size(); i += together) {
      std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(i),
                   order.begin() + static_cast<std::ptrdiff_t>(i + together), random);
    }
    return order;
  }

  Readahead::Limits limits_{kGiB, UINT64_MAX, UINT64_MAX, {}};
  Readahead readahead_;
  RangeSet wanted_;
  RangeSet fetched_;
  RangeSet asked_;          // all that was to be fetched ahead
  uint64_t requested_ = 0;  // the sum of it, so that asking twice shows
};

TEST_F(ReadaheadTest, TheFirstTouchFetchesNothingAhead) {
  EXPECT_TRUE(Read(0, 128 * kKiB).empty());
  EXPECT_EQ(readahead_.window(), 0);
}

TEST_F(ReadaheadTest, TheSecondReadInARowOpensTheWindow) {
  Read(0, 128 * kKiB);
  EXPECT_THAT(Read(128 * kKiB, 128 * kKiB), ElementsAre(Range{256 * kKiB, 384 * kKiB}));
}

TEST_F(ReadaheadTest, AWindowIsNoSmallerThanTheReads) {
  Read(0, 128 * kKiB);
  EXPECT_THAT(Read(128 * kKiB, 896 * kKiB), ElementsAre(Range{kMiB, kMiB + 896 * kKiB}));
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
  limits_.link.round_trip = std::chrono::milliseconds(20);
  limits_.link.bytes_per_second = 200e6;
  Read(0, 128 * kKiB);
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), limits_.link.WindowBytes());
  limits_.link.bytes_per_second = 200e9;
  for (uint64_t at = 256 * kMiB; at < 512 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 64 * kMiB);
}

TEST_F(ReadaheadTest, ReadsOfOneStreamMayComeOutOfOrder) {
  // A megabyte at a time, as one read(2) does.
  for (const uint64_t at : Shuffled(64 * kMiB, kMiB)) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 16 * kMiB);
  EXPECT_TRUE(asked_.Covers({3 * kMiB, 64 * kMiB}));
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, AndByAsMuchAsTheKernelHasInFlight) {
  for (const uint64_t at : Shuffled(256 * kMiB, 4 * kMiB)) Read(at, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 16 * kMiB);
  EXPECT_TRUE(fetched_.Covers({0, 256 * kMiB}));
  EXPECT_LT(Cost(), 1.1);
}

TEST_F(ReadaheadTest, RandomReadsFetchNextToNothingAhead) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) Read(random() % (limits_.length / 4096) * 4096, 4 * kKiB);
  EXPECT_LT(requested_, 10'000 * 4 * kKiB / 10);
}

TEST_F(ReadaheadTest, ARandomReadOfAFewBytesCostsOneFillBlock) {
  Read(500 * kMiB + 12 * kKiB, 4 * kKiB);
  EXPECT_EQ(fetched_.TotalBytes(), kFillBlock);
}

TEST_F(ReadaheadTest, RandomAlignedReadsCostATenthMoreAtMost) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i)
    Read(random() % (limits_.length / kFillBlock) * kFillBlock, kFillBlock);
  EXPECT_LT(Cost(), 1.1);
}

TEST_F(ReadaheadTest, EvenInASmallFile) {
  limits_.length = 64 * kMiB;
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i)
    Read(random() % (limits_.length / kFillBlock) * kFillBlock, kFillBlock);
  EXPECT_LT(Cost(), 1.1);
}

TEST_F(ReadaheadTest, RandomUnalignedReadsCostTwiceAtMost) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) Read(random() % (limits_.length - kFillBlock), kFillBlock);
  EXPECT_LE(Cost(), 2);
}

TEST_F(ReadaheadTest, RandomFaultsOfAMapAddNothingToWhatTheKernelReadsAroundThem) {
  std::mt19937_64 random(7);
  limits_.length = 16 * kGiB;
  for (int i = 0; i < 100; ++i) {  // then the kernel gives up reading around
    const uint64_t page = random() % (limits_.length / 4096 - 512) * 4096;
    Read(page, kMiB);
  }
  RangeSet touched;
  for (int i = 0; i < 1000; ++i) {
    const Range page{random() % (limits_.length / 4096) * 4096, 4 * kKiB};
    touched.Add(AlignOutward({page.begin, page.begin + 1}, kFillBlock));
    Read(page.begin, 4 * kKiB);
  }
  EXPECT_LE(requested_, touched.TotalBytes() / 10);
}

TEST_F(ReadaheadTest, StridesFetchTheirPiecesAndNothingBetween) {
  for (uint64_t at = 0; at < 256 * kMiB; at += kMiB) Read(at, 64 * kKiB);
  EXPECT_TRUE(asked_.Covers({3 * kMiB, 3 * kMiB + 64 * kKiB}));
  EXPECT_TRUE(asked_.Covers({255 * kMiB, 255 * kMiB + 64 * kKiB}));
  EXPECT_LT(Cost(), 1.3);  // up to 64 pieces past the last
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, TheirNumberAheadIsBounded) {
  uint64_t most = 0;
  for (uint64_t at = 0; at < 256 * kMiB; at += kMiB) {
    Read(at, 64 * kKiB);
    most = std::max(most, asked_.Overlap({at + kMiB, kGiB}).size());
  }
  EXPECT_EQ(most, 64);
}

TEST_F(ReadaheadTest, StridesMayGoDown) {
  for (uint64_t at = 256 * kMiB; at > 0; at -= kMiB) Read(at, 64 * kKiB);
  EXPECT_TRUE(asked_.Covers({253 * kMiB, 253 * kMiB + 64 * kKiB}));
  EXPECT_TRUE(asked_.Covers({kMiB, kMiB + 64 * kKiB}));
  EXPECT_LT(Cost(), 1.1);
}

TEST_F(ReadaheadTest, PiecesOfAStrideMayComeInSmallReads) {
  for (uint64_t at = 0; at < 256 * kMiB; at += kMiB) {
    for (uint64_t into = 0; into < 64 * kKiB; into += 4 * kKiB) Read(at + into, 4 * kKiB);
  }
  EXPECT_TRUE(asked_.Covers({255 * kMiB, 255 * kMiB + 64 * kKiB}));
  EXPECT_LT(Cost(), 1.4);
}

TEST_F(ReadaheadTest, StridesOfAFewBytesInEveryBlockFetchEveryBlockOnce) {
  for (uint64_t at = 0; at < 64 * kMiB; at += 64 * kKiB) Read(at, 4 * kKiB);
  EXPECT_TRUE(asked_.Covers({256 * kKiB, 64 * kMiB}));
  EXPECT_EQ(requested_, asked_.TotalBytes());
}

TEST_F(ReadaheadTest, TwoInterleavedStridesAreBothFollowed) {
  const uint64_t other = 512 * kMiB;
  for (uint64_t at = 0; at < 256 * kMiB; at += kMiB) {
    Read(at, 64 * kKiB);
    Read(other + 2 * at, 64 * kKiB);
  }
  EXPECT_TRUE(asked_.Covers({255 * kMiB, 255 * kMiB + 64 * kKiB}));
  EXPECT_TRUE(asked_.Covers({other + 510 * kMiB, other + 510 * kMiB + 64 * kKiB}));
  EXPECT_LT(Cost(), 1.3);
}

TEST_F(ReadaheadTest, ReadingOnAfterAStrideIsSequential) {
  for (uint64_t at = 0; at < 16 * kMiB; at += kMiB) Read(at, 64 * kKiB);
  for (uint64_t at = 16 * kMiB; at < 64 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  EXPECT_GT(readahead_.window(), kMiB);
  EXPECT_TRUE(asked_.Covers({17 * kMiB, 64 * kMiB}));
}

TEST_F(ReadaheadTest, ReadingBackwardsIsSequentialToo) {
  for (uint64_t at = 256 * kMiB; at > 64 * kMiB; at -= 128 * kKiB)
    Read(at - 128 * kKiB, 128 * kKiB);
  EXPECT_EQ(readahead_.window(), 16 * kMiB);
  EXPECT_TRUE(asked_.Covers({64 * kMiB, 255 * kMiB}));
  EXPECT_EQ(requested_, asked_.TotalBytes());
  EXPECT_LT(Cost(), 1.1);
}

TEST_F(ReadaheadTest, ALargeReadBackwardsArrivesInPiecesThatGoForwards) {
  for (uint64_t at = 256 * kMiB; at > 64 * kMiB; at -= kMiB) {
    for (uint64_t into = 0; into < kMiB; into += 128 * kKiB) Read(at - kMiB + into, 128 * kKiB);
  }
  EXPECT_TRUE(asked_.Covers({64 * kMiB, 248 * kMiB}));
  EXPECT_LT(Cost(), 1.2);
}

TEST_F(ReadaheadTest, ReadingBackwardsEndsAtTheBeginning) {
  for (uint64_t at = kMiB; at > 0; at -= 128 * kKiB) Read(at - 128 * kKiB, 128 * kKiB);
  EXPECT_TRUE(asked_.Covers({0, 512 * kKiB}));
  EXPECT_TRUE(Read(0, 128 * kKiB).empty());
}

TEST_F(ReadaheadTest, OneReadOutOfOrderDoesNotTurnAStream) {
  Read(10 * kMiB + 128 * kKiB, 128 * kKiB);
  EXPECT_TRUE(Read(10 * kMiB, 128 * kKiB).empty());
  EXPECT_THAT(Read(10 * kMiB + 256 * kKiB, 128 * kKiB),
              ElementsAre(Range{10 * kMiB + 384 * kKiB, 10 * kMiB + 512 * kKiB}));
}

TEST_F(ReadaheadTest, NothingIsAskedForWhereThereIsNoRoom) {
  limits_.room = 0;
  for (uint64_t at = 0; at < 8 * kMiB; at += 128 * kKiB) EXPECT_TRUE(Read(at, 128 * kKiB).empty());
  limits_.room = kMiB;
  EXPECT_THAT(Read(8 * kMiB, 128 * kKiB),
              ElementsAre(Range{8 * kMiB + 128 * kKiB, 8 * kMiB + 256 * kKiB}));
  for (uint64_t at = 8 * kMiB + 128 * kKiB; at < 64 * kMiB; at += 128 * kKiB) {
    for (const Range& ahead : Read(at, 128 * kKiB)) EXPECT_LE(ahead.size(), kMiB);
  }
}

TEST_F(ReadaheadTest, ASmallCacheKeepsTheWindowSmall) {
  limits_.window = kMiB;
  for (uint64_t at = 0; at < 64 * kMiB; at += 128 * kKiB) {
    Read(at, 128 * kKiB);
    EXPECT_LE(asked_.TotalBytes(), at + 128 * kKiB + kMiB);
  }
  EXPECT_EQ(readahead_.window(), kMiB);
}

TEST_F(ReadaheadTest, RandomReadsAfterALongSequentialRunCloseTheWindow) {
  Read(0, 128 * kKiB);
  for (uint64_t at = 128 * kKiB; at < 256 * kMiB; at += 128 * kKiB) Read(at, 128 * kKiB);
  ASSERT_EQ(readahead_.window(), 16 * kMiB);
  std::mt19937_64 random(7);
  for (uint64_t at = 256 * kMiB; at < 320 * kMiB; at += random() % (512 * kKiB)) Read(at, 4 * kKiB);
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
  limits_.length = 300 * kKiB + 17;
  Read(0, 128 * kKiB);
  EXPECT_THAT(Read(128 * kKiB, 128 * kKiB), ElementsAre(Range{256 * kKiB, limits_.length}));
  EXPECT_TRUE(Read(256 * kKiB, 128 * kKiB).empty());
  EXPECT_TRUE(Read(limits_.length, 128 * kKiB).empty());
  EXPECT_TRUE(Read(kMaxOffset - 1, 1).empty());
}

}  // namespace
}  // namespace brimfs
