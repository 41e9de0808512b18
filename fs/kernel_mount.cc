#include "fs/kernel_mount.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/log.h"
#include "fs/fuse_device.h"

namespace brimfs {
namespace {

struct KernelFlag {
  std::string_view name;
  unsigned long flag;
  bool fusermount;  // fusermount3 knows it, and it matters on a read-only mount
};

constexpr KernelFlag kFlags[] = {
    {"noexec", MS_NOEXEC, true},          {"noatime", MS_NOATIME, true},
    {"nodiratime", MS_NODIRATIME, false}, {"nosymfollow", 256 /* MS_NOSYMFOLLOW */, false},
    {"sync", MS_SYNCHRONOUS, false},      {"dirsync", MS_DIRSYNC, false},
};

const KernelFlag* FlagOf(std::string_view option) {
  const auto* const found =
      std::find_if(std::begin(kFlags), std::end(kFlags),
                   [&](const KernelFlag& flag) { return flag.name == option; });
  return found == std::end(kFlags) ? nullptr : found;
}

bool Holds(const std::vector<std::string>& options, std::string_view name) {
  return std::find(options.begin(), options.end(), name) != options.end();
}

// libfuse turns away whom allow_root does not mean; the kernel has to let all of them come.
bool OthersMayCome(const std::vector<std::string>& options) {
  return Holds(options, "allow_other") || Holds(options, "allow_root");
}

// context= and its like: a kernel whose SELinux is off does not know them. As mount(8) does.
bool IsForSelinux(std::string_view option) {
  return option.find("context=") != std::string_view::npos;
}

bool SelinuxIsOn() { return access("/sys/fs/selinux/enforce", F_OK) == 0; }

Status Explain(int error, const std::string& mountpoint) {
  if (error == EPERM || error == EACCES) {  // the latter is AppArmor's
    return Status(Code::kDenied,
                  "cannot mount on " + mountpoint +
                      ": not permitted here; start the container with --device /dev/fuse "
                      "--cap-add SYS_ADMIN --security-opt apparmor=unconfined");
  }
  if (error == ENODEV) {
    return Status(Code::kIo, "cannot mount on " + mountpoint +
                                 ": this kernel has no FUSE; load it with modprobe fuse");
  }
  return Status::FromErrno(error, "cannot mount on " + mountpoint);
}

// As libfuse's fuse_mount_sys. 0 or errno.
int MountBySystemCall(const KernelMount::Settings& settings, int device) {
  std::string data = "fd=" + std::to_string(device) +
                     ",rootmode=40000,user_id=" + std::to_string(geteuid()) +
                     ",group_id=" + std::to_string(getegid()) + ",default_permissions";
  unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV;
  if (OthersMayCome(settings.options)) data += ",allow_other";
  for (const std::string& option : settings.options) {
    if (const KernelFlag* const known = FlagOf(option)) flags |= known->flag;
    if (IsForSelinux(option) && SelinuxIsOn()) data += "," + option;
  }
  const int result = mount(settings.source.c_str(), settings.mountpoint.c_str(), "fuse.brimfs",
                           flags, data.c_str());
  return result == 0 ? 0 : errno;
}

std::string FusermountOptions(const KernelMount::Settings& settings) {
  std::string options = "ro,nosuid,nodev,default_permissions,subtype=brimfs";
  if (OthersMayCome(settings.options)) options += ",allow_other";
  for (const std::string& option : settings.options) {
    const KernelFlag* const known = FlagOf(option);
    if (option == "auto_unmount" || (known != nullptr && known->fusermount)) {
      options += "," + option;
    }
  }
  options += ",fsname=";
  for (const char c : settings.source) {
    if (c == ',' || c == '\\') options.push_back('\\');
    options.push_back(c);
  }
  return options;
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  return static_cast<bool>(file.flush());
}

std::string DeviceAt(const std::string& mountpoint) {
  const auto entry = UppermostMount(ReadMountTable(), mountpoint);
  return entry && entry->fuse() ? entry->device : std::string();
}

// What cuts the connection (fs/fuse/control.c). Opened while it stands: the descriptor means this
// connection for ever, its number goes to another mount when this one has ended.
UniqueFd OpenAbort(const std::string& id) {
  if (id.empty()) return UniqueFd();
  const std::string number = id.substr(id.find(':') + 1);
  return UniqueFd(
      open(("/sys/fs/fuse/connections/" + number + "/abort").c_str(), O_WRONLY | O_CLOEXEC));
}

}  // namespace

Result<std::unique_ptr<KernelMount>> KernelMount::Make(const Settings& settings) {
  // Only fusermount3 keeps watch over a process that may be killed.
  if (geteuid() == 0 && !Holds(settings.options, "auto_unmount")) {
    Result<UniqueFd> device = OpenFuseDevice();
    if (!device.ok()) return device.status();
    const int error = MountBySystemCall(settings, device->get());
    if (error == 0) {
      return std::unique_ptr<KernelMount>(
          new KernelMount(settings, {std::move(*device), UnmountWatcher()}));
    }
    if (error != EPERM && error != EACCES) return Explain(error, settings.mountpoint);
  }
  // A root without the privilege may have a fusermount3 that has it.
  Result<FusermountResult> made =
      MountByFusermount(settings.mountpoint, FusermountOptions(settings));
  if (!made.ok()) {
    if (geteuid() == 0 && !Holds(settings.options, "auto_unmount")) {
      return Explain(EPERM, settings.mountpoint);
    }
    return Status(made.code(),
                  "cannot mount on " + settings.mountpoint + ": " + made.status().message());
  }
  return std::unique_ptr<KernelMount>(new KernelMount(settings, std::move(*made)));
}

KernelMount::KernelMount(const Settings& settings, FusermountResult made)
    : source_(settings.source),
      device_(std::move(made.device)),
      watcher_(std::move(made.watcher)),
      id_(DeviceAt(settings.mountpoint)),
      abort_(OpenAbort(id_)) {}

KernelMount::~KernelMount() { Detach(); }

bool KernelMount::Connected() const {
  pollfd connection{device_.get(), POLLIN, 0};
  return poll(&connection, 1, 0) >= 0 && (connection.revents & POLLERR) == 0;
}

// The number of a device goes to the next mount when ours has ended; while the connection stands it
// has not. Afterwards ours is one that is dead, if any.
bool KernelMount::IsOurs(const MountEntry& entry) const {
  if (entry.device != id_ || entry.source != source_) return false;
  if (Connected()) return true;
  struct statfs unused;
  return statfs(entry.mountpoint.c_str(), &unused) != 0 && errno == ENOTCONN;
}

bool KernelMount::Detach() {
  if (id_.empty()) return false;
  bool found = false;
  bool failed = false;
  const std::vector<MountEntry> table = ReadMountTable();
  for (auto entry = table.rbegin(); entry != table.rend(); ++entry) {
    if (!IsOurs(*entry)) continue;
    found = true;
    if (umount2(entry->mountpoint.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) continue;
    if (const Status status = UnmountByFusermount(entry->mountpoint); !status.ok()) {
      failed = true;
      Log(LogLevel::kWarning,
          "cannot unmount " + entry->mountpoint + ": " + status.message() + "; unmount it by hand");
    }
  }
  return found && !failed;
}

bool KernelMount::Abort() {
  return (abort_.valid() && write(abort_.get(), "1", 1) == 1) || !Connected();
}

bool KernelMount::SetReadahead(int kib) {
  return !id_.empty() && WriteFile("/sys/class/bdi/" + id_ + "/read_ahead_kb", std::to_string(kib));
}

}  // namespace brimfs
