#include "core/journal.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace brimfs {
namespace {

const sockaddr* AsAddress(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<Journal> Journal::Open(const std::string& socket) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket.size() >= sizeof to.sun_path) return Status(Code::kNameTooLong, socket);
  std::memcpy(to.sun_path, socket.data(), socket.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(probe.get(), AsAddress(to), sizeof to) != 0) {
    return Status::FromErrno(errno, socket);
  }
  return Journal(std::move(fd), to);
}

bool Journal::Send(std::string_view fields) const {
  if (sendto(fd_.get(), fields.data(), fields.size(), MSG_NOSIGNAL | MSG_DONTWAIT, AsAddress(to_),
             sizeof to_) >= 0) {
    return true;
  }
  return errno == EAGAIN;
}

bool Journal::IsStream(const char* stream, int fd) {
  struct stat file {};
  if (stream == nullptr || fstat(fd, &file) != 0) return false;
  return stream == std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
}

}  // namespace brimfs
