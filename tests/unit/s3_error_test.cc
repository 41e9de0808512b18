#include "backends/s3_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brimfs {
namespace {

using testing::HasSubstr;

S3Refusal Refusal(int status, std::string code, std::string message = "") {
  S3Refusal refusal;
  refusal.head.status = status;
  refusal.head.headers.Add("x-amz-request-id", "4442587FB7D0A2F9");
  refusal.error.code = std::move(code);
  refusal.error.message = std::move(message);
  return refusal;
}

Status StatusOf(int status, std::string code, std::string message = "") {
  return ToStatus(Refusal(status, std::move(code), std::move(message)), absl::UnixEpoch());
}

TEST(S3ErrorTest, CodesComeBeforeStatuses) {
  EXPECT_EQ(StatusOf(404, "NoSuchKey").code(), Code::kNotFound);
  EXPECT_EQ(StatusOf(404, "NoSuchBucket").code(), Code::kNotFound);
  EXPECT_EQ(StatusOf(403, "AccessDenied").code(), Code::kDenied);
  EXPECT_EQ(StatusOf(403, "InvalidObjectState").code(), Code::kNoData);
  EXPECT_EQ(StatusOf(400, "ExpiredToken").code(), Code::kDenied);
  EXPECT_EQ(StatusOf(403, "RequestTimeTooSkewed").code(), Code::kDenied);
  EXPECT_EQ(StatusOf(400, "RequestTimeout").code(), Code::kUnavailable);
  EXPECT_EQ(StatusOf(200, "InternalError").code(), Code::kUnavailable);
}

TEST(S3ErrorTest, WithoutACodeTheStatusCounts) {
  EXPECT_EQ(StatusOf(404, "").code(), Code::kNotFound);
  EXPECT_EQ(StatusOf(403, "").code(), Code::kDenied);
  EXPECT_EQ(StatusOf(500, "SomethingNew").code(), Code::kUnavailable);
  EXPECT_EQ(StatusOf(418, "SomethingNew").code(), Code::kProtocol);
  EXPECT_EQ(StatusOf(200, "SomethingNew").code(), Code::kProtocol);
}

TEST(S3ErrorTest, AServerThatAsksToBeSparedIsSpared) {
  for (const int status : {503, 429}) {
    EXPECT_TRUE(StatusOf(status, "").overloaded());
  }
  EXPECT_TRUE(StatusOf(503, "SlowDown").overloaded());
  EXPECT_TRUE(StatusOf(200, "SlowDown").overloaded());
  EXPECT_FALSE(StatusOf(500, "InternalError").overloaded());
  S3Refusal refusal = Refusal(503, "SlowDown");
  refusal.head.headers.Add("Retry-After", "7");
  EXPECT_EQ(ToStatus(refusal, absl::UnixEpoch()).retry_after(), std::chrono::seconds(7));
}

TEST(S3ErrorTest, TheMessageHasTheServersWordsTheRemedyAndTheRequest) {
  const std::string message = StatusOf(403, "InvalidAccessKeyId", "No such\nkey.").message();
  EXPECT_THAT(message, HasSubstr("InvalidAccessKeyId (No such key.)"));
  EXPECT_THAT(message, HasSubstr("credentials="));
  EXPECT_THAT(message, HasSubstr("[request 4442587FB7D0A2F9]"));
  EXPECT_THAT(StatusOf(400, "InvalidRequest",
                       "The object was stored using a form of Server Side Encryption.")
                  .message(),
              HasSubstr("sse_c_key="));
  EXPECT_LT(StatusOf(400, "X", std::string(100'000, 'x')).message().size(), 1000);
}

TEST(S3ErrorTest, KeysAreLookedUpAgainWhereTheyMayBeToBlame) {
  EXPECT_TRUE(BlamesKeys(Refusal(400, "ExpiredToken")));
  EXPECT_TRUE(BlamesKeys(Refusal(403, "")));
  EXPECT_FALSE(BlamesKeys(Refusal(403, "InvalidObjectState")));
  EXPECT_FALSE(BlamesKeys(Refusal(404, "")));
}

TEST(S3ErrorTest, TheRegionIsInTheHeadOrInTheBody) {
  S3Refusal refusal = Refusal(301, "PermanentRedirect");
  refusal.error.region = "eu-west-1";
  EXPECT_EQ(RegionNamed(refusal), "eu-west-1");
  refusal.head.headers.Add("x-amz-bucket-region", "eu-west-2");
  EXPECT_EQ(RegionNamed(refusal), "eu-west-2");
}

}  // namespace
}  // namespace brimfs
