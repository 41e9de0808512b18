#include "fs/fuse_channel.h"

#include <linux/fuse.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace brimfs {
namespace {

// libfuse before 3.17 never passes FUSE_PARALLEL_DIROPS on (github.com/libfuse/libfuse/pull/861).
// Without it the kernel holds the directory's lock over each lookup, where even SIGKILL does not
// reach those who queue behind a slow one. Kernels since 4.7 know it; others ignore it.
void AllowParallelLookups(const iovec* iov, int count) {
  if (count != 2 || iov[1].iov_len < offsetof(fuse_init_out, max_background)) return;
  auto* const flags = static_cast<std::byte*>(iov[1].iov_base) + offsetof(fuse_init_out, flags);
  uint32_t value;
  std::memcpy(&value, flags, sizeof value);
  value |= FUSE_PARALLEL_DIROPS;
  std::memcpy(flags, &value, sizeof value);
}

// From Linux 6.9's include/uapi/linux/fuse.h (protocol 7.40), under names of our own, because older
// headers lack them.
constexpr uint64_t kFuseNoExportSupport = 1ull << 38;  // FUSE_NO_EXPORT_SUPPORT
constexpr uint64_t kFuseInitExt = 1ull << 30;          // FUSE_INIT_EXT: flags2 is valid

// name_to_handle_at(2) then says EOPNOTSUPP, and exportfs(8) refuses the mount. Without it the
// kernel hands out handles that are good only as long as it keeps the node, ESTALE afterwards.
void RefuseExport(const iovec* iov, int count) {
  if (count != 2 || iov[1].iov_len < offsetof(fuse_init_out, flags2) + sizeof(uint32_t)) return;
  fuse_init_out reply{};
  const size_t size = std::min(sizeof reply, iov[1].iov_len);
  std::memcpy(&reply, iov[1].iov_base, size);
  reply.flags |= static_cast<uint32_t>(kFuseInitExt);
  reply.flags2 |= static_cast<uint32_t>(kFuseNoExportSupport >> 32);
  std::memcpy(iov[1].iov_base, &reply, size);
}

}  // namespace

FuseChannel::FuseChannel(Passthrough& passthrough, std::function<void()> accepted,
                         std::function<void()> ended)
    : passthrough_(passthrough), accepted_(std::move(accepted)), ended_(std::move(ended)) {}

fuse_custom_io FuseChannel::Io() {
  fuse_custom_io io{};
  io.read = [](int fd, void* buffer, size_t size, void* userdata) {
    return static_cast<FuseUserdata*>(userdata)->channel->Read(fd, buffer, size);
  };
  io.writev = [](int fd, iovec* iov, int count, void* userdata) {
    return static_cast<FuseUserdata*>(userdata)->channel->Write(fd, iov, count);
  };
  return io;
}

ssize_t FuseChannel::Read(int fd, void* buffer, size_t size) {
  ssize_t got = read(fd, buffer, size);
  if (got > 0) {
    passthrough_.OnRequest(buffer, static_cast<size_t>(got));
    if (!answered_.load(std::memory_order_relaxed)) OnRequest(buffer, static_cast<size_t>(got));
    return got;
  }
  if (got == 0) {
    got = -1;
    errno = ENODEV;
  }
  const int error = errno;
  if (error == EINTR || error == EAGAIN || error == ENOENT) return got;
  // The loop cancels its threads while they read (pthread_cancel); not in the middle of this.
  int cancel_state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  ended_();
  pthread_setcancelstate(cancel_state, nullptr);
  errno = error;
  return got;
}

void FuseChannel::OnRequest(const void* request, size_t size) {
  fuse_in_header header;
  fuse_init_in init;
  if (size < sizeof header) return;
  std::memcpy(&header, request, sizeof header);
  if (header.opcode != FUSE_INIT) return;
  init_unique_.store(header.unique, std::memory_order_relaxed);
  if (size < sizeof header + sizeof init) return;  // a kernel that offers nothing of the sort
  std::memcpy(&init, static_cast<const std::byte*>(request) + sizeof header, sizeof init);
  const uint64_t offered = init.flags | static_cast<uint64_t>(init.flags2) << 32;
  may_refuse_export_ = (offered & kFuseInitExt) != 0 && (offered & kFuseNoExportSupport) != 0;
}

ssize_t FuseChannel::Write(int fd, iovec* iov, int count) {
  // By its number: while the thread that answers INIT is still in writev(2) another one may answer
  // what the kernel asked next.
  const auto* const header = static_cast<const fuse_out_header*>(iov[0].iov_base);
  const bool init = header->unique == init_unique_.load(std::memory_order_relaxed);
  const bool refused = header->error != 0;
  if (init) {
    AllowParallelLookups(iov, count);
    if (may_refuse_export_) RefuseExport(iov, count);
    passthrough_.OnReply(iov, count);
  }
  const ssize_t written = writev(fd, iov, count);
  if (init && !refused && written >= 0 && !answered_.exchange(true)) accepted_();
  return written;
}

}  // namespace brimfs
