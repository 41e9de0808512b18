#include "core/file_io.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace brimfs {
namespace {

// 0 or the errno of `call`, which answers -1 for an error, once it is not interrupted.
template <typename Call>
int ErrnoOf(Call call) {
  while (call() < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

class SystemFileIo : public FileIo {
 public:
  int Create(int directory, const std::string& name, int* fd) override {
    return ErrnoOf([&] {
      *fd =
          openat(directory, name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
      return *fd;
    });
  }

  int Write(int fd, uint64_t offset, std::span<const std::byte> data) override {
    while (!data.empty()) {
      const ssize_t written = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      if (written == 0) return EIO;
      offset += static_cast<uint64_t>(written);
      data = data.subspan(static_cast<size_t>(written));
    }
    return 0;
  }

  int Read(int fd, uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      const ssize_t got = pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      if (got == 0) return EIO;
      offset += static_cast<uint64_t>(got);
      out = out.subspan(static_cast<size_t>(got));
    }
    return 0;
  }

  int Truncate(int fd, uint64_t length) override {
    return ErrnoOf([&] { return ftruncate(fd, static_cast<off_t>(length)); });
  }

  int Punch(int fd, const Range& range) override {
    return ErrnoOf([&] {
      return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(range.begin), static_cast<off_t>(range.size()));
    });
  }

  int Sync(int fd) override {
    return ErrnoOf([&] { return fdatasync(fd); });
  }

  int SyncDirectory(int fd) override {
    return ErrnoOf([&] { return fsync(fd); });
  }

  int SyncFileSystem(int fd) override {
    return ErrnoOf([&] { return syncfs(fd); });
  }

  int Rename(int from, const std::string& old_name, int to, const std::string& new_name) override {
    return ErrnoOf([&] { return renameat(from, old_name.c_str(), to, new_name.c_str()); });
  }

  int Unlink(int directory, const std::string& name) override {
    return ErrnoOf([&] { return unlinkat(directory, name.c_str(), 0); });
  }
};

}  // namespace

FileIo& FileIo::System() {
  static SystemFileIo io;
  return io;
}

}  // namespace brimfs
