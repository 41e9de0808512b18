#include "tests/support/test_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "tests/support/origin/auth.h"

namespace brimfs {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

bool SendAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Exactly `count` bytes; fewer at the end of the stream.
std::string Receive(int fd, size_t count) {
  std::string data(count, '\0');
  const ssize_t got = recv(fd, data.data(), count, MSG_WAITALL);
  data.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return data;
}

std::string ReceiveHead(int fd) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = Receive(fd, 1);
    if (next.empty()) return {};
    head += next;
  }
  return head;
}

// Carries bytes both ways until either side ends.
void Pump(int a, int b) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    std::array<pollfd, 2> fds{{{a, POLLIN, 0}, {b, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) return;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      const ssize_t got = recv(fds[i].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      if (!SendAll(fds[1 - i].fd, {buffer.data(), static_cast<size_t>(got)})) return;
    }
  }
}

// "host:port" in its parts; the default is port 80.
std::pair<std::string, uint16_t> Split(const std::string& authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string::npos) return {authority, 80};
  return {authority.substr(0, colon),
          static_cast<uint16_t>(std::atoi(authority.c_str() + colon + 1))};
}

}  // namespace

TestProxy::TestProxy(Options options) : options_(std::move(options)) {
  const bool local = !options_.unix_socket.empty();
  listen_fd_ = UniqueFd(socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (local) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, options_.unix_socket.c_str(), sizeof address.sun_path - 1);
    if (bind(listen_fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Die("binding a unix socket");
    }
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listen_fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(listen_fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      Die("binding a proxy");
    }
    port_ = ntohs(address.sin_port);
  }
  if (listen(listen_fd_.get(), 128) != 0) Die("listening for a proxy");
  accepting_ = std::thread([this] { Accept(); });
}

TestProxy::~TestProxy() {
  std::vector<std::thread> serving;
  shutdown(listen_fd_.get(), SHUT_RDWR);
  accepting_.join();
  {
    MutexLock lock(mu_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    serving.swap(serving_);
  }
  for (std::thread& thread : serving) thread.join();
}

std::string TestProxy::url() const {
  const std::string scheme = options_.kind == Kind::kSocks5 ? "socks5h://" : "http://";
  if (!options_.unix_socket.empty()) return scheme + "localhost" + options_.unix_socket;
  return scheme + "127.0.0.1:" + std::to_string(port_);
}

std::vector<std::string> TestProxy::targets() const {
  MutexLock lock(mu_);
  return targets_;
}

void TestProxy::Accept() {
  for (;;) {
    const int client = accept4(listen_fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    MutexLock lock(mu_);
    open_.push_back(client);
    serving_.emplace_back([this, client] { Serve(client); });
  }
}

void TestProxy::Serve(int client) {
  switch (options_.kind) {
    case Kind::kHttp:
      ServeHttp(client);
      break;
    case Kind::kSocks5:
      ServeSocks(client);
      break;
    case Kind::kRelay:
      if (const UniqueFd server(ConnectTo("127.0.0.1", options_.target)); server.valid()) {
        Pump(client, server.get());
      }
      break;
  }
  MutexLock lock(mu_);
  open_.remove(client);
  close(client);
}

int TestProxy::ConnectTo(const std::string& host, uint16_t port) {
  {
    MutexLock lock(mu_);
    if (stopping_) return -1;
    targets_.push_back(host + ":" + std::to_string(port));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const std::string numeric =
      host == options_.known_host || host == "localhost" ? "127.0.0.1" : host;
  if (inet_pton(AF_INET, numeric.c_str(), &address.sin_addr) != 1) return -1;
  UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return server.Release();
}

void TestProxy::ServeHttp(int client) {
  for (;;) {
    std::string head = ReceiveHead(client);
    const size_t first_space = head.find(' ');
    const size_t second_space = head.find(' ', first_space + 1);
    if (head.empty() || second_space == std::string::npos) return;
    const bool let_in =
        options_.user.empty() ||
        head.find("\r\nProxy-Authorization: " + BasicLogin(options_.user, options_.password)) !=
            std::string::npos;
    if (!let_in) {
      SendAll(client,
              "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
              "Proxy-Authenticate: Basic realm=\"proxy\"\r\n\r\n");
      continue;
    }
    const std::string target = head.substr(first_space + 1, second_space - first_space - 1);
    const bool tunnel = head.starts_with("CONNECT ");
    constexpr size_t kScheme = sizeof "http://" - 1;
    const size_t path = tunnel ? std::string::npos : target.find('/', kScheme);
    const auto [host, port] = Split(tunnel ? target : target.substr(kScheme, path - kScheme));
    const UniqueFd server(ConnectTo(host, port));
    if (!server.valid()) {
      SendAll(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
      continue;
    }
    if (tunnel) {
      SendAll(client, "HTTP/1.1 200 Established\r\n\r\n");
    } else {
      // One request a connection.
      head.replace(first_space + 1, target.size(), target.substr(path));
      head.insert(head.size() - 2, "Connection: close\r\n");
      SendAll(server.get(), head);
    }
    return Pump(client, server.get());
  }
}

// RFC 1928 and 1929.
bool TestProxy::SocksLetsIn(int client) const {
  const std::string hello = Receive(client, 2);
  if (hello.size() < 2) return false;
  const std::string methods = Receive(client, static_cast<unsigned char>(hello[1]));
  if (options_.user.empty()) return SendAll(client, std::string("\5\0", 2));
  if (methods.find('\2') == std::string::npos) {
    SendAll(client, "\5\xff");
    return false;
  }
  SendAll(client, "\5\2");
  const std::string user_size = Receive(client, 2);
  if (user_size.size() < 2) return false;
  const std::string user = Receive(client, static_cast<unsigned char>(user_size[1]));
  const std::string password =
      Receive(client, static_cast<unsigned char>(Receive(client, 1).at(0)));
  const bool right = user == options_.user && password == options_.password;
  SendAll(client, right ? std::string("\1\0", 2) : std::string("\1\1", 2));
  return right;
}

void TestProxy::ServeSocks(int client) {
  if (!SocksLetsIn(client)) return;
  const std::string request = Receive(client, 4);
  if (request.size() < 4) return;
  std::string host;
  if (request[3] == 1) {
    const std::string raw = Receive(client, 4);
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, raw.data(), text, sizeof text);
    host = text;
  } else {
    host = Receive(client, static_cast<unsigned char>(Receive(client, 1).at(0)));
  }
  const std::string raw_port = Receive(client, 2);
  if (raw_port.size() < 2) return;
  const auto port = static_cast<uint16_t>(static_cast<unsigned char>(raw_port[0]) << 8 |
                                          static_cast<unsigned char>(raw_port[1]));
  const UniqueFd server(ConnectTo(host, port));
  SendAll(client, std::string(server.valid() ? "\5\0\0\1" : "\5\4\0\1", 4) + std::string(6, '\0'));
  if (server.valid()) Pump(client, server.get());
}

}  // namespace brimfs
