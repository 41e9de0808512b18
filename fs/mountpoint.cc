#include "fs/mountpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include "core/log.h"
#include "core/unique_fd.h"
#include "fs/fusermount.h"
#include "fs/mount_table.h"

namespace brimfs {
namespace {

// One that has not failed by then is not dead, whether it answers or not.
constexpr int kPatienceMs = 1000;

// errno of a question to the daemon that the kernel does not answer from its memory. It may never
// return: on a process that can be left behind.
int ErrnoOfAsking(const std::string& path) {
  const pid_t child = fork();
  if (child == -1) return errno;
  if (child == 0) {
    struct statfs unused;
    _exit(statfs(path.c_str(), &unused) == 0 ? 0 : errno);
  }
  const UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  pollfd wait{ended.get(), POLLIN, 0};
  int result;
  while ((result = poll(&wait, 1, kPatienceMs)) == -1 && errno == EINTR) {
  }
  if (result <= 0) {
    kill(child, SIGKILL);
    return ETIMEDOUT;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// Without asking a file system that answers over a wire.
std::optional<struct statx> Look(int fd) {
  struct statx found {};
  const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (statx(fd, "", flags, STATX_TYPE | STATX_MODE | STATX_UID, &found) != 0) return std::nullopt;
  return found;
}

Status TakeAway(const std::string& mountpoint) {
  if (umount2(mountpoint.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return OkStatus();
  return UnmountByFusermount(mountpoint);
}

// Nothing of FUSE is on it, or not any more.
Status CheckUncovered(const std::string& mountpoint) {
  std::optional<MountEntry> entry;
  while ((entry = UppermostMount(ReadMountTable(), mountpoint)) && entry->fuse()) {
    const int error = ErrnoOfAsking(mountpoint);
    const bool dead = error == ENOTCONN;
    if (!dead) {
      std::string what = mountpoint + ": " + entry->source + " (" + entry->type;
      what += ") is already mounted there";
      if (error == ETIMEDOUT) what += " and does not answer";
      what += "; unmount it first with umount " + mountpoint;
      return Status(Code::kBusy, std::move(what));
    }
    const Status taken = entry->type == "fuse.brimfs"
                             ? TakeAway(mountpoint)
                             : Status(Code::kBusy, "its type is " + entry->type);
    if (!taken.ok()) {
      std::string what = mountpoint + ": a dead mount of " + entry->source;
      what += " is there and cannot be taken away (" + taken.message();
      what += "); unmount it with umount " + mountpoint;
      return Status(Code::kBusy, std::move(what));
    }
    Log(LogLevel::kInfo,
        mountpoint + ": took away the mount of " + entry->source + ", whose daemon is dead");
  }
  return OkStatus();
}

bool IsEmpty(int directory) {
  // Not the descriptor itself: it was opened without the right to read.
  const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = fd < 0 ? nullptr : fdopendir(fd);
  if (listing == nullptr) return true;  // who may not list it may not care
  int names = 0;
  while (names <= 2 && readdir(listing) != nullptr) ++names;
  closedir(listing);
  return names <= 2;  // "." and ".."
}

}  // namespace

Result<std::string> ResolveMountpoint(const std::string& path) {
  // O_PATH neither asks the file system nor makes an automounter mount.
  const UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) {
    switch (errno) {
      case ENOENT:
        return Status(Code::kNotFound, path + " does not exist; make it with mkdir -p " + path);
      case ENOTDIR:
        return Status(Code::kNotDirectory,
                      path + ": a part of it is not a directory; mount on a directory");
      case EACCES:
        return Status(Code::kDenied,
                      path + ": you may not enter what lies above it; mount elsewhere");
      default:
        return Status::FromErrno(errno, path);
    }
  }
  std::array<char, 4096> name;
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t length = readlink(link.c_str(), name.data(), name.size());
  if (length < 0) return Status::FromErrno(errno, link);
  return std::string(name.data(), static_cast<size_t>(length));
}

Status CheckMountpoint(const std::string& mountpoint, bool nonempty) {
  BRIMFS_RETURN_IF_ERROR(CheckUncovered(mountpoint));
  const UniqueFd fd(open(mountpoint.c_str(), O_PATH | O_CLOEXEC));
  const std::optional<struct statx> found = Look(fd.get());
  if (!found) return Status::FromErrno(errno, mountpoint);
  if (!S_ISDIR(found->stx_mode)) {
    return Status(Code::kNotDirectory, mountpoint + " is not a directory; mount on one");
  }
  if (!nonempty && !IsEmpty(fd.get())) {
    return Status(Code::kBusy, mountpoint +
                                   " is not empty; mount on an empty directory, or hide what is "
                                   "there with -o nonempty");
  }
  if (geteuid() != 0 && access(mountpoint.c_str(), W_OK) != 0) {
    return Status(Code::kDenied, "you may not write to " + mountpoint +
                                     "; mount on a directory of your own, or as root");
  }
  return OkStatus();
}

}  // namespace brimfs
