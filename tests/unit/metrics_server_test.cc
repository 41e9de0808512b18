#include "fs/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/mutex.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class MetricsServerTest : public testing::Test {
 protected:
  static ListenAddress At(const std::string& text) { return *ListenAddress::Parse(text); }

  void Start(bool with_token) {
    MetricsServer::Settings settings{At("127.0.0.1:0"), [] { return "brimfs_up 1\n"; }, {}};
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
