// A unix socket that somebody else sends to, as the journal's is.
#ifndef BRIMFS_TESTS_SUPPORT_DATAGRAM_SOCKET_H_
#define BRIMFS_TESTS_SUPPORT_DATAGRAM_SOCKET_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/unique_fd.h"

namespace brimfs {

class DatagramSocket {
 public:
  explicit DatagramSocket(std::string path)
      : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error(path_ + ": " + std::strerror(errno));
    }
  }
  ~DatagramSocket() { unlink(path_.c_str()); }
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  // The next message; empty if none comes within half a minute.
  std::string Receive() {
    pollfd ready{fd_.get(), POLLIN, 0};
    if (poll(&ready, 1, 30'000) <= 0) return "";
    char message[65536];
    const ssize_t size = recv(fd_.get(), message, sizeof message, 0);
    return {message, size < 0 ? 0 : static_cast<size_t>(size)};
  }

 private:
  const std::string path_;
  const UniqueFd fd_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_DATAGRAM_SOCKET_H_
