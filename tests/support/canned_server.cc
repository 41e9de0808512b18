#include "tests/support/canned_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace brimfs {

CannedServer::CannedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listen_fd_, 16) != 0 ||
      getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("listening for canned answers");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread(&CannedServer::Serve, this);
}

CannedServer::~CannedServer() {
  shutdown(listen_fd_, SHUT_RDWR);  // accept(2) ends
  thread_.join();
  close(listen_fd_);
}

std::vector<std::string> CannedServer::requests() const {
  MutexLock lock(mu_);
  return requests_;
}

void CannedServer::Serve() {
  for (size_t served = 0;; ++served) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      request.append(buffer, static_cast<size_t>(got));
    }
    {
      MutexLock lock(mu_);
      requests_.push_back(request);
    }
    const std::string& answer = answers_[std::min(served, answers_.size() - 1)];
    for (size_t sent = 0; sent < answer.size();) {
      const ssize_t put = send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (put <= 0) break;
      sent += static_cast<size_t>(put);
    }
    close(fd);
  }
}

}  // namespace brimfs
