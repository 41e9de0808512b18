// The control socket of a mount, all in one: made when it is mounted, gone when it is unmounted.
#ifndef BRIMFS_FS_MOUNT_CONTROL_H_
#define BRIMFS_FS_MOUNT_CONTROL_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "fs/control_server.h"
#include "fs/control_service.h"
#include "fs/control_socket.h"
#include "fs/filesystem.h"
#include "fs/mount_options.h"

namespace brimfs {

class MountControl {
 public:
  // Before the mount answers its first request, which may be for the socket's path. Null, with one
  // line in the log, if no directory for a socket can be had: the mount does without. `source` is
  // as it may be shown. `filesystem` outlives this.
  static std::unique_ptr<MountControl> Start(const MountOptions& options, std::string source,
                                             std::string mountpoint, FileSystem& filesystem);

  // Thread-safe. Ends what is asked and filled, so that nobody keeps the mount in use for it.
  void Stop() { server_.Stop(); }

  // Thread-safe. Where to ask: if the socket has been taken away, as that of a user is at the end
  // of a session, there is a new one from now on. Empty after Stop.
  std::string SocketPath();

 private:
  // What ControlSocket::Listen takes.
  struct Place {
    std::vector<ControlDirectory> directories;
    mode_t mode;
  };

  MountControl(ControlService::Settings settings, Place place, ControlSocket socket,
               FileSystem& filesystem);

  const Place place_;
  ControlService service_;
  ControlServer server_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_CONTROL_H_
