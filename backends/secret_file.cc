#include "backends/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/unique_fd.h"

namespace brimfs {
namespace {

constexpr off_t kMaxSize = 64 * 1024;

FileStamp StampOf(const struct stat& file) {
  return {.device = file.st_dev,
          .inode = file.st_ino,
          .changed_ns = file.st_ctim.tv_sec * 1'000'000'000 + file.st_ctim.tv_nsec,
          .size = file.st_size};
}

Status CheckOpened(const std::string& path, const struct stat& file) {
  if (!S_ISREG(file.st_mode)) {
    return Status(Code::kInvalidArgument, path + ": not a regular file");
  }
  if (file.st_uid != 0 && file.st_uid != geteuid()) {
    return Status(Code::kDenied, path + ": belongs to user " + std::to_string(file.st_uid) +
                                     ", who could change it: it has to belong to root or to you");
  }
  if ((file.st_mode & 077) != 0) {
    return Status(Code::kDenied, path + ": others could read it: chmod 600 it");
  }
  if (file.st_size > kMaxSize) {
    return Status(Code::kInvalidArgument, path + ": larger than 64 KiB");
  }
  return OkStatus();
}

struct Opened {
  UniqueFd fd;
  FileStamp stamp;
};

Result<Opened> OpenChecked(const std::string& path) {
  // Not blocking, should it be a pipe.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    if (errno == ELOOP) {
      return Status(Code::kInvalidArgument,
                    path + ": a symbolic link: name the file that it leads to");
    }
    return Status::FromErrno(errno, path);
  }
  struct stat file {};
  if (fstat(fd.get(), &file) != 0) return Status::FromErrno(errno, path);
  BRIMFS_RETURN_IF_ERROR(CheckOpened(path, file));
  return Opened{std::move(fd), StampOf(file)};
}

}  // namespace

Result<SecretFile> ReadSecretFile(const std::string& path) {
  auto opened = OpenChecked(path);
  if (!opened.ok()) return opened.status();
  SecretFile file{.text = std::string(static_cast<size_t>(opened->stamp.size), '\0'),
                  .stamp = opened->stamp};
  size_t filled = 0;
  while (filled < file.text.size()) {
    const ssize_t got = pread(opened->fd.get(), file.text.data() + filled,
                              file.text.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::FromErrno(errno, path);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  file.text.resize(filled);
  return file;
}

Result<FileStamp> CheckSecretFile(const std::string& path) {
  auto opened = OpenChecked(path);
  if (!opened.ok()) return opened.status();
  return opened->stamp;
}

}  // namespace brimfs
