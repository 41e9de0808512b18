// The way to a server: proxies, unix sockets, IPv6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/nginx.h"
#include "tests/support/origin.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_proxy.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = TestProxy::Kind;

TestProxy::Options OfKind(Kind kind) {
  TestProxy::Options options;
  options.kind = kind;
  return options;
}

class HttpProxyTest : public testing::Test {
 protected:
  HttpProxyTest() {
    limits_.deadline = Clock::Steady().Now() + seconds(60);
    EXPECT_TRUE(origin_.Start().ok());
    origin_.PutOracle("file", 1000);
  }

  // Mounts, asks for names and reads.
  Status Use(const std::string& source, const BackendOptions& options) {
    auto opened = OpenSource(source, options, limits_);
    if (!opened.ok()) return opened.status();
    const auto info = opened->backend->Stat("file", limits_);
    if (!info.ok()) return info.status();
    BodyCollector sink;
    const auto connection = opened->backend->Connect();
    return connection->Fetch({"file", {0, *info->version.length}, info->version}, sink, limits_);
  }

  static std::string WithHost(std::string url, const std::string& host) {
    return url.replace(url.find("127.0.0.1"), 9, host);
  }

  static BackendOptions Through(const TestProxy& proxy) {
    BackendOptions options;
    options.proxy = proxy.url();
    return options;
  }

  std::string Secret(const std::string& text) {
    WriteFile(dir_ / "secret", text);
    chmod((dir_ / "secret").c_str(), 0600);
    return dir_ / "secret";
  }

  CallLimits limits_;
  const TempDir dir_;
  Origin origin_;
};

class EveryProxyTest : public HttpProxyTest, public testing::WithParamInterface<Kind> {};

TEST_P(EveryProxyTest, CarriesEverythingAndResolvesTheNames) {
  TestProxy proxy(OfKind(GetParam()));
  const Status status = Use(WithHost(origin_.url(), "behind.proxy.test"), Through(proxy));
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(proxy.targets(), Each("behind.proxy.test:" + std::to_string(origin_.port())));
  EXPECT_THAT(proxy.targets(), Not(IsEmpty()));
}

TEST_P(EveryProxyTest, IsToldWhoAsksFromAFile) {
  TestProxy::Options guarded = OfKind(GetParam());
  guarded.user = "ann";
  guarded.password = "canary-password";
  TestProxy proxy(guarded);
  BackendOptions options = Through(proxy);
  const Status nobody = Use(origin_.url(), options);
  EXPECT_EQ(nobody.code(), Code::kDenied) << nobody.ToString();
  EXPECT_THAT(nobody.message(), HasSubstr("proxy_credentials="));
  options.proxy_credentials = Secret("username=ann\npassword=canary-password\n");
  const Status known = Use(origin_.url(), options);
  EXPECT_TRUE(known.ok()) << known.ToString();
  options.proxy_credentials = Secret("username=ann\npassword=wrong-canary\n");
  const Status wrong = Use(origin_.url(), options);
  EXPECT_EQ(wrong.code(), Code::kDenied) << wrong.ToString();
  EXPECT_THAT(wrong.message(), Not(HasSubstr("canary")));
  for (const Origin::Seen& seen : origin_.seen()) {
    EXPECT_FALSE(seen.headers.contains("authorization"));
  }
}

TEST_P(EveryProxyTest, CarriesTlsWithoutSeeingTheCredentials) {
  Nginx nginx({.tls = true});
  WriteFile(nginx.File("file"), "content");
  TestProxy proxy(OfKind(GetParam()));
  BackendOptions options = Through(proxy);
  options.cacert = nginx.cacert();
  options.headers = Secret("X-Key: canary\n");
  const Status status = Use(WithHost(nginx.https_url(), "localhost"), options);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(proxy.targets(), Not(IsEmpty()));
}

TEST_P(EveryProxyTest, IsPassedByForTheHostsOfNoProxy) {
  TestProxy proxy(OfKind(GetParam()));
  BackendOptions options = Through(proxy);
  options.no_proxy = "example.org,127.0.0.1";
  EXPECT_TRUE(Use(origin_.url(), options).ok());
  EXPECT_THAT(proxy.targets(), IsEmpty());
}

TEST_P(EveryProxyTest, ThatIsNotThereIsUnavailable) {
  std::string url;
  { url = TestProxy(OfKind(GetParam())).url(); }
  BackendOptions options;
  options.proxy = url;
  EXPECT_EQ(Use(origin_.url(), options).code(), Code::kUnavailable);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryProxyTest, testing::Values(Kind::kHttp, Kind::kSocks5),
                         [](const auto& test) {
                           return test.param == Kind::kHttp ? "Http" : "Socks5";
                         });

TEST_F(HttpProxyTest, ASocksProxyMayListenOnAUnixSocket) {
  TestProxy::Options local = OfKind(Kind::kSocks5);
  local.unix_socket = dir_ / "socks";
  TestProxy proxy(local);
  const Status status = Use(WithHost(origin_.url(), "behind.proxy.test"), Through(proxy));
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(proxy.targets(), Not(IsEmpty()));
}

TEST_F(HttpProxyTest, EveryConnectionMayGoToAUnixSocket) {
  TestProxy::Options local = OfKind(Kind::kRelay);
  local.unix_socket = dir_ / "http";
  local.target = origin_.port();
  TestProxy relay(local);
  BackendOptions options;
  options.unix_socket = dir_ / "http";
  const Status status = Use("http://any.name.test/", options);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(origin_.seen().front().headers.at("host"), "any.name.test");
  options.unix_socket = dir_ / "nobody";
  EXPECT_EQ(Use("http://any.name.test/", options).code(), Code::kUnavailable);
}

TEST_F(HttpProxyTest, TheEnvironmentIsHonouredAsByCurl) {
  TestProxy proxy(OfKind(Kind::kHttp));
  setenv("http_proxy", proxy.url().c_str(), 1);
  const Status through = Use(WithHost(origin_.url(), "behind.proxy.test"), {});
  setenv("no_proxy", "127.0.0.1", 1);
  const size_t before = proxy.targets().size();
  const Status beside = Use(origin_.url(), {});
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  EXPECT_TRUE(through.ok()) << through.message();
  EXPECT_GT(before, 0u);
  EXPECT_TRUE(beside.ok()) << beside.message();
  EXPECT_EQ(proxy.targets().size(), before);
}

TEST_F(HttpProxyTest, APublicSourceBehindAProxyDoesNotSendUsToAPrivateAddress) {
  TestProxy proxy(OfKind(Kind::kHttp));
  const std::string source = WithHost(origin_.url(), "behind.proxy.test");
  auto opened = OpenSource(source, Through(proxy), limits_);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  OriginFault fault;
  fault.name = "redirect";
  fault.argument = "http://169.254.169.254";
  fault.count = OriginFault::kForEver;
  fault.path = "file";
  origin_.Inject(fault);
  EXPECT_EQ(opened->backend->Stat("file", limits_).code(), Code::kUntrusted);
  EXPECT_THAT(proxy.targets(), Not(Contains(HasSubstr("169.254"))));
}

TEST_F(HttpProxyTest, ASourceMayHaveAnIpv6Address) {
  Origin::Options options;
  options.address = "::1";
  Origin origin(options);
  if (!origin.Start().ok()) GTEST_SKIP() << "no IPv6 here";
  origin.PutOracle("file", 1000);
  EXPECT_THAT(origin.url(), HasSubstr("http://[::1]:"));
  const Status status = Use(origin.url(), {});
  EXPECT_TRUE(status.ok()) << status.message();
}

}  // namespace
}  // namespace brimfs
