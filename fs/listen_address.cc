#include "fs/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <charconv>

namespace brimfs {
namespace {

constexpr char kAccepted[] = "an address and a port such as 127.0.0.1:9469 or [::1]:9469";

const sockaddr* AsAddress(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr*>(&storage);
}

sockaddr_in& V4(sockaddr_storage& storage) { return reinterpret_cast<sockaddr_in&>(storage); }
sockaddr_in6& V6(sockaddr_storage& storage) { return reinterpret_cast<sockaddr_in6&>(storage); }
const sockaddr_in& V4(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& V6(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

}  // namespace

Result<ListenAddress> ListenAddress::Parse(std::string_view text) {
  const Status bad(Code::kInvalidArgument, kAccepted);
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad;

  const std::string_view host = text.substr(0, colon);
  ListenAddress result;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    sockaddr_in6& v6 = V6(result.address_);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    result.size_ = sizeof v6;
    const std::string number(host.substr(1, host.size() - 2));
    if (inet_pton(AF_INET6, number.c_str(), &v6.sin6_addr) != 1) return bad;
  } else {
    sockaddr_in& v4 = V4(result.address_);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.size_ = sizeof v4;
    if (inet_pton(AF_INET, std::string(host).c_str(), &v4.sin_addr) != 1) return bad;
  }
  return result;
}

bool ListenAddress::loopback() const {
  if (address_.ss_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&V6(address_).sin6_addr);
  return ntohl(V4(address_).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

uint16_t ListenAddress::port() const {
  return ntohs(address_.ss_family == AF_INET6 ? V6(address_).sin6_port : V4(address_).sin_port);
}

std::string ListenAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  const bool v6 = address_.ss_family == AF_INET6;
  const void* const number = v6 ? static_cast<const void*>(&V6(address_).sin6_addr)
                                : static_cast<const void*>(&V4(address_).sin_addr);
  inet_ntop(address_.ss_family, number, text, sizeof text);
  return (v6 ? "[" + std::string(text) + "]" : std::string(text)) + ":" + std::to_string(port());
}

Result<UniqueFd> ListenAddress::Listen() {
  UniqueFd fd(socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Status::FromErrno(errno, ToString());
  const int yes = 1;
  // A mount that follows another takes its port at once.
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address_.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  if (bind(fd.get(), AsAddress(address_), size_) != 0 || listen(fd.get(), SOMAXCONN) != 0) {
    return Status::FromErrno(errno, ToString());
  }
  socklen_t size = sizeof address_;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address_), &size) != 0) {
    return Status::FromErrno(errno, ToString());
  }
  return fd;
}

}  // namespace brimfs
