#include "backends/request_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class RequestLogTest : public testing::Test {
 protected:
  RequestLogTest() {
    request_.url.scheme = "https";
    request_.url.host = "h";
    request_.url.port = 443;
    request_.url.path = "/a";
    request_.url.query = "signature=secret";
  }
  ~RequestLogTest() override { SetLogLevel(LogLevel::kInfo); }

  static std::string Said() {
    CaptureStderr();
    Log(LogLevel::kInfo, "said");
    return GetCapturedStderr();
  }

  HttpRequest request_;
};

TEST_F(RequestLogTest, EveryRequestHasANumberOfItsOwn) {
  const LogScope scope("");
  const RequestLog first(request_);
  const std::string of_first = Said();
  EXPECT_THAT(of_first, MatchesRegex("brimfs: info: said \\[request [0-9]+\\]\n"));
  const RequestLog second(request_);
  EXPECT_NE(Said(), of_first);
}

TEST_F(RequestLogTest, TheServersNameForARequestComesFirst) {
  const LogScope scope("");
  RequestLog log(request_);
  HttpHead head;
  head.headers.Add("X-Amz-Request-Id", "4442587FB7D0A2F9");
  log.OnHead(head);
  EXPECT_THAT(Said(), HasSubstr("[request 4442587FB7D0A2F9]"));
}

TEST_F(RequestLogTest, ANameWithoutEndIsNone) {
  const LogScope scope("");
  RequestLog log(request_);
  HttpHead head;
  head.headers.Add("X-Request-Id", std::string(10'000, 'x'));
  log.OnHead(head);
  EXPECT_THAT(Said(), Not(HasSubstr("xxx")));
}

TEST_F(RequestLogTest, AtLevelDebugSaysWhatCameOfItButNoSecret) {
  SetLogLevel(LogLevel::kDebug);
  RequestLog log(request_);
  HttpHead head;
  head.status = 503;
  log.OnHead(head);
  CaptureStderr();
  log.End(Status(Code::kUnavailable, "slow down"));
  const std::string line = GetCapturedStderr();
  EXPECT_THAT(line, HasSubstr("debug: GET https://h/a: status 503 in "));
  EXPECT_THAT(line, HasSubstr("slow down"));
  EXPECT_THAT(line, Not(HasSubstr("secret")));
}

TEST_F(RequestLogTest, AtOtherLevelsSaysNothing) {
  const RequestLog log(request_);
  CaptureStderr();
  log.End(OkStatus());
  EXPECT_EQ(GetCapturedStderr(), "");
}

}  // namespace
}  // namespace brimfs
