#include "tests/support/oracle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace brimfs {
namespace {

// Eight bytes of content: splitmix64 of the word's number, each zero byte made a 1. The first in
// the object is the lowest, whatever the machine's byte order.
inline uint64_t Word(uint64_t seed, uint64_t number) {
  uint64_t x = seed * 0xd1342543de82ef95 + (number + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  x ^= x >> 31;
  constexpr uint64_t kLow7 = 0x7f7f7f7f7f7f7f7f;
  const uint64_t zero_bytes = ~(((x & kLow7) + kLow7) | x | kLow7);
  x |= zero_bytes >> 7;
  if constexpr (std::endian::native == std::endian::big) x = __builtin_bswap64(x);
  return x;
}

}  // namespace

std::byte OracleByte(uint64_t seed, uint64_t offset) {
  std::byte byte;
  FillOracle(seed, offset, {&byte, 1});
  return byte;
}

std::vector<std::byte> OracleBytes(uint64_t seed, const Range& range) {
  std::vector<std::byte> bytes(range.size());
  FillOracle(seed, range.begin, bytes);
  return bytes;
}

void FillOracle(uint64_t seed, uint64_t offset, std::span<std::byte> out) {
  uint64_t number = offset / 8;
  const size_t skip = offset % 8;
  const auto copy_part = [&](size_t from) {
    const uint64_t word = Word(seed, number++);
    const size_t n = std::min(8 - from, out.size());
    std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&word) + from, n);
    out = out.subspan(n);
  };
  if (skip != 0 && !out.empty()) copy_part(skip);
  while (out.size() >= 8) {
    const uint64_t word = Word(seed, number++);
    std::memcpy(out.data(), &word, 8);
    out = out.subspan(8);
  }
  if (!out.empty()) copy_part(0);
}

std::optional<uint64_t> FirstWrongByte(uint64_t seed, uint64_t offset,
                                       std::span<const std::byte> data) {
  std::array<std::byte, 64 * 1024> expected;
  while (!data.empty()) {
    const size_t n = std::min(data.size(), expected.size());
    FillOracle(seed, offset, {expected.data(), n});
    if (std::memcmp(expected.data(), data.data(), n) != 0) {
      return offset +
             (std::mismatch(data.begin(), data.begin() + n, expected.begin()).first - data.begin());
    }
    data = data.subspan(n);
    offset += n;
  }
  return std::nullopt;
}

}  // namespace brimfs
