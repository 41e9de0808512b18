#include "fs/listen_address.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

TEST(ListenAddressTest, TakesNumbersOnly) {
  for (const char* const text : {"127.0.0.1:9469", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:1"}) {
    const Result<ListenAddress> address = ListenAddress::Parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
  for (const char* const text :
       {"", "9469", ":9469", "localhost:9469", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:9469x", "::1:9469", "[::1]", "[]:1", "[127.0.0.1]:1"}) {
    EXPECT_EQ(ListenAddress::Parse(text).code(), Code::kInvalidArgument) << text;
  }
}

TEST(ListenAddressTest, KnowsWhatOthersCanReach) {
  for (const char* const text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1"}) {
    EXPECT_TRUE(ListenAddress::Parse(text)->loopback()) << text;
  }
  for (const char* const text : {"0.0.0.0:1", "192.0.2.1:1", "128.0.0.1:1", "[::]:1",
                                 "[::ffff:127.0.0.1]:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(ListenAddress::Parse(text)->loopback()) << text;
  }
}

TEST(ListenAddressTest, PortZeroBecomesTheOneThatItHas) {
  Result<ListenAddress> address = ListenAddress::Parse("127.0.0.1:0");
  ASSERT_TRUE(address.ok());
  const Result<UniqueFd> listening = address->Listen();
  ASSERT_TRUE(listening.ok()) << listening.status().message();
  EXPECT_NE(address->port(), 0);

  Result<ListenAddress> again = ListenAddress::Parse(address->ToString());
  ASSERT_TRUE(again.ok());
  const Result<UniqueFd> taken = again->Listen();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.status().message(), address->ToString() + ": Address already in use");
}

}  // namespace
}  // namespace brimfs
