// One mount from the first check to the unmount: /dev/fuse, the loop's threads, its end.
#ifndef BRIMFS_FS_SESSION_H_
#define BRIMFS_FS_SESSION_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "core/status.h"
#include "fs/filesystem.h"
#include "fs/fuse_api.h"
#include "fs/fuse_channel.h"
#include "fs/fuse_ops.h"
#include "fs/kernel_mount.h"
#include "fs/mount_options.h"
#include "fs/passthrough.h"

namespace brimfs {

class Session {
 public:
  struct Settings {
    std::string source;  // see KernelMount::Settings
    std::string mountpoint;
    MountOptions options;
    int max_threads = 512;       // of the loop
    int blocking_threads = 448;  // of these may sleep
    int max_background = 4096;   // requests that the kernel sends without waiting for answers

    // Called once the kernel has accepted the session and its readahead is set; on a thread of the
    // loop.
    std::function<void()> ready = [] {};
  };

  // Mounts, as KernelMount::Make does. `filesystem` and `passthrough` outlive the session.
  static Result<std::unique_ptr<Session>> Mount(Settings settings, FileSystem& filesystem,
                                                Passthrough& passthrough);

  // For tests: serves a FUSE connection that somebody else holds the other end of; nothing is
  // mounted. Takes `fd` over.
  static Result<std::unique_ptr<Session>> Serve(int fd, Settings settings, FileSystem& filesystem,
                                                Passthrough& passthrough);

  // Unmounts if it is still mounted. Not while Loop runs.
  ~Session();

  // Answers requests until unmounted or until RequestExit; when it returns, every request has been
  // answered. Ok after an unmount. Once.
  Status Loop();

  // Thread-safe. Ends the loop: the first time it unmounts lazily, and what is open goes on until
  // closed, even if the mount is nowhere to be found; the second time the connection is cut, and
  // readers get ENOTCONN.
  void RequestExit();

 private:
  struct Destroyer {
    void operator()(fuse_session* session) const { fuse_session_destroy(session); }
  };

  Session(Settings settings, FileSystem& filesystem, Passthrough& passthrough);

  Status Start(UniqueFd fd);
  void OnAccepted();
  void Cut();

  // Constant after Mount or Serve.
  const Settings settings_;
  Passthrough& passthrough_;
  std::unique_ptr<KernelMount> mount_;  // null: of Serve
  int fd_ = -1;                         // the session's

  FuseOps ops_;
  FuseChannel channel_;
  FuseUserdata userdata_;
  std::unique_ptr<fuse_session, Destroyer> session_;
  std::atomic<int> exit_requests_{0};
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SESSION_H_
