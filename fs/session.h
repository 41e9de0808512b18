// One mount from the first check to the unmount: /dev/fuse, the loop's threads, signals, daemon.
#ifndef BRIMFS_FS_SESSION_H_
#define BRIMFS_FS_SESSION_H_

#include <memory>
#include <string>

#include "core/status.h"
#include "fs/filesystem.h"
#include "fs/mount_options.h"
#include "fs/passthrough.h"

namespace brimfs {

class Session {
 public:
  struct Settings {
    std::string source;      // shown in mountinfo: exactly what the user gave
    std::string mountpoint;
    MountOptions options;
    int max_threads = 512;       // of the loop
    int blocking_threads = 448;  // of these may sleep
    int max_background = 4096;   // requests that the kernel sends without waiting for answers
  };

  // Mounts. An error's message names the mountpoint and the remedy.
  static Result<std::unique_ptr<Session>> Mount(Settings settings, FileSystem& filesystem, Passthrough& passthrough);

  // For tests: serves a FUSE connection that somebody else holds the other end of; nothing is mounted. Takes `fd` over.
  static Result<std::unique_ptr<Session>> Serve(int fd, Settings settings, FileSystem& filesystem, Passthrough& passthrough);

  // Unmounts if it is still mounted.
  ~Session();

  // Answers requests until unmounted or until RequestExit. Ok after an unmount.
  Status Loop();

  // Thread-safe. Ends the loop: unmounts lazily; what is open goes on until closed.
  void RequestExit();
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SESSION_H_
