#include "tests/support/mount_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "tests/support/private_mounts.h"
#include "tests/support/process.h"

namespace brimfs {
MountNamespace::MountNamespace()
    : outside_(open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)), status_(Enter()) {}

MountNamespace::~MountNamespace() {
  if (status_.ok()) DetachFuseMounts();
  if (setns(outside_.get(), CLONE_NEWNS) != 0) std::perror("setns");
}

Status MountNamespace::Enter() {
  BRIMFS_RETURN_IF_ERROR(EnterPrivateMounts());
  if (mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "mode=755") != 0) {
    return Status::FromErrno(errno, "mounting a tmpfs");
  }
  for (const char* const directory : {"/etc", "/run", "/sbin", "/usr"}) {
    BRIMFS_RETURN_IF_ERROR(Overlay(directory));
  }
  WriteFile("/etc/fstab", "");
  return OpenFuseDevice();
}

Status MountNamespace::Overlay(const std::string& directory) {
  if (std::filesystem::is_symlink(directory)) return OkStatus();  // to one of the others
  const std::string upper = dir_.path() + directory;
  const std::string work = upper + ".work";
  std::filesystem::create_directory(upper);
  std::filesystem::create_directory(work);
  const std::string options = "lowerdir=" + directory + ",upperdir=" + upper + ",workdir=" + work;
  if (mount("overlay", directory.c_str(), "overlay", 0, options.c_str()) != 0) {
    return Status::FromErrno(errno, "mounting an overlay on " + directory);
  }
  return OkStatus();
}

Status MountNamespace::OpenFuseDevice() {
  const std::string device = dir_ / "fuse";
  if (mknod(device.c_str(), S_IFCHR, makedev(10, 229)) != 0 || chmod(device.c_str(), 0666) != 0 ||
      mount(device.c_str(), "/dev/fuse", nullptr, MS_BIND, nullptr) != 0) {
    return Status::FromErrno(errno, "opening /dev/fuse to everybody");
  }
  return OkStatus();
}

Status MountNamespace::Install() {
  const Ran ran = RunCommand({"cmake", "--install", BRIMFS_BUILD, "--prefix", "/usr"});
  if (ran.code != 0) return Status(Code::kIo, "cmake --install: " + ran.out + ran.err);
  return OkStatus();
}

}  // namespace brimfs
