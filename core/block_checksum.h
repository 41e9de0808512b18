// The checksum of a fill block that outlives the process: against bit rot, lost writes and files
// that were swapped, not against an attacker (design: the directory is ours alone).
#ifndef BRIMFS_CORE_BLOCK_CHECKSUM_H_
#define BRIMFS_CORE_BLOCK_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace brimfs {

// XXH3 (64 bits) of the bytes of fill block `number`, the last one of a file cut at its length;
// bound to the file by its random `salt` and to the place by `number`.
uint64_t BlockChecksum(uint64_t salt, uint64_t number, std::span<const std::byte> bytes);

}  // namespace brimfs

#endif  // BRIMFS_CORE_BLOCK_CHECKSUM_H_
