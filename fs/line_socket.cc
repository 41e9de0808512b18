#include "fs/line_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace brimfs {

Status LineSocket::Receive() {
  in_.erase(0, std::exchange(taken_, 0));
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return OkStatus();
    if (got < 0) return Status::FromErrno(errno, "recv");
    if (got == 0) return Status(Code::kEof);
    in_.append(buffer.data(), static_cast<size_t>(got));
    const size_t last = in_.rfind('\n');
    const size_t unended = last == std::string::npos ? in_.size() : in_.size() - last - 1;
    if (unended > most_line_) return Status(Code::kTooBig, "a line that is too long");
    // The rest is read once these lines are done: the sender may wait as long.
    if (in_.size() > most_line_) return OkStatus();
  }
}

std::optional<std::string> LineSocket::NextLine() {
  const size_t end = in_.find('\n', taken_);
  if (end == std::string::npos) return std::nullopt;
  const size_t begin = std::exchange(taken_, end + 1);
  return in_.substr(begin, end - begin);
}

Status LineSocket::Send(std::string_view line) {
  if (out_.size() + line.size() >= most_waiting_) return Status(Code::kTooBig, "nobody reads");
  out_.append(line).push_back('\n');
  return Flush();
}

Status LineSocket::Flush() {
  size_t sent = 0;
  Status status;
  while (sent < out_.size()) {
    const ssize_t now = send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (now < 0) {
      status = Status::FromErrno(errno, "send");
      break;
    }
    sent += static_cast<size_t>(now);
  }
  out_.erase(0, sent);
  return status;
}

}  // namespace brimfs
