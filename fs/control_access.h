// Who may ask a mount for what over its control socket.
#ifndef BRIMFS_FS_CONTROL_ACCESS_H_
#define BRIMFS_FS_CONTROL_ACCESS_H_

#include <sys/types.h>

#include <vector>

#include "core/backend.h"
#include "core/status.h"
#include "fs/control_protocol.h"

namespace brimfs {

// The process at the other end of a socket, as the kernel says.
struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// As the mount was made.
struct MountAccess {
  uid_t owner = 0;      // who runs the daemon
  bool others = false;  // allow_other
  uid_t uid = 0;        // of every file, as are the next
  gid_t gid = 0;
  mode_t file_mode = 0444;
  mode_t directory_mode = 0555;
};

// The kernel's word on who has connected.
Result<Caller> CallerOf(int socket);

// Root, and who runs the daemon: may do everything.
bool MayControl(const Caller& caller, const MountAccess& access);

// Whether the permissions that the mount shows let the caller read a file or a directory in it.
bool MayRead(const Caller& caller, const MountAccess& access, ObjectKind kind);

// kDenied, with the reason: others may look and fill with allow_other, as far as they may read.
Status Authorize(const Caller& caller, const MountAccess& access, ControlCommand command,
                 ObjectKind kind);

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_ACCESS_H_
