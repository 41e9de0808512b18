#include "tests/support/origin.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

namespace brimfs {

Origin::Origin(Options options)
    : options_(std::move(options)),
      port_(options_.port),
      total_(options_.total_bandwidth),
      tree_(options_.root),
      delay_(options_.delay),
      index_(options_.index) {}

Origin::~Origin() { Stop(); }

Status Origin::Start() {
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listen_fd_, 1024) != 0 ||
      getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const int error = errno;
    close(std::exchange(listen_fd_, -1));
    return Status::FromErrno(error, "listening on 127.0.0.1:" + std::to_string(port_));
  }
  port_ = ntohs(address.sin_port);
  {
    MutexLock lock(mu_);
    stopping_ = false;
  }
  accepting_ = std::thread([this] { Accept(); });
  return OkStatus();
}

void Origin::Stop() {
  if (listen_fd_ < 0) return;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    for (Served& served : connections_) {
      if (served.socket != nullptr) served.socket->Shutdown();
    }
  }
  shutdown(listen_fd_, SHUT_RDWR);
  accepting_.join();
  close(std::exchange(listen_fd_, -1));
  std::list<Served> left;
  {
    MutexLock lock(mu_);
    left.swap(connections_);
  }
  for (Served& served : left) served.thread.join();
}

std::string Origin::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/" + PercentEncode(path);
}

void Origin::SetDelay(Duration delay) {
  MutexLock lock(mu_);
  delay_ = delay;
}

void Origin::SetIndex(Index index) {
  MutexLock lock(mu_);
  index_ = index;
}

Origin::Counters Origin::counters() const {
  MutexLock lock(mu_);
  Counters counters = counters_;
  counters.faults = faults_.struck();
  return counters;
}

std::deque<Origin::Seen> Origin::seen() const {
  MutexLock lock(mu_);
  return seen_;
}

std::string Origin::CountersJson() const {
  const Counters counters = this->counters();
  nlohmann::ordered_json paths = nlohmann::ordered_json::object();
  for (const auto& [path, of_path] : counters.paths) {
    paths[PercentEncode(path)] = {{"requests", of_path.requests},
                                  {"ranged", of_path.ranged},
                                  {"body_bytes", of_path.body_bytes}};
  }
  const nlohmann::ordered_json json = {{"connections", counters.connections},
                                       {"open", counters.open},
                                       {"requests", counters.requests},
                                       {"body_bytes", counters.body_bytes},
                                       {"paths", paths},
                                       {"faults", counters.faults}};
  return json.dump(2) + "\n";
}

void Origin::Accept() {
  for (;;) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return;
    JoinEnded();
    auto socket = std::make_shared<OriginSocket>(fd);
    MutexLock lock(mu_);
    if (stopping_) return;
    ++counters_.connections;
    ++counters_.open;
    Served& served = connections_.emplace_back();
    served.socket = std::move(socket);
    served.thread = std::thread([this, &served] { Serve(served); });
  }
}

void Origin::JoinEnded() {
  std::list<Served> ended;
  {
    MutexLock lock(mu_);
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto next = std::next(it);
      if (it->socket == nullptr) ended.splice(ended.end(), connections_, it);
      it = next;
    }
  }
  for (Served& served : ended) served.thread.join();
}

}  // namespace brimfs
