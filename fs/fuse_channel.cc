#include "fs/fuse_channel.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace brimfs {

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

ssize_t FuseChannel::Write(int fd, iovec* iov, int count) {
  passthrough_.OnReply(iov, count);
  const ssize_t written = writev(fd, iov, count);
  if (written < 0 || answered_.load(std::memory_order_relaxed)) return written;
  // The kernel asks nothing before INIT is answered, so the first reply is that one.
  if (!answered_.exchange(true)) accepted_();
  return written;
}

}  // namespace brimfs
