#include "tests/support/loop_disk.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>

#include "core/clock.h"
#include "core/unique_fd.h"
#include "tests/support/private_mounts.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

// XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN, which are in no header that is installed everywhere.
constexpr unsigned long kShutDown = _IOR('X', 125, uint32_t);
constexpr uint32_t kWithoutFlushingTheLog = 2;

constexpr auto kPatience = std::chrono::seconds(20);

Status EnterOwnNamespace() {
  static const Status entered = EnterPrivateMounts();
  return entered;
}

Status Run(std::vector<std::string> argv) {
  const std::string name = argv[0];
  const Ran ran = RunCommand(std::move(argv));
  if (ran.code == 0) return OkStatus();
  return Status(Code::kIo, name + ": " + std::to_string(ran.code) + " " + ran.out + ran.err);
}

}  // namespace

LoopDisk::LoopDisk(Type type, uint64_t size) : status_(Make(type, size)) {}

LoopDisk::~LoopDisk() { umount2(mountpoint_.c_str(), MNT_DETACH); }

Status LoopDisk::Make(Type type, uint64_t size) {
  BRIMFS_RETURN_IF_ERROR(EnterOwnNamespace());
  std::filesystem::create_directory(mountpoint_);
  WriteFile(image_, "");
  std::filesystem::resize_file(image_, size);
  if (type == Type::kExt4) {
    options_ = "loop,errors=remount-ro";
    BRIMFS_RETURN_IF_ERROR(Run({"mkfs.ext4", "-q", "-F", "-m", "0", image_}));
  } else {
    options_ = "loop";
    BRIMFS_RETURN_IF_ERROR(Run({"mkfs.xfs", "-q", image_}));
  }
  return Attach();
}

Status LoopDisk::Attach() {
  // mount(8) lets go of the loop device (LO_FLAGS_AUTOCLEAR): it ends with the last mount.
  return Run({"mount", "-o", options_, image_, mountpoint_});
}

Status LoopDisk::Release() {
  // A process that has just ended may not have let go of its files: what it leaves in the kernel
  // ends on its own, and there is no event to wait for.
  const TimePoint deadline = Clock::Steady().Now() + kPatience;
  while (umount2(mountpoint_.c_str(), 0) != 0) {
    if (errno != EBUSY || Clock::Steady().Now() > deadline) {
      return Status::FromErrno(errno, "unmounting " + mountpoint_);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return OkStatus();
}

uint64_t LoopDisk::Available() const {
  struct statvfs info {};
  if (statvfs(mountpoint_.c_str(), &info) != 0) return 0;
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

Status LoopDisk::Fill(uint64_t left) {
  const UniqueFd ballast(
      open((*this / "ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!ballast.valid()) return Status::FromErrno(errno, "filling " + mountpoint_);
  // Written, not reserved, in smaller and smaller pieces: what the file system keeps for itself is
  // not known beforehand.
  for (size_t piece = 1 << 20; piece >= 512; piece /= 2) {
    const std::string bytes(piece, 'b');
    while (Available() >= left + piece && write(ballast.get(), bytes.data(), piece) > 0) {
    }
  }
  return fsync(ballast.get()) == 0 ? OkStatus() : Status::FromErrno(errno, "syncing the ballast");
}

void LoopDisk::Empty() {
  std::error_code ignored;
  std::filesystem::remove(*this / "ballast", ignored);
}

Status LoopDisk::CutPower() {
  const UniqueFd root(open(mountpoint_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  uint32_t how = kWithoutFlushingTheLog;
  if (!root.valid() || ioctl(root.get(), kShutDown, &how) != 0) {
    return Status::FromErrno(errno, "shutting " + mountpoint_ + " down");
  }
  return OkStatus();
}

Status LoopDisk::TurnReadOnly() {
  struct stat root;
  if (stat(mountpoint_.c_str(), &root) != 0) return Status::FromErrno(errno, mountpoint_);
  std::error_code error;
  const std::string device =
      std::filesystem::read_symlink("/sys/dev/block/" + std::to_string(major(root.st_dev)) + ":" +
                                        std::to_string(minor(root.st_dev)),
                                    error);
  const std::string trigger =
      "/sys/fs/ext4/" + std::filesystem::path(device).filename().string() + "/trigger_fs_error";
  const UniqueFd file(open(trigger.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() || write(file.get(), "test", 4) != 4) return Status::FromErrno(errno, trigger);
  return OkStatus();
}

Status LoopDisk::Restart() {
  BRIMFS_RETURN_IF_ERROR(Release());
  return Attach();
}

}  // namespace brimfs
