// A file that appears whole under its name, or not at all.
#ifndef BRIMFS_FS_ATOMIC_FILE_H_
#define BRIMFS_FS_ATOMIC_FILE_H_

#include <memory>
#include <string>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Until Publish it has no name, so that not even kill -9 leaves anything of it; where the file
// system knows no such files it has a hidden one beside `path`, which the destructor removes. Used
// by one thread.
class AtomicFile {
 public:
  enum class IfThere { kFail, kReplace };

  // In the directory of `path`. Its mode is what the umask leaves of 0666.
  static Result<std::unique_ptr<AtomicFile>> Create(const std::string& path, IfThere if_there);

  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Open for reading and writing.
  int fd() const { return fd_.get(); }

  // Syncs the bytes, gives the file its name, syncs the directory. kInvalidArgument if the name is
  // taken and may not be. Once; after an error other than of the last step nothing has changed.
  Status Publish();

 private:
  AtomicFile(std::string path, IfThere if_there, UniqueFd directory, UniqueFd fd,
             std::string hidden);

  // 0 or an errno.
  int Link(const std::string& name) const;
  int Replace();

  const std::string path_;
  const std::string name_;  // in directory_
  const IfThere if_there_;
  const UniqueFd directory_;
  const UniqueFd fd_;
  std::string hidden_;  // name in directory_; empty: it has none
};

}  // namespace brimfs

#endif  // BRIMFS_FS_ATOMIC_FILE_H_
