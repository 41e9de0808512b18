// Reads files that hold secrets, and refuses those that others can read.
#ifndef BRIMFS_BACKENDS_SECRET_FILE_H_
#define BRIMFS_BACKENDS_SECRET_FILE_H_

#include <cstdint>
#include <string>

#include "core/status.h"

namespace brimfs {

// Tells two contents of one path apart without reading them.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t changed_ns = 0;  // st_ctime, which nobody can set back
  int64_t size = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct SecretFile {
  std::string text;
  FileStamp stamp;
};

// A regular file of at most 64 KiB that belongs to the user who runs this or to root, and that
// neither group nor others may use; its name is not a symbolic link. Every check is of what was
// opened. Errors are one line that names `path` and the remedy: kNotFound, kDenied (owner, mode),
// kInvalidArgument (no such kind of file).
Result<SecretFile> ReadSecretFile(const std::string& path);

// The same checks, without reading: for what a library opens by itself.
Result<FileStamp> CheckSecretFile(const std::string& path);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_SECRET_FILE_H_
