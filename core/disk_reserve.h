// A file of zeros in a cache directory that is given up where the disk is full: forgetting entries
// takes some room as well, and without it nothing could ever leave again.
#ifndef BRIMFS_CORE_DISK_RESERVE_H_
#define BRIMFS_CORE_DISK_RESERVE_H_

#include <cstdint>
#include <utility>

#include "core/file_io.h"
#include "core/unique_fd.h"

namespace brimfs {

// Thread-safe. Shared by all processes that use the directory.
//
//   DIR/reserve    a megabyte
class DiskReserve {
 public:
  static constexpr uint64_t kSize = 1 << 20;

  // `directory` is an open directory; invalid: there is no reserve. `io` outlives this.
  DiskReserve(UniqueFd directory, FileIo& io) : directory_(std::move(directory)), io_(io) {}

  // Makes it if it is not there; where there is no room for it there is none.
  void Fill();

  // Gives the room away. False: there was none to give.
  bool Release();

 private:
  const UniqueFd directory_;
  FileIo& io_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_DISK_RESERVE_H_
