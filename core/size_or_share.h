// An amount of disk space as a user names it: bytes, or a share of the file system's size.
#ifndef BRIMFS_CORE_SIZE_OR_SHARE_H_
#define BRIMFS_CORE_SIZE_OR_SHARE_H_

#include <cstdint>
#include <optional>

namespace brimfs {

// At most one of the two is there.
struct SizeOrShare {
  std::optional<uint64_t> bytes;
  std::optional<double> share;  // 0 to 1

  // In bytes, on a file system of `size` bytes; nothing if nothing was named.
  std::optional<uint64_t> Of(uint64_t size) const {
    if (share) return static_cast<uint64_t>(static_cast<double>(size) * *share);
    return bytes;
  }
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SIZE_OR_SHARE_H_
