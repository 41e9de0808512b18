#include "backends/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ProxyTest, WhatCurlKnowsIsTaken) {
  for (const char* proxy :
       {"http://proxy:3128", "proxy:3128", "proxy", "https://proxy", "socks5://[::1]:1080",
        "SOCKS5H://proxy", "socks4a://proxy/", "socks5h://localhost/run/tor/socks"}) {
    EXPECT_TRUE(CheckProxy(proxy).ok()) << CheckProxy(proxy).message();
  }
}

TEST(ProxyTest, APasswordInTheUrlIsRefusedAndNotRepeated) {
  const Status status = CheckProxy("http://ann:hunter2@proxy:3128");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("proxy_credentials="));
  EXPECT_THAT(status.message(), Not(HasSubstr("hunter2")));
}

TEST(ProxyTest, OtherSchemesAndNoHostAreRefused) {
  for (const char* proxy : {"ftp://proxy", "socks://proxy", "http://", "http:///x"}) {
    EXPECT_EQ(CheckProxy(proxy).code(), Code::kInvalidArgument) << proxy;
  }
}

TEST(ProxyTest, TheEnvironmentCountsWhereItNamesOne) {
  for (const char* name :
       {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY"}) {
    unsetenv(name);
  }
  EXPECT_FALSE(EnvironmentNamesProxy());
  // libcurl does not read this one: a web server's CGI could be made to set it.
  setenv("HTTP_PROXY", "http://proxy", 1);
  EXPECT_FALSE(EnvironmentNamesProxy());
  unsetenv("HTTP_PROXY");
  setenv("all_proxy", "http://proxy", 1);
  EXPECT_TRUE(EnvironmentNamesProxy());
  unsetenv("all_proxy");
}

}  // namespace
}  // namespace brimfs
