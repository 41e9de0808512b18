// Between libfuse and /dev/fuse: every request and every reply passes here, so that passthrough can
// be negotiated and the moment be seen at which the kernel has accepted the session. What libfuse
// 3.14 does not know of INIT is added here, too.
#ifndef BRIMFS_FS_FUSE_CHANNEL_H_
#define BRIMFS_FS_FUSE_CHANNEL_H_

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>

#include "fs/fuse_api.h"
#include "fs/passthrough.h"

namespace brimfs {

// Used by all threads of the loop.
class FuseChannel {
 public:
  // `accepted` runs once, after INIT has been answered, on the thread that answered it; `ended`
  // each time that a thread finds the connection gone. `passthrough` outlives this.
  FuseChannel(Passthrough& passthrough, std::function<void()> accepted,
              std::function<void()> ended);

  // For fuse_session_custom_io. Without splice: replies go straight from the map of the backing
  // file, which is faster (design: "Drivers").
  static fuse_custom_io Io();

 private:
  // As read(2) and writev(2), whose errno libfuse looks at: EINTR, EAGAIN and ENOENT (the request
  // was interrupted) go on, ENODEV ends the loop without an error. The other end of a socket going
  // away counts as that too.
  ssize_t Read(int fd, void* buffer, size_t size);
  ssize_t Write(int fd, iovec* iov, int count);

  void OnRequest(const void* request, size_t size);

  Passthrough& passthrough_;
  const std::function<void()> accepted_;
  const std::function<void()> ended_;
  std::atomic<bool> may_refuse_export_{false};  // the kernel offers it in INIT
  // The number of the request INIT; before it one that no request has.
  std::atomic<uint64_t> init_unique_{std::numeric_limits<uint64_t>::max()};
  std::atomic<bool> answered_{false};  // INIT
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FUSE_CHANNEL_H_
