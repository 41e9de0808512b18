#include "fs/mount_control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "core/clock.h"
#include "core/log.h"

namespace brimfs {

std::unique_ptr<MountControl> MountControl::Start(const MountOptions& options, std::string source,
                                                  std::string mountpoint, FileSystem& filesystem) {
  const bool others = options.HasKernel("allow_other");
  const bool on_disk = options.driver == DriverKind::kMmap;
  constexpr mode_t kOwner = 0600;
  constexpr mode_t kEverybody = 0666;  // what they may ask is decided at every request
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  Result<ControlSocket> socket = ControlSocket::Listen(
      ControlDirectories(geteuid(), runtime == nullptr ? "" : runtime, options.cache),
      others || options.HasKernel("allow_root") ? kEverybody : kOwner);
  if (!socket.ok()) {
    Log(LogLevel::kWarning, "no control socket, so no brimfs status, fill, evict and pin: " +
                                socket.status().message());
    return nullptr;
  }
  ControlService::Settings settings;
  settings.access = {.owner = geteuid(),
                     .others = others,
                     .uid = options.uid,
                     .gid = options.gid,
                     .file_mode = options.FileMode(),
                     .directory_mode = options.DirectoryMode()};
  settings.source = std::move(source);
  settings.mountpoint = std::move(mountpoint);
  settings.driver = on_disk ? "mmap" : "memory";
  if (on_disk) settings.cache = options.cache;
  filesystem.SetControlSocket(socket->path());
  return std::unique_ptr<MountControl>(
      new MountControl(std::move(settings), std::move(*socket), filesystem));
}

MountControl::MountControl(ControlService::Settings settings, ControlSocket socket,
                           FileSystem& filesystem)
    : service_(std::move(settings), filesystem, Clock::Steady()),
      server_(std::move(socket), service_, geteuid()) {}

}  // namespace brimfs
