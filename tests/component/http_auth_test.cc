// Who asks: credentials over real connections, what they cost, and where they never go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "backends/http_access.h"
#include "backends/http_backend.h"
#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/canned_server.h"
#include "tests/support/origin.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using Scheme = OriginAuth::Scheme;

constexpr char kUser[] = "ann";
constexpr char kPassword[] = "canary-password";
constexpr char kLogin[] = "username=ann\npassword=canary-password\n";

class HttpAuthTest : public testing::Test {
 protected:
  HttpAuthTest() {
    limits_.deadline = Clock::Steady().Now() + seconds(60);
    EXPECT_TRUE(origin_.Start().ok());
    origin_.PutOracle("dir/file", 1000);
  }

  // A file of mode 0600, replaced if it is there.
  std::string Secret(const std::string& name, const std::string& text) {
    const std::string next = dir_ / (name + ".next");
    WriteFile(next, text);
    chmod(next.c_str(), 0600);
    EXPECT_EQ(rename(next.c_str(), (dir_ / name).c_str()), 0);
    return dir_ / name;
  }

  BackendOptions WithLogin(const std::string& text = kLogin) {
    BackendOptions options;
    options.credentials = Secret("who", text);
    return options;
  }

  std::unique_ptr<Backend> Open(const BackendOptions& options) {
    auto opened = OpenSource(origin_.url(), options, limits_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? std::move(opened->backend) : nullptr;
  }

  Status Fetch(Connection& connection) {
    BodyCollector sink;
    Status status = connection.Fetch({"dir/file", {0, 1000}, {}}, sink, limits_);
    EXPECT_EQ(sink.bytes.size(), status.ok() ? 1000u : 0u);
    return status;
  }

  // Of all the requests so far, those that came without a login.
  uint64_t Refused() {
    uint64_t refused = 0;
    for (const Origin::Seen& seen : origin_.seen())
      refused += !seen.headers.contains("authorization");
    return refused;
  }

  CallLimits limits_;
  const TempDir dir_;
  Origin origin_;
};

class SchemeTest : public HttpAuthTest, public testing::WithParamInterface<Scheme> {};

TEST_P(SchemeTest, NamesAndBytesAreReadAndTheSchemeIsLearnedOnce) {
  origin_.Require({.scheme = GetParam(), .user = kUser, .password = kPassword});
  const auto backend = Open(WithLogin(
      GetParam() == Scheme::kBearer ? std::string("token=") + kPassword : std::string(kLogin)));
  ASSERT_NE(backend, nullptr);
  const uint64_t to_mount = Refused();
  EXPECT_LE(to_mount, 1u);
  const bool digest = GetParam() == Scheme::kDigest || GetParam() == Scheme::kBoth;
  const auto first = backend->Connect();
  const auto second = backend->Connect();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
    EXPECT_TRUE(Fetch(*first).ok());
    EXPECT_TRUE(Fetch(*second).ok());
  }
  // Each of three connections needs a nonce.
  EXPECT_EQ(Refused() - to_mount, digest ? 3u : 0u);
}

INSTANTIATE_TEST_SUITE_P(Schemes, SchemeTest,
                         testing::Values(Scheme::kBasic, Scheme::kDigest, Scheme::kBoth,
                                         Scheme::kBearer),
                         [](const auto& test) {
                           switch (test.param) {
                             case Scheme::kBasic:
                               return "Basic";
                             case Scheme::kDigest:
                               return "Digest";
                             case Scheme::kBoth:
                               return "DigestOverBasic";
                             default:
                               return "Bearer";
                           }
                         });

TEST_F(HttpAuthTest, DigestIsTakenWhereBasicIsOfferedToo) {
  origin_.Require({.scheme = Scheme::kBoth, .user = kUser, .password = kPassword});
  ASSERT_NE(Open(WithLogin()), nullptr);
  for (const Origin::Seen& seen : origin_.seen()) {
    const auto field = seen.headers.find("authorization");
    if (field != seen.headers.end()) {
      EXPECT_THAT(field->second, testing::StartsWith("Digest "));
    }
  }
}

TEST_F(HttpAuthTest, AnExpiredNonceCostsOneMoreRequest) {
  origin_.Require({.scheme = Scheme::kDigest, .user = kUser, .password = kPassword});
  const auto backend = Open(WithLogin());
  const auto connection = backend->Connect();
  EXPECT_TRUE(Fetch(*connection).ok());
  origin_.ExpireNonces();
  const uint64_t before = origin_.counters().requests;
  EXPECT_TRUE(Fetch(*connection).ok());
  EXPECT_EQ(origin_.counters().requests - before, 2u);
}

TEST_F(HttpAuthTest, TheHostIsLookedUpInNetrc) {
  origin_.Require({.scheme = Scheme::kBasic, .user = kUser, .password = kPassword});
  BackendOptions options;
  options.netrc = Secret("netrc",
                         "machine other.example login eve password wrong\n"
                         "machine 127.0.0.1 login ann password canary-password\n");
  const auto backend = Open(options);
  ASSERT_NE(backend, nullptr);
  EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
  EXPECT_LE(Refused(), 1u);
}

TEST_F(HttpAuthTest, WithoutCredentialsTheMountSaysWhatIsMissing) {
  origin_.Require({.scheme = Scheme::kDigest, .user = kUser, .password = kPassword});
  const auto opened = OpenSource(origin_.url(), {}, limits_);
  EXPECT_EQ(opened.code(), Code::kDenied);
  for (const char* word : {"401", "Digest", "credentials=", "netrc="}) {
    EXPECT_THAT(opened.status().message(), HasSubstr(word));
  }
}

TEST_F(HttpAuthTest, AWrongPasswordIsDeniedAtOnceAndNotShown) {
  origin_.Require({.scheme = Scheme::kDigest, .user = kUser, .password = "another"});
  const auto opened = OpenSource(origin_.url(), WithLogin(), limits_);
  EXPECT_EQ(opened.code(), Code::kDenied);
  EXPECT_THAT(opened.status().message(), Not(HasSubstr(kPassword)));
  EXPECT_LE(origin_.counters().requests, 3u);
}

TEST_F(HttpAuthTest, AFileThatOthersCanReadIsRefusedBeforeAnythingIsAsked) {
  const BackendOptions options = WithLogin();
  chmod(options.credentials.c_str(), 0640);
  EXPECT_EQ(OpenSource(origin_.url(), options, limits_).code(), Code::kDenied);
  EXPECT_EQ(origin_.counters().requests, 0u);
}

TEST_F(HttpAuthTest, AuthoritiesThatAreNotThereAreNamedBeforeAnythingIsAsked) {
  BackendOptions options;
  options.cacert = dir_ / "missing.pem";
  const auto opened = OpenSource(origin_.url(), options, limits_);
  EXPECT_EQ(opened.code(), Code::kNotFound);
  EXPECT_THAT(opened.status().message(), HasSubstr("missing.pem"));
  EXPECT_EQ(origin_.counters().requests, 0u);
}

TEST_F(HttpAuthTest, ARotatedTokenIsReadOnceForAllWhoWait) {
  origin_.Require({.scheme = Scheme::kBearer, .user = "", .password = "old"});
  const auto backend = Open(WithLogin("token=old"));
  constexpr int kReaders = 6;
  std::vector<std::unique_ptr<Connection>> connections(kReaders);
  for (auto& connection : connections) connection = backend->Connect();
  for (const auto& connection : connections) ASSERT_TRUE(Fetch(*connection).ok());

  origin_.Require({.scheme = Scheme::kBearer, .user = "", .password = "new"});
  Secret("who", "token=new");
  const uint64_t before = origin_.counters().requests;
  std::vector<std::thread> readers;
  readers.reserve(kReaders);
  for (const auto& connection : connections) {
    readers.emplace_back([&] { EXPECT_TRUE(Fetch(*connection).ok()); });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_LE(origin_.counters().requests - before, 2u * kReaders);
  EXPECT_TRUE(Fetch(*connections[0]).ok());
}

TEST_F(HttpAuthTest, ARevokedTokenIsDeniedAndNeverNotFoundUntilItIsReplaced) {
  origin_.Require({.scheme = Scheme::kBearer, .user = "", .password = "old"});
  const auto backend = Open(WithLogin("token=old"));
  origin_.Require({.scheme = Scheme::kBearer, .user = "", .password = "new"});
  EXPECT_EQ(backend->Stat("dir/file", limits_).code(), Code::kDenied);
  EXPECT_EQ(Fetch(*backend->Connect()).code(), Code::kDenied);
  Secret("who", "token=new");
  EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
}

TEST_F(HttpAuthTest, HeadersGoWithEveryRequest) {
  BackendOptions options;
  options.headers = Secret("headers", "X-Api-Key: canary-header\nX-Empty:\n");
  const auto backend = Open(options);
  std::vector<std::string> names;
  EXPECT_TRUE(backend
                  ->List(
                      "dir", [&](const ListedName& n) { names.push_back(n.name); }, [] {}, limits_)
                  .ok());
  EXPECT_TRUE(Fetch(*backend->Connect()).ok());
  for (const Origin::Seen& seen : origin_.seen()) {
    EXPECT_EQ(seen.headers.at("x-api-key"), "canary-header");
    EXPECT_EQ(seen.headers.at("x-empty"), "");
    EXPECT_EQ(seen.headers.at("accept-encoding"), "identity");
  }
}

// Other origins look at all that they are sent.
class CanaryTest : public HttpAuthTest {
 protected:
  static Origin::Options At(const char* address) {
    Origin::Options options;
    options.address = address;
    return options;
  }

  CanaryTest() {
    for (Origin* other : {&other_port_, &other_host_}) {
      EXPECT_TRUE(other->Start().ok());
      other->PutOracle("dir/file", 1000);
    }
  }

  void Redirect(Origin& from, const std::string& to) {
    OriginFault fault;
    fault.name = "redirect";
    fault.argument = to;
    fault.count = OriginFault::kForEver;
    fault.path = "dir/file";
    from.Inject(fault);
  }

  static std::string Base(const Origin& origin) {
    const std::string url = origin.url();
    return url.substr(0, url.size() - 1);
  }

  BackendOptions WithEverything(Scheme scheme) {
    BackendOptions options =
        WithLogin(scheme == Scheme::kBearer ? "token=canary-password" : kLogin);
    options.headers = Secret("headers", "X-Api-Key: canary-header\nCookie: canary=cookie\n");
    return options;
  }

  static void ExpectNoCanary(const Origin& origin) {
    EXPECT_GT(origin.counters().requests, 0u) << "never asked: proves nothing";
    for (const Origin::Seen& seen : origin.seen()) {
      EXPECT_THAT(seen.target, Not(HasSubstr("canary")));
      EXPECT_FALSE(seen.headers.contains("authorization"));
      for (const auto& [name, value] : seen.headers) {
        EXPECT_THAT(name, Not(HasSubstr("canary")));
        EXPECT_THAT(value, Not(HasSubstr("canary")));
      }
    }
  }

  Origin other_port_;
  Origin other_host_{At("127.0.0.2")};
};

TEST_F(CanaryTest, NothingSecretReachesAnotherPortOrHost) {
  for (const Scheme scheme : {Scheme::kBasic, Scheme::kDigest, Scheme::kBearer}) {
    for (Origin* other : {&other_port_, &other_host_}) {
      origin_.ClearFaults();
      origin_.Require({.scheme = scheme, .user = kUser, .password = kPassword});
      const auto backend = Open(WithEverything(scheme));
      ASSERT_NE(backend, nullptr);
      Redirect(origin_, Base(*other));
      const auto connection = backend->Connect();
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
        EXPECT_TRUE(Fetch(*connection).ok());
      }
      ExpectNoCanary(*other);
    }
  }
}

TEST_F(CanaryTest, AnotherPortThatAsksForAPasswordIsNotTold) {
  for (const Scheme scheme : {Scheme::kBasic, Scheme::kDigest}) {
    BackendOptions by_netrc;
    by_netrc.netrc = Secret("netrc", "machine 127.0.0.1 login ann password canary-password\n");
    for (const BackendOptions& options : {WithLogin(), by_netrc}) {
      origin_.ClearFaults();
      origin_.Require({.scheme = scheme, .user = kUser, .password = kPassword});
      const auto backend = Open(options);
      ASSERT_NE(backend, nullptr);
      other_port_.Require({.scheme = scheme, .user = kUser, .password = kPassword});
      Redirect(origin_, Base(other_port_));
      EXPECT_EQ(backend->Stat("dir/file", limits_).code(), Code::kDenied);
      EXPECT_EQ(Fetch(*backend->Connect()).code(), Code::kDenied);
      ExpectNoCanary(other_port_);
    }
  }
}

TEST_F(CanaryTest, BackAtTheSourceTheCredentialsAreSentAgain) {
  origin_.PutOracle("elsewhere", 1000);
  origin_.Require({.scheme = Scheme::kBasic, .user = kUser, .password = kPassword});
  const auto backend = Open(WithLogin());
  Redirect(origin_, Base(other_port_));
  CannedServer back({"HTTP/1.1 302 Found\r\nLocation: " + origin_.url("elsewhere") +
                     "\r\nContent-Length: 0\r\n\r\n"});
  origin_.ClearFaults();
  Redirect(origin_, back.url());
  EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
  for (const std::string& head : back.requests()) {
    EXPECT_THAT(head, Not(HasSubstr("uthorization")));
  }
}

TEST_F(CanaryTest, ThePresignedQueryOfATargetIsKeptAndTheSourcesIsNotAdded) {
  auto opened = OpenSource(origin_.url() + "?source=canary", {}, limits_);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  CannedServer presigned({"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"a\"\r\n\r\n"});
  CannedServer source({"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + presigned.url() +
                       "file?X-Signature=abc%2Fdef&X-Date=1\r\nContent-Length: 0\r\n\r\n"});
  const HttpBackend backend_of_canned(*ParseUrl(source.url() + "dir/?source=canary"), {});
  EXPECT_EQ(const_cast<HttpBackend&>(backend_of_canned).Stat("file", limits_)->version.length,
            1000u);
  EXPECT_THAT(source.requests()[0], HasSubstr("HEAD /dir/file?source=canary HTTP/1.1"));
  EXPECT_THAT(presigned.requests()[0],
              HasSubstr("HEAD /file?X-Signature=abc%2Fdef&X-Date=1 HTTP/1.1"));
}

}  // namespace
}  // namespace brimfs
