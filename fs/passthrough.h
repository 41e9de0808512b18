// Everything that libfuse before 3.17 does not know of FUSE passthrough, in one place:
// the INIT negotiation, the backing ids and the reply to open. (Linux 6.9, fs/fuse/passthrough.c and
// fs/fuse/iomode.c; include/uapi/linux/fuse.h.)
#ifndef BRIMFS_FS_PASSTHROUGH_H_
#define BRIMFS_FS_PASSTHROUGH_H_

#include <sys/uio.h>

#include <atomic>
#include <cstdint>

#include "fs/filesystem.h"

namespace brimfs {

class Passthrough : public KernelBacking {
 public:
  // `fuse_fd` is the session's; -1 until SetFd. `wanted` false: never negotiate (-o passthrough=off).
  explicit Passthrough(bool wanted);

  void SetFd(int fuse_fd) { fd_ = fuse_fd; }

  // Sees every request as it is read, and every reply before it is written. The INIT reply is changed
  // in `iov` (whose payload is copied into a buffer of ours first).
  void OnRequest(const void* request, size_t size);
  void OnReply(iovec* iov, int count);

  // Negotiated with the kernel, and no registration has failed for good (EPERM, EOPNOTSUPP, ELOOP: said
  // once in the log, then never tried again).
  bool enabled() const;

  Result<int> Register(int fd) override;
  void Unregister(int backing_id) override;

 private:
  const bool wanted_;
  std::atomic<int> fd_{-1};
  std::atomic<uint64_t> init_unique_{0};
  std::atomic<bool> negotiated_{false};
  std::atomic<bool> given_up_{false};
};

}  // namespace brimfs

#endif  // BRIMFS_FS_PASSTHROUGH_H_
