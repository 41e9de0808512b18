// The way to a server under real mounts: who asks, through what, and what never gets out.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/real_servers.h"
#include "tests/support/test_proxy.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Scheme = OriginAuth::Scheme;

constexpr uint64_t kSize = 1 << 20;
constexpr char kLogin[] = "username=ann\npassword=canary-password\n";

class AccessTest : public E2eTest {
 protected:
  std::string Secret(const std::string& name, const std::string& text) {
    WriteFile(dir_ / name, text);
    chmod((dir_ / name).c_str(), 0600);
    return dir_ / name;
  }

  std::unique_ptr<Origin> StartOriginWithFile(Origin::Options options = {}) {
    auto origin = StartOrigin(std::move(options));
    origin->PutOracle("dir/file", kSize);
    return origin;
  }

  // The one line on standard error of a mount that fails.
  std::string WhyNot(const std::string& source, const std::vector<std::string>& options = {}) {
    std::vector<std::string> argv = {BrimfsProgram(), source, dir_ / "mnt", "-o",
                                     "cache=" + (dir_ / "cache")};
    for (const std::string& option : options) argv.insert(argv.end(), {"-o", option});
    std::filesystem::create_directories(dir_ / "mnt");
    const Ran ran = RunCommand(argv);
    EXPECT_NE(ran.code, 0);
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_FALSE(IsMounted(dir_ / "mnt"));
    EXPECT_THAT(ran.err, Not(HasSubstr("canary")));
    return ran.err;
  }

  const TempDir dir_;
};

struct Auth {
  const char* name;
  Scheme scheme;
  const char* file;
};

class AuthTest : public AccessTest, public testing::WithParamInterface<Auth> {};

TEST_P(AuthTest, FilesAreListedAndReadAndNothingSecretIsShown) {
  const auto origin = StartOriginWithFile();
  origin->Require({.scheme = GetParam().scheme, .user = "ann", .password = "canary-password"});
  Mount& mount =
      Attach(origin->url(), {"credentials=" + Secret("who", GetParam().file),
                             "headers=" + Secret("headers", "X-Key: canary-header\n"), "debug"});
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("dir"));
  EXPECT_THAT(NamesIn(mount.File("dir")), ElementsAre("file"));
  EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
  EXPECT_EQ(origin->seen().back().headers.at("x-key"), "canary-header");

  origin->Require({.scheme = Scheme::kBasic, .user = "eve", .password = "x"});
  EXPECT_EQ(Descriptor(mount.File("dir/other")).error(), EACCES);

  const std::string proc = "/proc/" + std::to_string(mount.daemon().pid());
  for (const char* file : {"/cmdline", "/environ", "/mountinfo", "/mounts"}) {
    EXPECT_THAT(ReadFile(proc + file), Not(HasSubstr("canary"))) << file;
  }
  for (const char* name : {"user.brimfs.url", "user.brimfs.version", "user.brimfs.state"}) {
    EXPECT_THAT(GetAttribute(mount.File("dir/file"), name), Not(HasSubstr("canary"))) << name;
  }
  Detach(mount);
  EXPECT_THAT(mount.log(), Not(IsEmpty()));
  EXPECT_THAT(mount.log(), Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, AuthTest,
    testing::Values(Auth{"Basic", Scheme::kBasic, kLogin}, Auth{"Digest", Scheme::kDigest, kLogin},
                    Auth{"Bearer", Scheme::kBearer, "token=canary-password\n"}),
    [](const auto& test) { return test.param.name; });

TEST_F(AccessTest, NginxAsksForBasic) {
  Nginx nginx({.server_lines = "auth_basic \"archive\";\nauth_basic_user_file users;\n"});
  WriteFile(nginx.root() + "/../users", "ann:{PLAIN}canary-password\n");
  WriteFile(nginx.File("file"), "content");
  Mount& mount = Attach(nginx.url(), {"credentials=" + Secret("who", kLogin)});
  EXPECT_EQ(ReadFile(mount.File("file")), "content");
  Mount& by_netrc = Attach(
      nginx.url(),
      {"netrc=" + Secret("netrc", "machine 127.0.0.1 login ann password canary-password\n")});
  EXPECT_EQ(ReadFile(by_netrc.File("file")), "content");
  EXPECT_THAT(WhyNot(nginx.url()), HasSubstr("credentials="));
  const std::string who = Secret("who", "username=ann\npassword=canary-wrong\n");
  EXPECT_THAT(WhyNot(nginx.url(), {"credentials=" + who}), HasSubstr("401"));
  chmod(who.c_str(), 0644);
  EXPECT_THAT(WhyNot(nginx.url(), {"credentials=" + who}), HasSubstr("chmod 600"));
}

TEST_F(AccessTest, ApacheAsksForDigest) {
  const std::string missing = WhyMissing(RealServer::kApache);
  if (!missing.empty()) GTEST_SKIP() << missing;
  const auto apache = StartServer(RealServer::kApache);
  WriteFile(apache->File("guarded/file"), "content");
  Mount& mount = Attach(apache->url("guarded/"), {"credentials=" + Secret("who", kLogin)});
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("file"));
  EXPECT_EQ(ReadFile(mount.File("file")), "content");
  EXPECT_THAT(WhyNot(apache->url("guarded/")), HasSubstr("Digest"));
}

TEST_F(AccessTest, ARotatedTokenIsReadUnderTheMount) {
  const auto origin = StartOriginWithFile();
  origin->Require({.scheme = Scheme::kBearer, .user = "", .password = "canary-old"});
  Mount& mount = Attach(origin->url(), {"credentials=" + Secret("who", "token=canary-old\n")});
  const Descriptor file(mount.File("dir/file"));
  origin->Require({.scheme = Scheme::kBearer, .user = "", .password = "canary-new"});
  Secret("next", "token=canary-new\n");
  std::filesystem::rename(dir_ / "next", dir_ / "who");
  EXPECT_EQ(CheckOracle(file, {0, kSize}), "");
}

TEST_F(AccessTest, ATokenThatComesTooLateHealsTheNextRead) {
  const auto origin = StartOriginWithFile();
  origin->Require({.scheme = Scheme::kBearer, .user = "", .password = "canary-old"});
  Mount& mount = Attach(origin->url(), {"credentials=" + Secret("who", "token=canary-old\n")});
  const Descriptor file(mount.File("dir/file"));
  origin->Require({.scheme = Scheme::kBearer, .user = "", .password = "canary-new"});
  EXPECT_EQ(ReadError(file, 0), EACCES);
  Secret("next", "token=canary-new\n");
  std::filesystem::rename(dir_ / "next", dir_ / "who");
  EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
  EXPECT_EQ(CheckOracle(file, {0, kSize}), "");
}

TEST_F(AccessTest, ARedirectElsewhereCarriesNothingSecret) {
  const auto origin = StartOriginWithFile();
  Origin::Options elsewhere;
  elsewhere.address = "127.0.0.2";
  const auto other = StartOriginWithFile(elsewhere);
  origin->Require({.scheme = Scheme::kDigest, .user = "ann", .password = "canary-password"});
  Mount& mount = Attach(origin->url(), {"credentials=" + Secret("who", kLogin),
                                        "headers=" + Secret("headers", "Cookie: canary=cookie\n")});
  OriginFault redirect;
  redirect.name = "redirect";
  redirect.argument = other->url().substr(0, other->url().size() - 1);
  redirect.count = OriginFault::kForEver;
  redirect.path = "dir/file";
  origin->Inject(redirect);
  EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
  EXPECT_GT(other->counters().requests, 0u);
  for (const Origin::Seen& seen : other->seen()) {
    EXPECT_THAT(seen.target, Not(HasSubstr("canary")));
    EXPECT_FALSE(seen.headers.contains("authorization"));
    EXPECT_FALSE(seen.headers.contains("cookie"));
  }
}

TEST_F(AccessTest, AHundredRedirectsAreNotFollowed) {
  // /0/… redirects to /00/…, and so on.
  Nginx nginx({.server_lines = "location ~ \"^/(?<deep>0{1,99})/\" { return 302 /0$deep/; }\n"});
  std::filesystem::create_directories(nginx.File(std::string(100, '0')));
  EXPECT_THAT(WhyNot(nginx.url("0/")), HasSubstr("too many redirects"));
  const std::string log = nginx.log();
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 12) << log;
}

TEST_F(AccessTest, EveryProxyCarriesAMount) {
  const auto origin = StartOriginWithFile();
  using Kind = TestProxy::Kind;
  for (const Kind kind : {Kind::kHttp, Kind::kSocks5}) {
    for (const bool local : {false, true}) {
      if (local && kind == Kind::kHttp) continue;
      TestProxy::Options options;
      options.kind = kind;
      options.user = "ann";
      options.password = "canary-password";
      if (local) options.unix_socket = dir_ / "socks";
      TestProxy proxy(options);
      std::string source = origin->url();
      source.replace(source.find("127.0.0.1"), 9, options.known_host);
      Mount& mount =
          Attach(source, {"proxy=" + proxy.url(), "proxy_credentials=" + Secret("proxy", kLogin)});
      EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
      EXPECT_THAT(proxy.targets(), Not(IsEmpty()));
      Detach(mount);
      EXPECT_THAT(WhyNot(source, {"proxy=" + proxy.url()}), HasSubstr("proxy_credentials="));
    }
  }
  EXPECT_THAT(WhyNot(origin->url(), {"proxy=http://ann:canary@127.0.0.1:1"}),
              HasSubstr("proxy_credentials="));
}

TEST_F(AccessTest, AUnixSocketCarriesAMount) {
  const auto origin = StartOriginWithFile();
  TestProxy::Options options;
  options.kind = TestProxy::Kind::kRelay;
  options.unix_socket = dir_ / "http";
  options.target = origin->port();
  TestProxy relay(options);
  Mount& mount = Attach("http://archive.test/", {"unix_socket=" + options.unix_socket});
  EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
}

TEST_F(AccessTest, ACertificateThatDoesNotFitFailsTheMount) {
  Nginx nginx({.tls = true});
  EXPECT_THAT(WhyNot(nginx.https_url()), HasSubstr("cacert="));
  std::string elsewhere = nginx.https_url();
  elsewhere.replace(elsewhere.find("127.0.0.1"), 9, "other.localhost");
  EXPECT_THAT(WhyNot(elsewhere, {"cacert=" + nginx.cacert()}), HasSubstr("other.localhost"));
  Nginx expired({.tls = true, .expired = true});
  EXPECT_THAT(WhyNot(expired.https_url(), {"cacert=" + expired.cacert()}), HasSubstr("expired"));
  std::string plain = nginx.url();
  plain.replace(0, 4, "https");
  EXPECT_THAT(WhyNot(plain), HasSubstr("a port without TLS"));
}

TEST_F(AccessTest, AServerMayAskForAClientCertificate) {
  Nginx nginx({.tls = true, .asks_clients = true});
  WriteFile(nginx.File("file"), "content");
  const std::string cacert = "cacert=" + nginx.cacert();
  EXPECT_THAT(WhyNot(nginx.https_url(), {cacert}), HasSubstr("cert= and key="));
  Mount& mount = Attach(nginx.https_url(),
                        {cacert, "cert=" + nginx.client_cert(), "key=" + nginx.client_key()});
  EXPECT_EQ(ReadFile(mount.File("file")), "content");
}

}  // namespace
}  // namespace brimfs
