// Numbers and times as the commands show them to people.
#ifndef BRIMFS_FS_READABLE_H_
#define BRIMFS_FS_READABLE_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace brimfs {

// "0B", "1.5K", "192K", "2.0G": powers of 1024, at least two digits of a unit.
std::string ReadableBytes(uint64_t bytes);

// "2023-11-14T22:13:22Z"; "-" for absl::InfinitePast().
std::string ReadableTime(absl::Time time);

}  // namespace brimfs

#endif  // BRIMFS_FS_READABLE_H_
