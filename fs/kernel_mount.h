// One FUSE mount as the kernel has it: made by mount(2) or fusermount3, found again wherever it was
// moved or bound to, detached, cut off. Knows nothing of what is served.
#ifndef BRIMFS_FS_KERNEL_MOUNT_H_
#define BRIMFS_FS_KERNEL_MOUNT_H_

#include <memory>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/unique_fd.h"
#include "fs/fusermount.h"
#include "fs/mount_table.h"

namespace brimfs {

// Thread-safe.
class KernelMount {
 public:
  struct Settings {
    std::string source;                // shown in mountinfo: exactly what the user gave
    std::string mountpoint;            // absolute, without symbolic links
    std::vector<std::string> options;  // MountOptions::kernel
  };

  // Mounts: read-only, without devices and set-user-ID bits, permissions checked by the kernel. An
  // error's message names the mountpoint, the cause and the remedy.
  static Result<std::unique_ptr<KernelMount>> Make(const Settings& settings);

  // Detaches.
  ~KernelMount();

  // /dev/fuse, of this connection.
  int device() const { return device_.get(); }

  // Takes it out of the tree, lazily, wherever this process sees it: what is open goes on. False if
  // it is nowhere, or could not be taken out (which is logged).
  bool Detach();

  // Cuts the connection, if it still stands: whoever uses it gets ENOTCONN. False if the kernel
  // gives no way to.
  bool Abort();

  // How far the kernel reads ahead, KiB. False if it may not be set.
  bool SetReadahead(int kib);

 private:
  KernelMount(const Settings& settings, FusermountResult made);

  bool Connected() const;
  bool IsOurs(const MountEntry& entry) const;

  const std::string source_;
  const UniqueFd device_;
  const UnmountWatcher watcher_;
  const std::string id_;  // "0:45"; empty: not found in mountinfo
  const UniqueFd abort_;  // invalid: the kernel's control file system is not there
};

}  // namespace brimfs

#endif  // BRIMFS_FS_KERNEL_MOUNT_H_
