#include "tests/support/origin.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

namespace brimfs {
namespace {

// Where the port stands in `to`, which becomes the socket address of a numeric `address`.
in_port_t* FillAddress(const std::string& address, sockaddr_storage& to, socklen_t& size) {
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&to);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    to.ss_family = AF_INET;
    size = sizeof *v4;
    return &v4->sin_port;
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&to);
  inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
  to.ss_family = AF_INET6;
  size = sizeof *v6;
  return &v6->sin6_port;
}

}  // namespace

Origin::Origin(Options options)
    : options_(std::move(options)),
      port_(options_.port),
      total_(options_.total_bandwidth),
      tree_(options_.root),
      s3_(options_.s3),
      delay_(options_.delay),
      index_(options_.index) {
  if (options_.s3.versions) tree_.KeepVersions();
  if (speaks_s3()) tree_.PutRoot();
}

Origin::~Origin() { Stop(); }

Status Origin::Start() {
  sockaddr_storage address{};
  socklen_t size = 0;
  in_port_t* const port = FillAddress(options_.address, address, size);
  *port = htons(port_);
  listen_fd_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listen_fd_, 1024) != 0 ||
      getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const int error = errno;
    close(std::exchange(listen_fd_, -1));
    return Status::FromErrno(error,
                             "listening on " + options_.address + " port " + std::to_string(port_));
  }
  port_ = ntohs(*port);
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
  const bool v6 = options_.address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + options_.address + "]" : options_.address;
  return "http://" + host + ":" + std::to_string(port_) + "/" + PercentEncode(path);
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
