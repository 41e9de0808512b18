#include "fs/socket_cutter.h"

#include <sys/socket.h>

namespace brimfs {

void SocketCutter::Opened(int fd) {
  uint64_t number = 0;
  {
    MutexLock lock(mu_);
    number = ++opened_;
    open_[fd] = number;
  }
  timer_.At(After(clock_.Now(), lifetime_), [this, fd, number] { Cut(fd, number); });
}

void SocketCutter::Closing(int fd) {
  MutexLock lock(mu_);
  open_.erase(fd);
}

void SocketCutter::Cut(int fd, uint64_t number) {
  // With the lock: it is not closed meanwhile, nor is another one opened in its place.
  MutexLock lock(mu_);
  const auto found = open_.find(fd);
  if (found != open_.end() && found->second == number) (void)shutdown(fd, SHUT_RDWR);
}

}  // namespace brimfs
