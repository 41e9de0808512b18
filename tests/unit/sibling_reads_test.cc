#include "fs/sibling_reads.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/range.h"
#include "gtest/gtest.h"

namespace brimfs {
namespace {

constexpr uint64_t kLimit = 16 << 20;
constexpr uint64_t kWhole = UINT64_MAX;

class SiblingReadsTest : public testing::Test {
 protected:
  // `count` files of `length` bytes.
  void List(size_t count, uint64_t length = kFillBlock) {
    std::vector<ListedName> names;
    for (size_t i = 0; i < count; ++i) {
      ListedName listed{"f" + std::to_string(100'000 + i), ObjectKind::kFile, {}};
      listed.version.length = length;
      names.push_back(std::move(listed));
    }
    listing_ = MakeListing(std::move(names), "d", "fake://d", TimePoint());
    known_to_ = count;
    reads_ = SiblingReads();
    wanted_.clear();
  }

  // Reads so much of the front of a file. How many are wanted then.
  size_t Read(size_t position, uint64_t bytes = kWhole) {
    const uint64_t length = *listing_->LengthAt(position);
    const auto length_of = [&](size_t at) -> std::optional<uint64_t> {
      if (at >= known_to_) return std::nullopt;
      return *listing_->LengthAt(at);
    };
    const SiblingReads::Advice advice =
        reads_.OnRead(*listing_, {position, length, std::min(length, bytes)}, limit_, length_of);
    random_ = advice.random;
    read_.insert(position);
    for (const SiblingReads::Wanted& wanted : advice.wanted) {
      EXPECT_LT(wanted.position, listing_->size());
      last_bytes_ = wanted.bytes;
      wanted_.insert(wanted.position);
    }
    return advice.wanted.size();
  }
  void ReadAll(const std::vector<size_t>& order) {
    for (const size_t position : order) Read(position);
  }
  static std::vector<size_t> Iota(size_t count) {
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

  // Of what was wanted, what was read, and what was not.
  size_t Used() const {
    return static_cast<size_t>(std::count_if(wanted_.begin(), wanted_.end(),
                                             [&](size_t at) { return read_.count(at) > 0; }));
  }
  size_t Wasted() const { return wanted_.size() - Used(); }

  std::shared_ptr<const Listing> listing_;
  size_t known_to_ = 0;  // positions whose length is known
  uint64_t limit_ = kLimit;
  SiblingReads reads_;
  std::set<size_t> wanted_;
  std::set<size_t> read_;
  uint64_t last_bytes_ = 0;  // of the file that was wanted last
  bool random_ = false;
};

TEST_F(SiblingReadsTest, TwoFilesShowNothing) {
  List(1000);
  EXPECT_EQ(Read(0) + Read(1), 0u);
}

TEST_F(SiblingReadsTest, ThreeInARowAreAStreamThatDoublesToItsLimit) {
  List(1000);
  ReadAll({0, 1});
  EXPECT_EQ(Read(2), SiblingReads::kPattern.first_window);
  size_t position = 3;
  for (; position < 20; ++position) Read(position);
  EXPECT_EQ(*wanted_.rbegin(), position + SiblingReads::kPattern.max_window - 1);
  EXPECT_EQ(Read(position), 1u) << "then one comes for each that is read";
}

TEST_F(SiblingReadsTest, TheOrderOfNumbersIsOneTooAndNothingElseIsWantedInIt) {
  List(1000);
  for (size_t place = 0; place < 1000; ++place) {
    Read(*listing_->orders().PositionAt(NameOrders::kByNumber, place));
  }
  EXPECT_EQ(wanted_.size(), 997u);
  EXPECT_EQ(Wasted(), 0u);
}

TEST_F(SiblingReadsTest, SoIsTheOrderInWhichTheyAreListed) {
  constexpr size_t kCount = 1000;
  std::vector<ListedName> names;
  for (size_t i = 0; i < kCount; ++i) {
    ListedName listed{std::to_string(100'000 + i), ObjectKind::kFile, {}};
    listed.version.length = kFillBlock;
    names.push_back(std::move(listed));
  }
  std::mt19937 random(1);
  std::shuffle(names.begin(), names.end(), random);
  listing_ = MakeListing(names, "d", "fake://d", TimePoint());
  known_to_ = kCount;
  for (const ListedName& listed : names) Read(*listing_->PositionOf(listed.name));
  EXPECT_GT(Used(), kCount - 10);
  EXPECT_LT(Wasted(), 10u);
}

TEST_F(SiblingReadsTest, AStreamEndsWithTheDirectory) {
  List(50);
  ReadAll(Iota(50));
  EXPECT_EQ(wanted_.size(), 47u);
}

TEST_F(SiblingReadsTest, SeveralThatTakeTheNextFileEachAreAStream) {
  List(1000);
  std::vector<size_t> order = Iota(1000);
  std::mt19937 random(1);
  for (size_t i = 0; i < order.size(); i += 8) {
    std::shuffle(&order[i], &order[i] + 8, random);
  }
  ReadAll(order);
  EXPECT_GT(Used(), 950u);
  EXPECT_EQ(Wasted(), 0u);
}

TEST_F(SiblingReadsTest, WorkersThatHaveABatchEachAreStreams) {
  List(2000);
  constexpr size_t kWorkers = 6, kBatch = 32;
  for (size_t begin = 0; begin + kWorkers * kBatch <= 2000; begin += kWorkers * kBatch) {
    for (size_t i = 0; i < kBatch; ++i) {
      for (size_t worker = 0; worker < kWorkers; ++worker) Read(begin + worker * kBatch + i);
    }
  }
  EXPECT_GT(Used(), 1300u);
  EXPECT_LE(Wasted(), SiblingReads::kPattern.max_window);
}

TEST_F(SiblingReadsTest, RandomReadsWantHardlyAnything) {
  List(10'000);
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) Read(random() % 10'000);
  EXPECT_LT(wanted_.size(), 50u);
}

TEST_F(SiblingReadsTest, RandomReadsOfASmallDirectoryWantFewOfIt) {
  size_t wasted = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    List(200);
    read_.clear();
    std::mt19937 random(seed);
    for (int i = 0; i < 60; ++i) Read(random() % 200);
    wasted += Wasted();
  }
  EXPECT_LT(wasted, 100 * 60 / 40u);
}

TEST_F(SiblingReadsTest, AStreamThatBecomesRandomStopsAtOnce) {
  List(10'000);
  ReadAll(Iota(20));
  EXPECT_FALSE(random_);
  EXPECT_EQ(Read(5000), 0u);
  EXPECT_TRUE(random_);
  EXPECT_EQ(Read(20), 0u);
  EXPECT_EQ(Read(21), SiblingReads::kPattern.first_window) << "it has to grow again";
}

TEST_F(SiblingReadsTest, AProgramThatTakesEverySecondFileGetsFewThatItDoesNotWant) {
  List(2000);
  for (size_t position = 0; position < 2000; position += 2) Read(position);
  EXPECT_LT(Wasted(), 64u);
}

TEST_F(SiblingReadsTest, NamesThatAreNoFilesDoNotStopIt) {
  List(200);
  for (size_t position = 0; position < 200; ++position) {
    if (position % 6 != 5) Read(position);
  }
  EXPECT_GT(Used(), 150u);
}

TEST_F(SiblingReadsTest, WhoReadsHeadersWantsHeaders) {
  List(100, 10 << 20);
  for (size_t position = 0; position < 10; ++position) Read(position, 4096);
  EXPECT_GT(wanted_.size(), 10u);
  EXPECT_EQ(last_bytes_, kFillBlock);
}

TEST_F(SiblingReadsTest, WhoTurnsToHeadersIsFollowedAtOnce) {
  List(1000, 1 << 20);
  for (size_t position = 0; position < 5; ++position) Read(position);
  EXPECT_EQ(last_bytes_, 1u << 20);
  EXPECT_GT(Read(5, 4096), 0u);
  EXPECT_EQ(last_bytes_, kFillBlock);
  EXPECT_GT(Read(6), 0u);
  EXPECT_EQ(last_bytes_, kFillBlock) << "one whole file is not enough to want others whole";
  for (size_t position = 7; position < 100; ++position) Read(position);
  EXPECT_EQ(last_bytes_, 1u << 20);
}

TEST_F(SiblingReadsTest, OfHugeFilesOnlyTheFrontIsWanted) {
  List(100, uint64_t{1} << 40);
  for (size_t position = 0; position < 10; ++position) Read(position, 8 << 20);
  EXPECT_EQ(last_bytes_, SiblingReads::kMost);
}

TEST_F(SiblingReadsTest, WhatIsWantedAheadStaysBelowTheLimitOfBytes) {
  List(1000, 1 << 20);
  limit_ = 5 << 20;
  for (size_t position = 0; position < 100; ++position) Read(position);
  EXPECT_EQ(*wanted_.rbegin(), 99u + 5) << "what did not fit is wanted later";
  EXPECT_EQ(wanted_.size(), 99u + 5 - 2);
}

TEST_F(SiblingReadsTest, WhatIsNotKnownYetIsWantedWhenItIs) {
  List(100);
  known_to_ = 5;
  ReadAll({0, 1, 2, 3});
  EXPECT_EQ(*wanted_.rbegin(), 4u);
  known_to_ = 100;
  Read(4);
  EXPECT_TRUE(wanted_.count(5));
}

}  // namespace
}  // namespace brimfs
