// The forms in which keys are written down and answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "backends/aws_container.h"
#include "backends/aws_json_keys.h"
#include "backends/aws_key_file.h"
#include "backends/aws_sso.h"
#include "backends/aws_sts.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::Time Utc(int year, int month, int day, int hour, int minute, int second) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second),
                         absl::UTCTimeZone());
}

// Refused with this place in the message, and nothing of what stands there.
void ExpectRefused(const Status& status, const std::string& where) {
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(where));
  EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
}

TEST(AwsKeyFileTest, NamesAndValuesAreOneALine) {
  for (const char* text : {"access_key_id=AKID\nsecret_access_key=a/b+c=\nsession_token=tok\n",
                           "# mine\r\n\r\naws_access_key_id = AKID\r\n"
                           "aws_secret_access_key = a/b+c=\r\naws_session_token = tok"}) {
    const auto keys = ParseAwsKeyFile(text, "keys");
    ASSERT_TRUE(keys.ok()) << keys.status().message();
    EXPECT_EQ(keys->access_key_id, "AKID");
    EXPECT_EQ(keys->secret_access_key, "a/b+c=");
    EXPECT_EQ(keys->session_token, "tok");
    EXPECT_EQ(keys->expires, absl::InfiniteFuture());
  }
}

TEST(AwsKeyFileTest, OnePairIsOneLineAsS3fsHasIt) {
  const auto keys = ParseAwsKeyFile("AKID:a/b+c=\n", "keys");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(keys->access_key_id, "AKID");
  EXPECT_EQ(keys->secret_access_key, "a/b+c=");
  EXPECT_EQ(keys->session_token, "");
}

TEST(AwsKeyFileTest, WhatIsWrongIsNamedByItsLineAndNotRepeated) {
  const auto refused = [](const std::string& text, const std::string& where) {
    ExpectRefused(ParseAwsKeyFile(text, "keys").status(), where);
  };
  refused("# mine\ns3cret\n", "keys:2: ");
  refused("bucket:AKID:s3cret\n", "keys:1: ");
  refused("password=s3cret\n", "keys:1: ");
  refused("access_key_id=s3cret\naccess_key_id=s3cret\n", "keys:2: ");
  refused("access_key_id=s3cret\nsecret_access_key=\n", "keys:2: ");
  refused("AKID:s3cret\nAKID2:s3cret\n", "keys:2: ");
  refused("access_key_id=s3cret\n", "keys: a secret access key is missing");
  refused("secret_access_key=s3cret\n", "keys: an access key id is missing");
  refused("", "keys: an access key id is missing");
  refused("AKID:s3cret with spaces\n", "keys: the secret access key holds a space");
}

TEST(AwsKeyFileTest, OneThatOthersMayReadIsRefused) {
  const TempDir dir;
  const std::string file = dir / "keys";
  WriteFile(file, "AKID:s3cret\n");
  chmod(file.c_str(), 0644);
  EXPECT_EQ(KeysOfFile(file).code(), Code::kDenied);
  chmod(file.c_str(), 0600);
  EXPECT_EQ(KeysOfFile(file)->access_key_id, "AKID");
}

// The examples of the AWS documentation.
TEST(AwsJsonKeysTest, OfAProcess) {
  const auto keys = ParseJsonKeys(
      R"({"Version": 1, "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
          "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          "SessionToken": "the-token", "Expiration": "2019-05-29T00:21:43Z"})",
      AwsJsonForm::kProcess, "process");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(keys->access_key_id, "ASIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(keys->secret_access_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  EXPECT_EQ(keys->session_token, "the-token");
  EXPECT_EQ(keys->expires, Utc(2019, 5, 29, 0, 21, 43));
}

TEST(AwsJsonKeysTest, OfAProcessMayNotEnd) {
  const auto keys =
      ParseJsonKeys(R"({"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "s"})",
                    AwsJsonForm::kProcess, "process");
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->expires, absl::InfiniteFuture());
  EXPECT_EQ(keys->session_token, "");
}

TEST(AwsJsonKeysTest, OfAMachine) {
  const auto keys = ParseJsonKeys(
      R"({
           "Code" : "Success",
           "LastUpdated" : "2012-04-26T16:39:16Z",
           "Type" : "AWS-HMAC",
           "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE",
           "SecretAccessKey" : "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
           "Token" : "token",
           "Expiration" : "2017-05-17T15:09:54Z"
         })",
      AwsJsonForm::kMetadata, "machine");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(keys->session_token, "token");
  EXPECT_EQ(keys->expires, Utc(2017, 5, 17, 15, 9, 54));
}

TEST(AwsJsonKeysTest, OfThePortal) {
  const auto keys = ParseJsonKeys(
      R"({"roleCredentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "secretAccessKey": "s",
          "sessionToken": "token", "expiration": 1600277352000}})",
      AwsJsonForm::kSso, "portal");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(keys->access_key_id, "ASIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(keys->expires, absl::FromUnixSeconds(1600277352));
}

TEST(AwsJsonKeysTest, WhatIsNoneIsNotRepeated) {
  const auto refused = [](const std::string& text, AwsJsonForm form) {
    const Status status = ParseJsonKeys(text, form, "there").status();
    EXPECT_EQ(status.code(), Code::kProtocol) << text;
    ExpectRefused(status, "there: ");
  };
  using enum AwsJsonForm;
  refused("s3cret", kProcess);
  refused(R"(["s3cret"])", kProcess);
  refused(R"({"AccessKeyId": "s3cret", "SecretAccessKey": "s3cret"})", kProcess);
  refused(R"({"Version": 2, "AccessKeyId": "s3cret", "SecretAccessKey": "s3cret"})", kProcess);
  refused(R"({"Version": 1, "AccessKeyId": 7, "SecretAccessKey": "s3cret"})", kProcess);
  refused(R"({"AccessKeyId": "s3cret\r\nX-Evil: 1", "SecretAccessKey": "s3cret"})", kContainer);
  refused(R"({"AccessKeyId": "s3cret", "SecretAccessKey": "s3cret", "Expiration": "s3cret"})",
          kContainer);
  refused(R"({"Code": "Failed", "AccessKeyId": "s3cret", "SecretAccessKey": "s3cret"})", kMetadata);
  refused(R"({"accessKeyId": "s3cret", "secretAccessKey": "s3cret"})", kSso);
  refused(std::string(100'000, '['), kContainer);
}

TEST(AwsTimeTest, IsReadAsTheToolsWriteIt) {
  EXPECT_EQ(ParseAwsTime("2019-11-14T04:05:45Z"), Utc(2019, 11, 14, 4, 5, 45));
  EXPECT_EQ(ParseAwsTime("2020-06-17T10:02:08UTC"), Utc(2020, 6, 17, 10, 2, 8));
  EXPECT_EQ(ParseAwsTime("2020-06-17T12:02:08+02:00"), Utc(2020, 6, 17, 10, 2, 8));
  EXPECT_EQ(ParseAwsTime("soon"), std::nullopt);
}

TEST(AwsStsTest, TheKeysAreInTheAnswer) {
  const auto keys = ParseStsKeys(
      R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEXAMPLE</SessionToken>
      <Expiration>2019-11-09T13:34:41Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
</AssumeRoleResponse>)",
      "sts");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(keys->access_key_id, "ASIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(keys->secret_access_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
  EXPECT_EQ(keys->session_token, "AQoDYXdzEPT//////////wEXAMPLE");
  EXPECT_EQ(keys->expires, Utc(2019, 11, 9, 13, 34, 41));
}

TEST(AwsStsTest, WhatIsNoAnswerIsNotRepeated) {
  ExpectRefused(ParseStsKeys("s3cret", "sts").status(), "sts: ");
  ExpectRefused(ParseStsKeys("<AssumeRoleResponse>s3cret</AssumeRoleResponse>", "sts").status(),
                "sts: ");
  ExpectRefused(ParseStsKeys("<XResponse><XResult><Credentials><AccessKeyId>s3cret</AccessKeyId>"
                             "</Credentials></XResult></XResponse>",
                             "sts")
                    .status(),
                "sts: ");
}

TEST(AwsStsTest, OfAnErrorOnlyTheCodeIsTaken) {
  EXPECT_EQ(ParseStsError("<ErrorResponse><Error><Code>AccessDenied</Code>"
                          "<Message>s3cret</Message></Error></ErrorResponse>"),
            "AccessDenied");
  EXPECT_EQ(ParseStsError("<Error><Code>InvalidAccessKeyId</Code></Error>"), "InvalidAccessKeyId");
  EXPECT_EQ(ParseStsError("<Error><Code>s3cret and more</Code></Error>"), "");
  EXPECT_EQ(ParseStsError("<html>"), "");
}

TEST(AwsStsTest, ItIsAskedInItsRegion) {
  EXPECT_EQ(FindSts("eu-central-1", "")->url.ToString(), "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_EQ(FindSts("cn-north-1", "")->url.ToString(), "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(FindSts("", "")->url.ToString(), "https://sts.amazonaws.com/");
  EXPECT_EQ(FindSts("", "")->region, "us-east-1");
  EXPECT_EQ(FindSts("eu-west-1", "http://127.0.0.1:7480")->url.ToString(),
            "http://127.0.0.1:7480/");
  EXPECT_EQ(FindSts("evil.example/", "").code(), Code::kInvalidArgument);
  EXPECT_EQ(FindSts("", "nowhere at all").code(), Code::kInvalidArgument);
}

// FIPS 180-4's example.
TEST(AwsSsoTest, TheCacheIsNamedByASha1) {
  EXPECT_EQ(SsoCacheName("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d.json");
}

TEST(AwsSsoTest, TheTokenIsInTheCacheUntilItEnds) {
  const std::string cached =
      R"({"startUrl": "https://d-abc123.awsapps.com/start", "region": "us-east-1",
          "accessToken": "s3cret", "expiresAt": "2020-06-17T10:02:08UTC"})";
  const absl::Time end = Utc(2020, 6, 17, 10, 2, 8);
  EXPECT_EQ(*ParseSsoToken(cached, end - absl::Seconds(1), "cache"), "s3cret");
  const Status ended = ParseSsoToken(cached, end, "cache").status();
  EXPECT_EQ(ended.code(), Code::kDenied);
  ExpectRefused(ended, "aws sso login");
  for (const char* text : {"s3cret", "{}", R"({"accessToken": "s3cret"})",
                           R"({"accessToken": "s3cret", "expiresAt": 7})",
                           R"({"accessToken": "s3cret\n", "expiresAt": "2030-06-17T10:02:08Z"})"}) {
    ExpectRefused(ParseSsoToken(text, end, "cache").status(), "cache: ");
  }
}

TEST(AwsContainerTest, OnlyWhatNobodyCanListenToIsAsked) {
  const auto asked = [](const char* url) { return IsContainerEndpoint(*ParseUrl(url)); };
  for (const char* url :
       {"https://keys.example.com/k", "http://localhost:8080/k", "http://127.0.0.1/k",
        "http://127.8.9.1/k", "http://[::1]:7/k", "http://169.254.170.2/k",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"}) {
    EXPECT_TRUE(asked(url)) << url;
  }
  for (const char* url :
       {"http://keys.example.com/k", "http://169.254.169.254/k", "http://128.0.0.1/k",
        "http://localhost.example.com/k", "http://[fd00:ec2::24]/k", "http://10.0.0.1/k"}) {
    EXPECT_FALSE(asked(url)) << url;
  }
}

}  // namespace
}  // namespace brimfs
