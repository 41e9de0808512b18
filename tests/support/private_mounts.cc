#include "tests/support/private_mounts.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

// Where FUSE file systems are mounted, the uppermost first.
std::vector<std::string> FuseMountpoints() {
  std::vector<std::string> mountpoints;
  std::istringstream lines(ReadFile("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - fuse") == std::string::npos || line.find(" - fusectl") != std::string::npos) {
      continue;
    }
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    mountpoints.insert(mountpoints.begin(), field);
  }
  return mountpoints;
}

}  // namespace

Status EnterPrivateMounts() {
  if (unshare(CLONE_NEWNS) != 0) return Status::FromErrno(errno, "unshare");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Status::FromErrno(errno, "making the mounts private");
  }
  DetachFuseMounts();
  return OkStatus();
}

void DetachFuseMounts() {
  for (const std::string& mountpoint : FuseMountpoints()) umount2(mountpoint.c_str(), MNT_DETACH);
}

}  // namespace brimfs
