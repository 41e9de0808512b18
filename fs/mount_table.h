// What the kernel says of mounts, without asking the file systems: a stat of a mountpoint would
// hang on one that does not answer (proc_pid_mountinfo(5)).
#ifndef BRIMFS_FS_MOUNT_TABLE_H_
#define BRIMFS_FS_MOUNT_TABLE_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brimfs {

struct MountEntry {
  std::string device;      // "0:45": the same for all mounts of one file system
  std::string mountpoint;  // absolute, without symbolic links
  std::string type;        // "fuse.brimfs"
  std::string source;
  std::string options;  // of the file system: "rw,user_id=0,group_id=0"

  bool fuse() const { return type == "fuse" || type.starts_with("fuse."); }
};

// Those of this process's mount namespace, later ones over earlier ones. Empty if /proc cannot be
// read.
std::vector<MountEntry> ReadMountTable();

// The same of a mountinfo text.
std::vector<MountEntry> ParseMountTable(std::string_view mountinfo);

// As MountEntry::device names it.
std::string DeviceName(dev_t device);

// One mount of brimfs and all places where it, or a part of it, is mounted: a directory or, bound,
// one file. Others may be mounted over any of them.
struct MountPlaces {
  std::string device;
  std::vector<std::string> mountpoints;  // one at least, in the order of the table, each once
};
std::vector<MountPlaces> BrimfsMounts(const std::vector<MountEntry>& table);

// What is seen at `mountpoint`; nothing if nothing is mounted just there.
std::optional<MountEntry> UppermostMount(const std::vector<MountEntry>& table,
                                         std::string_view mountpoint);

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_TABLE_H_
