// Everything that libfuse before 3.17 does not know of FUSE passthrough, in one place: the INIT
// negotiation, the backing ids and the reply to open. It works on the messages themselves, so it is
// the same with any libfuse. (Linux 6.9, fs/fuse/passthrough.c, fs/fuse/iomode.c, fs/fuse/inode.c;
// include/uapi/linux/fuse.h.)
#ifndef BRIMFS_FS_PASSTHROUGH_H_
#define BRIMFS_FS_PASSTHROUGH_H_

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fs/filesystem.h"

namespace brimfs {

// Thread-safe.
class Passthrough : public KernelBacking {
 public:
  // `wanted` false: never negotiate (-o passthrough=off).
  explicit Passthrough(bool wanted) : wanted_(wanted) {}

  // The session's descriptor; -1 before the session and after it, when the kernel has dropped every
  // backing file by itself.
  void SetFd(int fuse_fd) { fd_ = fuse_fd; }

  // Sees every request as it is read, and every reply before it is written. In the one INIT reply
  // the second element of `iov` is made to point at a changed copy, which lives as long as this.
  void OnRequest(const void* request, size_t size);
  void OnReply(iovec* iov, int count);

  // Negotiated with the kernel, and no registration has failed for good (EPERM, EOPNOTSUPP, ELOOP:
  // said once in the log, then never tried again).
  bool enabled() const override { return negotiated_ && !given_up_; }

  Result<int> Register(int fd) override;
  void Unregister(int backing_id) override;

  // struct fuse_open_out of a passed-through open. Without FOPEN_KEEP_CACHE: the kernel then drops
  // the pages that ordinary reads left behind.
  static constexpr size_t kOpenReplySize = 16;
  static std::array<std::byte, kOpenReplySize> OpenReply(uint64_t handle, int backing_id);

 private:
  const bool wanted_;
  std::atomic<int> fd_{-1};
  std::atomic<uint64_t> init_unique_{0};  // of the INIT request that offered it; 0: none did
  std::atomic<bool> negotiated_{false};
  std::atomic<bool> given_up_{false};

  // The changed INIT reply; room for what later kernels append. Touched once, by the thread that
  // answers INIT.
  std::array<std::byte, 256> init_reply_{};
};

}  // namespace brimfs

#endif  // BRIMFS_FS_PASSTHROUGH_H_
