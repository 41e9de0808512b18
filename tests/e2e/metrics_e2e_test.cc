// What Prometheus sees of a real mount.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <regex>

#include "tests/e2e/command_test.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "a-token-that-is-secret";

// What the log says of where they are.
std::string UrlIn(const std::string& log) {
  std::smatch found;
  return std::regex_search(log, found, std::regex("http://[^ ]*/metrics")) ? found.str() : "";
}

class MetricsE2eTest : public CommandTest {
 protected:
  std::string TokenFile(mode_t mode) {
    WriteFile(dir_ / "token", std::string(kToken) + "\n");
    EXPECT_EQ(chmod((dir_ / "token").c_str(), mode), 0);
    return dir_ / "token";
  }

  static std::string Get(const std::string& url, const std::string& token = "") {
    std::vector<std::string> argv{"curl", "-sf", url};
    if (!token.empty()) argv.insert(argv.end(), {"-H", "Authorization: Bearer " + token});
    return RunCommand(argv).out;
  }

  // The sum of what the page says of a name, over its labels.
  static double Value(const std::string& page, const std::string& name) {
    double sum = 0;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + "{")) sum += std::stod(line.substr(line.rfind(' ') + 1));
    }
    return sum;
  }

  // Asks until it is so much, and returns it; after half a minute, whatever it is then: a reader
  // has its bytes before the request for them has ended.
  static double Await(const std::string& url, const std::string& name, double value) {
    const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(30);
    double seen = 0;
    do {
      seen = Value(Get(url), name);
    } while (seen != value && Clock::Steady().Now() < deadline);
    return seen;
  }

  // One line on standard error, this exit code, and nothing is mounted.
  void ExpectRefused(int code, const std::string& options, const std::string& why) {
    const auto origin = StartOrigin();
    const Ran ran = Brimfs(origin->url(), {"-o", options});
    EXPECT_EQ(ran.code, code);
    EXPECT_THAT(ran.err, HasSubstr(why));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_FALSE(Mounted());
  }
};

TEST_F(MetricsE2eTest, CountsWhatIsRead) {
  constexpr uint64_t kSize = 300'000;
  const auto origin = StartOrigin();
  origin->PutOracle("file", kSize);
  Mount& mount = Attach(origin->url(), {"metrics=127.0.0.1:0"});
  const std::string url = UrlIn(mount.log());
  EXPECT_EQ(ReadFile(mount.File("file")).size(), kSize);

  EXPECT_EQ(Await(url, "brimfs_fetched_bytes_total", kSize), kSize);
  EXPECT_EQ(Await(url, "brimfs_fetches", 0), 0);
  EXPECT_EQ(Await(url, "brimfs_open_files", 0), 0);
  const std::string page = Get(url);
  EXPECT_EQ(Value(page, "brimfs_read_bytes_total"), kSize);
  EXPECT_GE(Value(page, "brimfs_reads_total"), 1);
  EXPECT_GE(Value(page, "brimfs_fetch_first_byte_seconds_count"), 1);
  EXPECT_GE(Value(page, "brimfs_fetch_duration_seconds_count"), 1);
  EXPECT_GE(Value(page, "brimfs_read_wait_seconds_count"), 1);
  EXPECT_GE(Value(page, "brimfs_cache_used_bytes"), kSize);
  EXPECT_THAT(page, HasSubstr("mountpoint=\"" + mount.path() + "\""));
  EXPECT_THAT(page, HasSubstr("source=\"" + origin->url()));

  std::ifstream open(mount.File("file"));
  EXPECT_EQ(Value(Get(url), "brimfs_open_files"), 1);
}

TEST_F(MetricsE2eTest, PromtoolHasNothingToSay) {
  if (RunCommand({"promtool", "--version"}).code != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian: prometheus)";
  }
  const auto origin = StartOrigin();
  const Mount& mount = Attach(origin->url(), {"metrics=[::1]:0"});
  const Ran checked = Shell("curl -sf \"$1\" | promtool check metrics 2>&1", {UrlIn(mount.log())});
  EXPECT_EQ(checked.code, 0) << checked.out;
  EXPECT_EQ(checked.out, "");
}

TEST_F(MetricsE2eTest, ShowsThemToWhoHasTheToken) {
  const auto origin = StartOrigin();
  const Mount& mount =
      Attach(origin->url(), {"metrics=0.0.0.0:0", "metrics_token=" + TokenFile(0600)});
  std::string url = UrlIn(mount.log());
  url.replace(url.find("0.0.0.0"), 7, "127.0.0.1");
  EXPECT_EQ(Get(url), "");
  EXPECT_EQ(Get(url, "another"), "");
  const std::string page = Get(url, kToken);
  EXPECT_THAT(page, HasSubstr("brimfs_build_info"));
  EXPECT_THAT(page, Not(HasSubstr(kToken)));
  EXPECT_THAT(mount.log(), Not(HasSubstr(kToken)));
}

TEST_F(MetricsE2eTest, SayNoSecretOfTheSource) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1000);
  const Mount& mount = Attach(origin->url("file") + "?signature=canary", {"metrics=127.0.0.1:0"});
  const std::string page = Get(UrlIn(mount.log()));
  EXPECT_THAT(page, HasSubstr("source=\"" + origin->url("file") + "\""));
  EXPECT_THAT(page, Not(HasSubstr("canary")));
}

TEST_F(MetricsE2eTest, AreNotForOthersWithoutAToken) {
  ExpectRefused(1, "metrics=0.0.0.0:0", "metrics_token=");
}

TEST_F(MetricsE2eTest, TheTokenIsNotForOthersEither) {
  ExpectRefused(32, "metrics=127.0.0.1:0,metrics_token=" + TokenFile(0644), "chmod 600 it");
}

TEST_F(MetricsE2eTest, APortThatIsTakenIsAnErrorOfTheMount) {
  const auto origin = StartOrigin();
  const Mount& mount = Attach(origin->url(), {"metrics=127.0.0.1:0"});
  std::string address = UrlIn(mount.log()).substr(sizeof "http://" - 1);
  address.resize(address.rfind('/'));
  ExpectRefused(32, "metrics=" + address, address + ": Address already in use");
}

}  // namespace
}  // namespace brimfs
