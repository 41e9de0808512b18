#include "fs/readiness.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "core/log.h"
#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

Readiness Readiness::FromEnvironment() {
  Readiness readiness;
  if (const char* const address = std::getenv("NOTIFY_SOCKET")) readiness.address_ = address;
  unsetenv("NOTIFY_SOCKET");
  return readiness;
}

void Readiness::Ready(std::string_view status) const {
  Send("READY=1\nMAINPID=" + std::to_string(getpid()) + "\nSTATUS=" + EscapeForLog(status) + "\n");
}

void Readiness::Stopping(std::string_view status) const {
  Send("STOPPING=1\nSTATUS=" + EscapeForLog(status) + "\n");
}

void Readiness::Send(std::string_view state) const {
  if (address_.empty()) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  // '@' stands for the byte 0 that begins an abstract name.
  if ((address_[0] != '/' && address_[0] != '@') || address_.size() >= sizeof to.sun_path) {
    LogOnce("readiness", LogLevel::kWarning, "NOTIFY_SOCKET=" + address_ + " is no socket's name");
    return;
  }
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), length) < 0) {
    Log(LogLevel::kWarning, Status::FromErrno(errno, "telling the service manager").message());
  }
}

}  // namespace brimfs
