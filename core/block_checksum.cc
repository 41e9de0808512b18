#include "core/block_checksum.h"

#include <xxhash.h>

namespace brimfs {

uint64_t BlockChecksum(uint64_t salt, uint64_t number, std::span<const std::byte> bytes) {
  // An odd factor: within one file no two blocks have the same seed.
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), salt ^ (number * kSpread));
}

}  // namespace brimfs
