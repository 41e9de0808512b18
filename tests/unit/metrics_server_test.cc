#include "fs/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/unique_fd.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class MetricsServerTest : public testing::Test {
 protected:
  static ListenAddress At(const std::string& text) { return *ListenAddress::Parse(text); }

  void Start(bool with_token, std::chrono::milliseconds lifetime = std::chrono::seconds(10)) {
    MetricsServer::Settings settings{At("127.0.0.1:0"), [] { return "brimfs_up 1\n"; }, {}};
    settings.lifetime = lifetime;
    if (with_token) settings.token = [this] { return Token(); };
    Result<std::unique_ptr<MetricsServer>> server = MetricsServer::Start(std::move(settings));
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }

  Result<std::string> Token() {
    MutexLock lock(mu_);
    return token_;
  }
  void SetToken(Result<std::string> token) {
    MutexLock lock(mu_);
    token_ = std::move(token);
  }

  // The body and the status of an answer.
  std::string Ask(std::vector<std::string> options = {}, const std::string& url = "") {
    std::vector<std::string> argv{"curl", "-s", "-w", "%{http_code}"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(url.empty() ? server_->url() : url);
    return RunCommand(argv).out;
  }
  std::string AskWith(const std::string& authorization) {
    return Ask({"-H", "Authorization: " + authorization});
  }

  Mutex mu_;
  Result<std::string> token_ ABSL_GUARDED_BY(mu_) = std::string("open sesame");
  std::unique_ptr<MetricsServer> server_;
};

constexpr char kRefused[] = "a bearer token is wanted\n401";

TEST_F(MetricsServerTest, AnswersAtItsPathOnly) {
  Start(/*with_token=*/false);
  EXPECT_EQ(Ask(), "brimfs_up 1\n200");
  EXPECT_THAT(Ask({"-I"}), HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(Ask({}, server_->url() + "/more"), HasSubstr("404"));
  EXPECT_THAT(Ask({"-d", "something"}), HasSubstr("405"));
}

TEST_F(MetricsServerTest, GivesOneAnswerToAConnection) {
  Start(/*with_token=*/true);
  EXPECT_THAT(Ask({"-I"}), HasSubstr("Connection: close"));
  EXPECT_THAT(Ask({"-I", "-H", "Authorization: Bearer open sesame"}),
              HasSubstr("Connection: close"));
}

TEST_F(MetricsServerTest, CutsWhoNeverEndsHoweverBusyTheyAre) {
  Start(/*with_token=*/false, std::chrono::milliseconds(50));
  std::string port = server_->url();
  port.resize(port.rfind('/'));
  port.erase(0, port.rfind(':') + 1);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<UniqueFd> busy;
  for (unsigned i = 0; i < MetricsServer::kConnections; ++i) {
    busy.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(
        connect(busy.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  // A request whose headers never end.
  const std::string begin = "GET /metrics HTTP/1.1\r\nX: ";
  for (const UniqueFd& fd : busy) (void)send(fd.get(), begin.data(), begin.size(), MSG_NOSIGNAL);
  const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(20);
  while (!busy.empty() && Clock::Steady().Now() < deadline) {
    std::erase_if(busy, [](const UniqueFd& fd) {
      (void)send(fd.get(), "x", 1, MSG_NOSIGNAL);
      pollfd ended{fd.get(), POLLIN, 0};
      return poll(&ended, 1, 1) == 1;
    });
  }
  EXPECT_TRUE(busy.empty()) << busy.size() << " are still there";
  EXPECT_EQ(Ask({"--max-time", "20"}), "brimfs_up 1\n200");
}

TEST_F(MetricsServerTest, LetsInWhoHasTheToken) {
  Start(/*with_token=*/true);
  EXPECT_EQ(AskWith("Bearer open sesame"), "brimfs_up 1\n200");
}

TEST_F(MetricsServerTest, RefusesEverybodyElse) {
  Start(/*with_token=*/true);
  EXPECT_EQ(Ask(), kRefused);
  for (const char* const wrong :
       {"Bearer open sesam", "Bearer open sesamf", "Bearer open sesamee", "Bearer ", "open sesame",
        "Basic open sesame", "Bearer open sesameopen sesame"}) {
    EXPECT_EQ(AskWith(wrong), kRefused) << wrong;
  }
  EXPECT_EQ(Ask({}, server_->url() + "/more"), kRefused);
}

TEST_F(MetricsServerTest, HeedsAChangedToken) {
  Start(/*with_token=*/true);
  SetToken(std::string("new"));
  EXPECT_EQ(AskWith("Bearer open sesame"), kRefused);
  EXPECT_EQ(AskWith("Bearer new"), "brimfs_up 1\n200");
}

TEST_F(MetricsServerTest, LetsNobodyInWhileThereIsNoToken) {
  Start(/*with_token=*/true);
  SetToken(Status(Code::kDenied, "others could read it"));
  EXPECT_EQ(AskWith("Bearer open sesame"), kRefused);
  SetToken(std::string());
  EXPECT_EQ(AskWith("Bearer x"), kRefused);
}

TEST_F(MetricsServerTest, IsNotOpenToOthersWithoutAToken) {
  const auto server = MetricsServer::Start({At("0.0.0.0:0"), [] { return ""; }, {}});
  EXPECT_EQ(server.code(), Code::kInvalidArgument);
  EXPECT_THAT(server.status().message(), StartsWith("option metrics=0.0.0.0:0: "));
}

TEST_F(MetricsServerTest, SaysThatAPortIsTaken) {
  Start(/*with_token=*/false);
  std::string address = server_->url().substr(sizeof "http://" - 1);
  address.resize(address.rfind('/'));
  const auto other = MetricsServer::Start({At(address), [] { return ""; }, {}});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.status().message(), "option metrics: " + address + ": Address already in use");
}

TEST_F(MetricsServerTest, GivesItsPortBackAtTheEnd) {
  Start(/*with_token=*/false);
  std::string address = server_->url().substr(sizeof "http://" - 1);
  address.resize(address.rfind('/'));
  EXPECT_EQ(Ask(), "brimfs_up 1\n200");
  server_.reset();
  EXPECT_TRUE(MetricsServer::Start({At(address), [] { return ""; }, {}}).ok());
}

}  // namespace
}  // namespace brimfs
