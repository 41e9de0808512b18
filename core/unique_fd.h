// A file descriptor with an owner.
#ifndef BRIMFS_CORE_UNIQUE_FD_H_
#define BRIMFS_CORE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace brimfs {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}  // takes `fd` over; -1 is none
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // The descriptor is the caller's from now on.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_UNIQUE_FD_H_
