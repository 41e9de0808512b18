#include "fs/control_access.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace brimfs {
namespace {

constexpr mode_t kRead = 4;
constexpr mode_t kSearch = 1;
constexpr int kOwnerShift = 6;
constexpr int kGroupShift = 3;

// What of `mode` is the caller's: the first class that fits decides, as in the kernel.
mode_t PermissionsOf(const Caller& caller, const MountAccess& access, mode_t mode) {
  if (caller.uid == access.uid) return mode >> kOwnerShift & 7;
  const bool in_group =
      caller.gid == access.gid ||
      std::find(caller.groups.begin(), caller.groups.end(), access.gid) != caller.groups.end();
  return (in_group ? mode >> kGroupShift : mode) & 7;
}

}  // namespace

Result<Caller> CallerOf(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Status::FromErrno(errno, "SO_PEERCRED");
  }
  Caller caller{peer.uid, peer.gid, {}};
  // With too little room the call says how much it takes (Linux 4.13).
  constexpr size_t kFew = 64;
  caller.groups.resize(kFew);
  for (;;) {
    size = static_cast<socklen_t>(caller.groups.size() * sizeof(gid_t));
    const int result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, caller.groups.data(), &size);
    if (result != 0 && errno != ERANGE) return Status::FromErrno(errno, "SO_PEERGROUPS");
    caller.groups.resize(size / sizeof(gid_t));
    if (result == 0) return caller;
  }
}

bool MayControl(const Caller& caller, const MountAccess& access) {
  return caller.uid == 0 || caller.uid == access.owner;
}

bool MayRead(const Caller& caller, const MountAccess& access, ObjectKind kind) {
  if (MayControl(caller, access)) return true;
  if (!access.others) return false;
  const mode_t directory = PermissionsOf(caller, access, access.directory_mode);
  if (kind == ObjectKind::kDirectory) return (directory & kRead) != 0 && (directory & kSearch) != 0;
  return (directory & kSearch) != 0 &&
         (PermissionsOf(caller, access, access.file_mode) & kRead) != 0;
}

Status Authorize(const Caller& caller, const MountAccess& access, ControlCommand command,
                 ObjectKind kind) {
  if (MayControl(caller, access)) return OkStatus();
  if (!access.others) {
    return Status(Code::kDenied, "the mount is another user's, and has no allow_other");
  }
  switch (command) {
    case ControlCommand::kStatus:
    case ControlCommand::kMap:
    case ControlCommand::kFill:
      if (MayRead(caller, access, kind)) return OkStatus();
      return Status(Code::kDenied, "you may not read it");
    case ControlCommand::kEvict:
    case ControlCommand::kPin:
    case ControlCommand::kUnpin:
      break;
  }
  return Status(Code::kDenied, "only the owner of the mount and root may");
}

}  // namespace brimfs
