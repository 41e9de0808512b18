#include "core/write_gatherer.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/range.h"

namespace brimfs {
namespace {

constexpr uint64_t kEnough = 4 * kFillBlock;

class WriteGathererTest : public ::testing::Test {
 protected:
  Status Add(uint64_t bytes, bool due = false) {
    const std::vector<std::byte> data(bytes, std::byte{1});
    const Status status = gatherer_.Add(offset_, data, due);
    offset_ += bytes;
    return status;
  }

  uint64_t offset_ = 0;  // of the next bytes in the object
  std::vector<size_t> stored_;
  Status answer_;
  std::vector<std::byte> memory_;
  WriteGatherer gatherer_{memory_, kEnough, [this](std::span<const std::byte> data) {
                            if (answer_.ok()) stored_.push_back(data.size());
                            return answer_;
                          }};
};

TEST_F(WriteGathererTest, SmallPiecesBecomeWritesOfWholeBlocks) {
  EXPECT_TRUE(Add(16'000).ok());  // libcurl's first one lacks what it took for the head
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(Add(16'384).ok());
  ASSERT_EQ(stored_.size(), 2u);
  for (const size_t size : stored_) EXPECT_EQ(size % kFillBlock, 0u);
  EXPECT_LT(gatherer_.size(), kEnough);
  EXPECT_TRUE(gatherer_.Flush().ok());
  EXPECT_EQ(gatherer_.size(), 0u);
}

TEST_F(WriteGathererTest, BlocksAreThoseOfTheObject) {
  offset_ = kFillBlock - 100;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Add(16'384).ok());
  ASSERT_FALSE(stored_.empty());
  EXPECT_EQ((kFillBlock - 100 + stored_[0]) % kFillBlock, 0u);
}

TEST_F(WriteGathererTest, WhoeverWaitsGetsWhatThereIs) {
  EXPECT_TRUE(Add(100).ok());
  EXPECT_TRUE(Add(100, /*due=*/true).ok());
  EXPECT_EQ(stored_, std::vector<size_t>{200});
  EXPECT_TRUE(Add(50, /*due=*/true).ok());
  EXPECT_EQ(stored_, (std::vector<size_t>{200, 50}));
}

TEST_F(WriteGathererTest, AfterAnErrorNothingIsLost) {
  answer_ = Status(Code::kNoSpace, "full");
  for (uint64_t i = 0; i < kEnough / 16'384; ++i) (void)Add(16'384).ok();
  EXPECT_EQ(gatherer_.size(), kEnough);
  answer_ = OkStatus();
  EXPECT_TRUE(gatherer_.Flush().ok());
  EXPECT_EQ(stored_, std::vector<size_t>{kEnough});
}

}  // namespace
}  // namespace brimfs
