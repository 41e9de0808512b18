#include "backends/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <cstring>
#include <optional>

namespace brimfs {
namespace {

struct Network {
  uint32_t address;
  int bits;
};

constexpr Network kPrivate[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // 10.0.0.0
    {0x64400000, 10},  // 100.64.0.0
    {0x7f000000, 8},   // 127.0.0.0
    {0xa9fe0000, 16},  // 169.254.0.0
    {0xac100000, 12},  // 172.16.0.0
    {0xc0a80000, 16},  // 192.168.0.0
};

bool IsPrivate(uint32_t address) {
  for (const Network& network : kPrivate) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return true;
  }
  return false;
}

bool IsPrivate(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
    // ::1 and :: are V4COMPAT by their bytes, and 0.0.0.0/8 covers them.
    uint32_t inner = 0;
    std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
    return IsPrivate(ntohl(inner));
  }
  const bool unique_local = (address.s6_addr[0] & 0xfe) == 0xfc;
  return unique_local || IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
         IN6_IS_ADDR_UNSPECIFIED(&address);
}

// Neither IPv4 nor IPv6: nothing.
std::optional<bool> IsPrivateLiteral(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return IsPrivate(ntohl(v4.s_addr));
  in6_addr v6{};
  // A link-local address may carry its interface: fe80::1%eth0.
  const std::string plain = address.substr(0, address.find('%'));
  if (inet_pton(AF_INET6, plain.c_str(), &v6) == 1) return IsPrivate(v6);
  return std::nullopt;
}

}  // namespace

bool IsPrivateAddress(const std::string& address) {
  return IsPrivateLiteral(address).value_or(true);
}

bool IsPrivateHost(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  return IsPrivateLiteral(bracketed ? host.substr(1, host.size() - 2) : host).value_or(false);
}

}  // namespace brimfs
