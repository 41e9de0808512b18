// fusermount3(1), which mounts and unmounts for those who may not do it themselves.
#ifndef BRIMFS_FS_FUSERMOUNT_H_
#define BRIMFS_FS_FUSERMOUNT_H_

#include <sys/types.h>

#include <string>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// A fusermount3 that stays, to unmount when this process has ended, however it does
// (auto_unmount). Nobody is there in an empty one.
class UnmountWatcher {
 public:
  UnmountWatcher() = default;
  UnmountWatcher(UniqueFd control, pid_t pid) : control_(std::move(control)), pid_(pid) {}
  UnmountWatcher(UnmountWatcher&& other) noexcept
      : control_(std::move(other.control_)), pid_(std::exchange(other.pid_, -1)) {}
  UnmountWatcher& operator=(UnmountWatcher&& other) noexcept;

  // Sends it away: what is mounted there by then may be somebody else's.
  ~UnmountWatcher();

 private:
  UniqueFd control_;  // it watches the other end
  pid_t pid_ = -1;
};

struct FusermountResult {
  UniqueFd device;  // /dev/fuse, of the new connection
  UnmountWatcher watcher;
};

// Mounts; `options` is what follows its -o. An error's message is that of fusermount3, in one line.
Result<FusermountResult> MountByFusermount(const std::string& mountpoint,
                                           const std::string& options);

// Detaches what is mounted there, lazily.
Status UnmountByFusermount(const std::string& mountpoint);

}  // namespace brimfs

#endif  // BRIMFS_FS_FUSERMOUNT_H_
