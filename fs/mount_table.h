// What the kernel says of mounts, without asking the file systems: a stat of a mountpoint would
// hang on one that does not answer (proc_pid_mountinfo(5)).
#ifndef BRIMFS_FS_MOUNT_TABLE_H_
#define BRIMFS_FS_MOUNT_TABLE_H_

#include <optional>
#include <string>
#include <string_view>

namespace brimfs {

struct MountedDevice {
  std::string id;     // "0:45"
  std::string minor;  // "45": names the connection in /sys/fs/fuse/connections
};

// The uppermost FUSE mount at `mountpoint` (absolute, without symbolic links) in a mountinfo text.
std::optional<MountedDevice> FindFuseMount(std::string_view mountinfo, std::string_view mountpoint);

// The same in /proc/self/mountinfo.
std::optional<MountedDevice> FindFuseMount(std::string_view mountpoint);

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_TABLE_H_
