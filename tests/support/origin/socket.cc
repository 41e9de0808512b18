#include "tests/support/origin/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace brimfs {
namespace {

constexpr size_t kMaxHead = 64 * 1024;

// Appends what arrives next; false at the end of the stream.
bool Receive(int fd, std::string& to) {
  std::array<char, 8192> buffer;
  ssize_t n;
  do {
    n = recv(fd, buffer.data(), buffer.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  to.append(buffer.data(), static_cast<size_t>(n));
  return true;
}

}  // namespace

OriginSocket::OriginSocket(int fd) : fd_(fd), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

OriginSocket::~OriginSocket() {
  close(fd_);
  close(wake_fd_);
}

std::optional<std::string> OriginSocket::ReadHead() {
  size_t end;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (received_.size() > kMaxHead || !Receive(fd_, received_)) return std::nullopt;
  }
  std::string head = received_.substr(0, end);
  received_.erase(0, end + 4);
  return head;
}

bool OriginSocket::Discard(uint64_t bytes) {
  while (bytes > 0) {
    if (received_.empty() && !Receive(fd_, received_)) return false;
    const size_t n = std::min<uint64_t>(bytes, received_.size());
    received_.erase(0, n);
    bytes -= n;
  }
  return true;
}

bool OriginSocket::Send(std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t n = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data = data.subspan(static_cast<size_t>(n));
  }
  return true;
}

bool OriginSocket::SleepUntil(TimePoint deadline) {
  for (;;) {
    timespec left{};
    if (deadline != kNever) {
      const auto ns = std::max(deadline - Clock::Steady().Now(), Duration::zero());
      left.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(ns).count();
      left.tv_nsec = (ns % std::chrono::seconds(1)).count();
    }
    // No POLLIN: a request that is sent ahead must not end the sleep.
    std::array<pollfd, 2> fds{{{fd_, POLLRDHUP, 0}, {wake_fd_, POLLIN, 0}}};
    const int ready = ppoll(fds.data(), fds.size(), deadline == kNever ? nullptr : &left, nullptr);
    if (ready < 0) continue;
    if (fds[0].revents != 0) return false;
    if (fds[1].revents != 0) {
      eventfd_t value;
      eventfd_read(wake_fd_, &value);
      return true;
    }
    if (ready == 0) return true;
  }
}

void OriginSocket::Wake() { eventfd_write(wake_fd_, 1); }

void OriginSocket::Shutdown() { shutdown(fd_, SHUT_RDWR); }

void OriginSocket::ResetOnClose() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace brimfs
