#include "backends/ip_address.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

TEST(IpAddressTest, PrivateNetworksAreToldFromPublicOnes) {
  for (const char* address :
       {"127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fdff::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "", "host"}) {
    EXPECT_TRUE(IsPrivateAddress(address)) << address;
  }
  for (const char* address : {"8.8.8.8", "172.15.255.255", "172.32.0.0", "192.169.0.1", "11.0.0.0",
                              "100.128.0.1", "169.255.0.1", "2001:db8::1", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(IsPrivateAddress(address)) << address;
  }
}

TEST(IpAddressTest, AHostIsPrivateIfItSaysSoItself) {
  for (const char* host :
       {"127.0.0.1", "[::1]", "[fd00::1]", "192.168.1.1", "localhost", "a.localhost"}) {
    EXPECT_TRUE(IsPrivateHost(host)) << host;
  }
  for (const char* host : {"8.8.8.8", "[2001:db8::1]", "intranet", "example.org"}) {
    EXPECT_FALSE(IsPrivateHost(host)) << host;
  }
}

}  // namespace
}  // namespace brimfs
