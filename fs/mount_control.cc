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
  constexpr mode_t kOwner = 0600;      // and root, whom no mode keeps out
  constexpr mode_t kEverybody = 0666;  // what they may ask is decided at every request
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  Place place{ControlDirectories(geteuid(), runtime == nullptr ? "" : runtime, options.cache),
              others ? kEverybody : kOwner};
  Result<ControlSocket> socket = ControlSocket::Listen(place.directories, place.mode);
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
  std::unique_ptr<MountControl> control(
      new MountControl(std::move(settings), std::move(place), std::move(*socket), filesystem));
  filesystem.SetControlSocket([self = control.get()] { return self->SocketPath(); });
  return control;
}

MountControl::MountControl(ControlService::Settings settings, Place place, ControlSocket socket,
                           FileSystem& filesystem)
    : place_(std::move(place)),
      service_(std::move(settings), filesystem, Clock::Steady()),
      server_(std::move(socket), service_, geteuid()) {}

std::string MountControl::SocketPath() {
  std::string path = server_.path();
  if (path.empty() || IsSocket(path)) return path;
  Result<ControlSocket> socket = ControlSocket::Listen(place_.directories, place_.mode);
  if (!socket.ok()) {
    LogOnce("control socket", LogLevel::kWarning,
            "the control socket has gone, and there is no new one: " + socket.status().message());
    return path;
  }
  server_.Replace(path, std::move(*socket));  // unless another thread was first
  return server_.path();
}

}  // namespace brimfs
