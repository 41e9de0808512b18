#include "core/block_checksum.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <vector>

#include "core/range.h"

namespace brimfs {
namespace {

std::vector<std::byte> SomeBytes(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  return bytes;
}

TEST(BlockChecksumTest, EveryFlippedBitChangesIt) {
  std::vector<std::byte> bytes = SomeBytes(512);
  const uint64_t right = BlockChecksum(1, 2, bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_NE(BlockChecksum(1, 2, bytes), right) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_EQ(BlockChecksum(1, 2, bytes), right);
}

TEST(BlockChecksumTest, TheSameBytesElsewhereHaveAnother) {
  const std::vector<std::byte> bytes = SomeBytes(kFillBlock);
  std::set<uint64_t> seen;
  constexpr uint64_t kSalts = 16;
  constexpr uint64_t kNumbers = 256;
  for (uint64_t salt = 0; salt < kSalts; ++salt) {
    for (uint64_t number = 0; number < kNumbers; ++number) {
      seen.insert(BlockChecksum(salt, number, bytes));
    }
  }
  EXPECT_EQ(seen.size(), kSalts * kNumbers);
}

TEST(BlockChecksumTest, AShorterBlockHasAnother) {
  const std::vector<std::byte> bytes = SomeBytes(100);
  EXPECT_NE(BlockChecksum(1, 2, std::span(bytes).first(99)), BlockChecksum(1, 2, bytes));
}

// It is on disks already.
TEST(BlockChecksumTest, StaysWhatItIs) {
  const std::vector<std::byte> bytes = SomeBytes(1000);
  EXPECT_EQ(BlockChecksum(0x0123456789abcdef, 42, bytes), 0xaa1a0487b5bfa7U);
}

}  // namespace
}  // namespace brimfs
