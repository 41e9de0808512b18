#include "fs/atomic_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace brimfs {
namespace {

constexpr mode_t kMode = 0666;  // the umask is the user's

std::string HiddenName() {
  uint64_t number = 0;
  (void)!getrandom(&number, sizeof number, 0);
  return ".brimfs-get." + std::to_string(number);
}

Status Taken(const std::string& path) {
  return Status(Code::kInvalidArgument, path + ": exists; --force replaces it");
}

}  // namespace

Result<std::unique_ptr<AtomicFile>> AtomicFile::Create(const std::string& path, IfThere if_there) {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  UniqueFd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Status::FromErrno(errno, parent);
  struct stat there = {};
  const char* const name = path.c_str() + slash + 1;
  if (fstatat(directory.get(), name, &there, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(there.st_mode)) return Status(Code::kIsDirectory, path + ": is a directory");
    // A device or a pipe is not to be replaced, nor the way to one.
    struct stat target = there;
    if (S_ISLNK(there.st_mode)) (void)fstatat(directory.get(), name, &target, 0);
    if (!S_ISREG(target.st_mode) && !S_ISLNK(target.st_mode)) {
      return Status(Code::kInvalidArgument,
                    path + ": is no regular file; - writes to standard output");
    }
    if (if_there == IfThere::kFail) return Taken(path);
  }
  UniqueFd fd(openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
  std::string hidden;
  if (!fd.valid() && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    hidden = HiddenName();
    fd = UniqueFd(
        openat(directory.get(), hidden.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kMode));
  }
  if (!fd.valid()) return Status::FromErrno(errno, path);
  return std::unique_ptr<AtomicFile>(
      new AtomicFile(path, if_there, std::move(directory), std::move(fd), std::move(hidden)));
}

AtomicFile::AtomicFile(std::string path, IfThere if_there, UniqueFd directory, UniqueFd fd,
                       std::string hidden)
    : path_(std::move(path)),
      name_(path_.substr(path_.rfind('/') + 1)),
      if_there_(if_there),
      directory_(std::move(directory)),
      fd_(std::move(fd)),
      hidden_(std::move(hidden)) {}

AtomicFile::~AtomicFile() {
  if (!hidden_.empty()) unlinkat(directory_.get(), hidden_.c_str(), 0);
}

int AtomicFile::Link(const std::string& name) const {
  const int to = directory_.get();
  if (hidden_.empty()) {
    const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
    return linkat(AT_FDCWD, self.c_str(), to, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
  }
  if (linkat(to, hidden_.c_str(), to, name.c_str(), 0) == 0) return 0;
  // FAT and its like have no links.
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  if (renameat2(to, hidden_.c_str(), to, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return errno;
  // Some do not know that flag either: then looking first has to do.
  if (faccessat(to, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return renameat(to, hidden_.c_str(), to, name.c_str()) == 0 ? 0 : errno;
}

int AtomicFile::Replace() {
  // Only a rename replaces: for a moment the file has two names.
  if (hidden_.empty()) {
    std::string hidden = HiddenName();
    if (const int error = Link(hidden)) return error;
    hidden_ = std::move(hidden);
  }
  const int to = directory_.get();
  if (renameat(to, hidden_.c_str(), to, name_.c_str()) != 0) return errno;
  hidden_.clear();
  return 0;
}

Status AtomicFile::Publish() {
  if (fsync(fd_.get()) != 0) return Status::FromErrno(errno, path_);
  const int error = if_there_ == IfThere::kReplace ? Replace() : Link(name_);
  if (error == EEXIST) return Taken(path_);
  if (error != 0) return Status::FromErrno(error, path_);
  if (fsync(directory_.get()) != 0 && errno != EINVAL) return Status::FromErrno(errno, path_);
  return OkStatus();
}

}  // namespace brimfs
