// The system calls that change what is on the cache's disk: a seam, so that tests can fail them one
// by one, or cut the power between two of them. SQLite's own are not here.
#ifndef BRIMFS_CORE_FILE_IO_H_
#define BRIMFS_CORE_FILE_IO_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/range.h"

namespace brimfs {

// Every call answers 0 or an errno, and goes on after EINTR by itself. From any thread, with no
// lock of ours held.
class FileIo {
 public:
  virtual ~FileIo() = default;

  // A new regular file of mode 0600 in `directory`, open for reading and writing; EEXIST if the
  // name is taken. `fd` is the caller's.
  [[nodiscard]] virtual int Create(int directory, const std::string& name, int* fd) = 0;

  // All of `data` (pwrite(2)), or an error after which any of its bytes may have changed.
  [[nodiscard]] virtual int Write(int fd, uint64_t offset, std::span<const std::byte> data) = 0;

  // Exactly the bytes that `out` has room for; EIO if the file ends before.
  [[nodiscard]] virtual int Read(int fd, uint64_t offset, std::span<std::byte> out) = 0;

  [[nodiscard]] virtual int Truncate(int fd, uint64_t length) = 0;

  // Gives the blocks of `range` back; they read as zeros. The file's length stays.
  [[nodiscard]] virtual int Punch(int fd, const Range& range) = 0;

  // Bytes and length of one file (fdatasync(2)), the names in one directory (fsync(2)), and all of
  // the file system that `fd` is on (syncfs(2)). After an error, what was written since the last
  // success may be lost, whatever a later call says.
  [[nodiscard]] virtual int Sync(int fd) = 0;
  [[nodiscard]] virtual int SyncDirectory(int fd) = 0;
  [[nodiscard]] virtual int SyncFileSystem(int fd) = 0;

  // Within one file system; what has the new name already is replaced.
  [[nodiscard]] virtual int Rename(int from, const std::string& old_name, int to,
                                   const std::string& new_name) = 0;
  [[nodiscard]] virtual int Unlink(int directory, const std::string& name) = 0;

  // The real ones; lives as long as the process.
  static FileIo& System();
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_FILE_IO_H_
