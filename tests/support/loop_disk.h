// A file system of its own on a loop device, for a cache: small, so that it can be full, and able
// to turn read-only or to lose its power.
#ifndef BRIMFS_TESTS_SUPPORT_LOOP_DISK_H_
#define BRIMFS_TESTS_SUPPORT_LOOP_DISK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

// Used by one thread, the main one, which goes into a mount namespace of its own for good: the
// kernel undoes mount and device with it, however the process ends. Processes that use the disk are
// ended before it is.
class LoopDisk {
 public:
  enum class Type { kExt4, kXfs };

  // Made and mounted; sparse. The smallest that mkfs.xfs makes is 300 MiB.
  LoopDisk(Type type, uint64_t size);
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  // Why there is none: no privilege, no loop devices, no mkfs.
  const Status& status() const { return status_; }

  const std::string& path() const { return mountpoint_; }
  std::string operator/(std::string_view name) const {
    return mountpoint_ + "/" + std::string(name);
  }

  // Bytes that an ordinary user may still take (statvfs(2), f_bavail). From any thread.
  uint64_t Available() const;

  // Takes all but `left` bytes of what is free, or gives it back.
  Status Fill(uint64_t left);
  void Empty();

  // From now on every call fails with EIO, and what was not synced is lost.
  Status CutPower();

  // ext4 only: as after an error that it found in itself, although files are open for writing.
  Status TurnReadOnly();

  // Unmounts and mounts again, as after a power cut: the log is replayed. Nobody uses the disk any
  // more, or will not for long.
  Status Restart();

 private:
  Status Make(Type type, uint64_t size);
  Status Attach();
  Status Release();

  const TempDir dir_;
  const std::string image_ = dir_ / "image";
  const std::string mountpoint_ = dir_ / "disk";
  std::string options_;
  Status status_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_LOOP_DISK_H_
