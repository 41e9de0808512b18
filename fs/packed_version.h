// A version in few bytes, for those who keep very many.
#ifndef BRIMFS_FS_PACKED_VERSION_H_
#define BRIMFS_FS_PACKED_VERSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/version.h"

namespace brimfs {

// Comes back from Unpack as it was. The ETag is kept by whoever keeps the rest: a quoted MD5 sum in
// hexadecimal, as object stores have them, in 16 bytes; any other as it is.
struct PackedVersion {
  // So many bits of `flags` are used, the lowest ones; the others are the keeper's.
  static constexpr int kFlagBits = 6;

  uint64_t length = 0;   // bytes
  int64_t modified = 0;  // nanoseconds since 1970; the nearest where it says no such time
  uint8_t flags = 0;

  std::optional<uint64_t> KnownLength() const;  // of the version
};

struct Packed {
  PackedVersion version;
  std::string etag;  // at most 255 bytes
};

// Nothing: an odd one, which takes a Version. An ETag that is too long, an id, a time that is not
// one of nanoseconds or too far from now, an unusual precision.
std::optional<Packed> Pack(const Version& version);

Version Unpack(const PackedVersion& packed, std::string_view etag);

}  // namespace brimfs

#endif  // BRIMFS_FS_PACKED_VERSION_H_
