// Which of the places where AWS keys may be counts, and what is said where none does.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "core/unique_fd.h"
#include "tests/component/aws_keys_fixture.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class AwsPlacesTest : public AwsKeysFixture {
 protected:
  static constexpr char kProfiles[] =
      "[default]\naws_access_key_id = OF-DEFAULT\naws_secret_access_key = s\n"
      "[dev]\naws_access_key_id = OF-DEV\naws_secret_access_key = s\n"
      "aws_session_token = t\nregion = eu-west-1\nendpoint_url = http://dev\n"
      "[other]\naws_access_key_id = OF-OTHER\naws_secret_access_key = s\n"
      "[empty]\nregion = eu-west-1\n";

  void SetEnvironmentKeys() {
    environment_["AWS_ACCESS_KEY_ID"] = "OF-ENVIRONMENT";
    environment_["AWS_SECRET_ACCESS_KEY"] = "s";
    environment_["AWS_SESSION_TOKEN"] = "t";
  }

  void SetContainerKeys() {
    environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1234";
    aws_.SetContainer("/v2/credentials/1234", "", KeysNamed("OF-CONTAINER"));
  }
};

TEST_F(AwsPlacesTest, TheOrderIsThatOfTheAwsTools) {
  UseMachine();
  aws_.SetMachine("role", KeysNamed("OF-MACHINE"));
  EXPECT_EQ(Found(), "OF-MACHINE");
  SetContainerKeys();
  EXPECT_EQ(Found(), "OF-CONTAINER");
  WriteCredentials(kProfiles);
  EXPECT_EQ(Found(), "OF-DEFAULT");
  WriteFile(home_ / "token", "identity");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_ / "token";
  environment_["AWS_ROLE_ARN"] = "arn:web";
  environment_["AWS_ENDPOINT_URL_STS"] = aws_.url();
  aws_.AddRole({.arn = "arn:web",
                .access_key_id = "",
                .token = "identity",
                .external_id = "",
                .keys = KeysNamed("OF-WEB-IDENTITY")});
  EXPECT_EQ(Found(), "OF-WEB-IDENTITY");
  SetEnvironmentKeys();
  EXPECT_EQ(Found(), "OF-ENVIRONMENT");
  EXPECT_EQ(Find()->session_token, "t");
}

TEST_F(AwsPlacesTest, TheProfileOfTheEnvironmentComesBeforeTheDefault) {
  WriteCredentials(kProfiles);
  environment_["AWS_PROFILE"] = "dev";
  EXPECT_EQ(Found(), "OF-DEV");
  EXPECT_EQ(Find()->session_token, "t");
  SetEnvironmentKeys();
  EXPECT_EQ(Found(), "OF-ENVIRONMENT");
}

TEST_F(AwsPlacesTest, TheProfileOfTheOptionComesBeforeAllThatTheEnvironmentSays) {
  WriteCredentials(kProfiles);
  SetEnvironmentKeys();
  environment_["AWS_PROFILE"] = "dev";
  places_.profile = "other";
  EXPECT_EQ(Found(), "OF-OTHER");
}

TEST_F(AwsPlacesTest, WithTheProfileOfTheOptionNoOtherPlaceIsAsked) {
  WriteCredentials(kProfiles);
  SetEnvironmentKeys();
  SetContainerKeys();
  UseMachine();
  aws_.SetMachine("role", KeysNamed("OF-MACHINE"));
  places_.profile = "empty";
  EXPECT_THAT(Found(), AllOf(HasSubstr("not-found: "), HasSubstr("the profile empty of "),
                             HasSubstr("has no keys")));
  EXPECT_THAT(aws_.asked(), IsEmpty());
}

TEST_F(AwsPlacesTest, AProfileThatIsNamedHasToBeThere) {
  WriteCredentials(kProfiles);
  SetEnvironmentKeys();
  environment_["AWS_PROFILE"] = "missing";
  EXPECT_THAT(Found(), AllOf(HasSubstr("invalid-argument: "), HasSubstr("no profile missing"),
                             HasSubstr(home_ / ".aws/credentials")));
  environment_.erase("AWS_PROFILE");
  places_.profile = "missing";
  EXPECT_THAT(Found(), HasSubstr("no profile missing"));
}

TEST_F(AwsPlacesTest, AKeyFileCountsAlone) {
  WriteCredentials("[default\n");  // not even read
  SetEnvironmentKeys();
  environment_["AWS_REGION"] = "eu-north-1";
  places_.key_file = home_ / "keys";
  WriteFile(places_.key_file, "OF-FILE:s\n");
  chmod(places_.key_file.c_str(), 0600);
  EXPECT_EQ(Found(), "OF-FILE");
  EXPECT_EQ(FindAws(places_, {})->region, "eu-north-1");
  chmod(places_.key_file.c_str(), 0644);
  EXPECT_THAT(Found(), HasSubstr("chmod 600"));
  unlink(places_.key_file.c_str());
  EXPECT_THAT(Found(), HasSubstr("invalid-argument: " + places_.key_file));
}

TEST_F(AwsPlacesTest, RegionAndEndpointComeWithTheProfile) {
  WriteCredentials(kProfiles);
  places_.profile = "dev";
  EXPECT_EQ(FindAws(places_, {})->region, "eu-west-1");
  EXPECT_EQ(FindAws(places_, {})->endpoint, "http://dev");
  environment_["AWS_ENDPOINT_URL_S3"] = "http://environment";
  EXPECT_EQ(FindAws(places_, {})->endpoint, "http://environment");
}

TEST_F(AwsPlacesTest, HalfAKeyIsAnErrorAndNotTheNextPlace) {
  WriteCredentials(kProfiles);
  environment_["AWS_ACCESS_KEY_ID"] = "OF-ENVIRONMENT";
  EXPECT_THAT(Found(), AllOf(HasSubstr("invalid-argument: "), HasSubstr("AWS_SECRET_ACCESS_KEY"),
                             HasSubstr("a secret access key is missing")));
  environment_.erase("AWS_ACCESS_KEY_ID");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_ / "token";
  EXPECT_THAT(Found(), HasSubstr("AWS_ROLE_ARN is not"));
}

TEST_F(AwsPlacesTest, WhereNobodyHasKeysEveryPlaceIsNamed) {
  EXPECT_THAT(Found(),
              AllOf(HasSubstr("not-found: no AWS keys ("), HasSubstr("AWS_ACCESS_KEY_ID"),
                    HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE"), HasSubstr(home_ / ".aws/config"),
                    HasSubstr("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
                    HasSubstr("AWS_EC2_METADATA_DISABLED"), HasSubstr("anonymous")));
}

TEST_F(AwsPlacesTest, ARotatedFileIsReadAtTheNextSearch) {
  WriteCredentials(kProfiles);
  const auto setup = FindAws(places_, {});
  ASSERT_TRUE(setup.ok());
  EXPECT_EQ(setup->keys->Find(limits_)->access_key_id, "OF-DEFAULT");
  WriteCredentials("[default]\naws_access_key_id = ROTATED\naws_secret_access_key = s\n");
  EXPECT_EQ(setup->keys->Find(limits_)->access_key_id, "ROTATED");
}

TEST_F(AwsPlacesTest, AProcessIsRun) {
  WriteFile(home_ / "keys.sh",
            "printf '{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\"}' \"$1\"\n");
  WriteConfig("[default]\ncredential_process = sh '" + home_ / "keys.sh" + "' OF-PROCESS\n");
  EXPECT_EQ(Found(), "OF-PROCESS");
  WriteConfig("[default]\ncredential_process = sh '\n");
  EXPECT_THAT(Found(), HasSubstr("credential_process: a quote is left open"));
  WriteConfig("[default]\ncredential_process = sh -c 'sleep 1000'\n");
  places_.patience.process = milliseconds(50);
  EXPECT_THAT(Found(), HasSubstr("timed-out: credential_process: sh: has not ended in time"));
}

class AwsMachineTest : public AwsPlacesTest {
 protected:
  AwsMachineTest() { UseMachine(); }
};

TEST_F(AwsMachineTest, ItIsAskedWithASessionToken) {
  aws_.SetMachine("my-role", KeysNamed("OF-MACHINE"));
  const auto keys = Find();
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(*keys, KeysNamed("OF-MACHINE"));
  const auto asked = aws_.asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].head.method + " " + asked[0].head.target, "PUT /latest/api/token");
  EXPECT_EQ(*asked[0].head.Header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(asked[1].head.target, "/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(asked[2].head.target, "/latest/meta-data/iam/security-credentials/my-role");
  EXPECT_NE(asked[2].head.Header("x-aws-ec2-metadata-token"), nullptr);
}

TEST_F(AwsMachineTest, OneWithoutARoleHasNoKeys) {
  aws_.SetMachine("", {});
  EXPECT_THAT(Found(), AllOf(HasSubstr("not-found: "), HasSubstr("the machine has no role")));
}

TEST_F(AwsMachineTest, WhatIsNoMetadataServiceHasNoKeys) {
  EXPECT_THAT(Found(), AllOf(HasSubstr("not-found: "), HasSubstr("answered 404")));
}

TEST_F(AwsMachineTest, AServiceThatIsNotThereIsNoKeys) {
  const UniqueFd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(taken.get(), any, size), 0);
  ASSERT_EQ(getsockname(taken.get(), any, &size), 0);  // nobody listens
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
      "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_THAT(Found(), AllOf(HasSubstr("not-found: "), HasSubstr("no metadata service")));
}

TEST_F(AwsMachineTest, ASilentServiceIsNotWaitedForLongerThanItMayBe) {
  aws_.SetMachine("role", KeysNamed("OF-MACHINE"));
  aws_.CloseGate();
  places_.patience.metadata = milliseconds(50);
  EXPECT_THAT(Found(), AllOf(HasSubstr("not-found: "), HasSubstr("no answer within 50 ms")));
  EXPECT_EQ(aws_.asked().size(), 2u) << "it is tried twice";
}

TEST_F(AwsMachineTest, StopEndsTheWaitAtOnce) {
  aws_.CloseGate();
  places_.patience.metadata = seconds(60);
  std::stop_source stop;
  limits_.stop = stop.get_token();
  TimePoint stopped;
  std::thread stopper([&] {
    aws_.AwaitAtGate(1);
    stopped = Clock::Steady().Now();
    stop.request_stop();
  });
  EXPECT_EQ(Find().code(), Code::kInterrupted);
  const Duration took = Clock::Steady().Now() - stopped;
  stopper.join();
  EXPECT_LT(took, milliseconds(100));
}

TEST_F(AwsMachineTest, AServiceInTroubleIsAskedAgain) {
  aws_.SetMachine("role", KeysNamed("OF-MACHINE"));
  aws_.AnswerNext(1, 503);
  EXPECT_EQ(Found(), "OF-MACHINE");
}

TEST_F(AwsMachineTest, NoProxyIsEverAsked) {
  aws_.SetMachine("role", KeysNamed("OF-MACHINE"));
  AwsEndpoints proxy;
  HttpTransport::Options transport;
  transport.proxy = proxy.url();
  EXPECT_EQ(FindAws(places_, transport)->keys->Find(limits_)->access_key_id, "OF-MACHINE");
  setenv("http_proxy", proxy.url().c_str(), 1);
  EXPECT_EQ(Found(), "OF-MACHINE");
  unsetenv("http_proxy");
  EXPECT_THAT(proxy.asked(), IsEmpty());
}

TEST_F(AwsMachineTest, KeysThatCannotBeSentAreRefused) {
  AwsKeys keys = KeysNamed("OF-MACHINE");
  keys.session_token = "a\r\nX-Evil: 1";
  aws_.SetMachine("role", keys);
  EXPECT_THAT(Found(), AllOf(HasSubstr("protocol: "), HasSubstr("the session token holds")));
}

class AwsContainerEndpointTest : public AwsPlacesTest {};

TEST_F(AwsContainerEndpointTest, TheRelativeUriIsOfTheContainersOwnAddress) {
  SetContainerKeys();
  EXPECT_EQ(*Find(), KeysNamed("OF-CONTAINER"));
  EXPECT_EQ(AwsKeyPlaces().container_origin, "http://169.254.170.2");
}

TEST_F(AwsContainerEndpointTest, TheTokenOfTheFileIsReadEachTime) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws_.url() + "/v1/credentials";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home_ / "token";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "other";
  aws_.SetContainer("/v1/credentials", "first", KeysNamed("FIRST"));
  WriteFile(home_ / "token", "first\n");
  EXPECT_EQ(Found(), "FIRST");
  aws_.SetContainer("/v1/credentials", "second", KeysNamed("SECOND"));
  EXPECT_THAT(Found(), AllOf(HasSubstr("denied: "), HasSubstr("answered 401")));
  WriteFile(home_ / "token", "second");
  EXPECT_EQ(Found(), "SECOND");
}

TEST_F(AwsContainerEndpointTest, TheTokenOfTheEnvironmentIsSent) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws_.url() + "/keys?of=me";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc";
  aws_.SetContainer("/keys?of=me", "Basic abc", KeysNamed("OF-CONTAINER"));
  EXPECT_EQ(Found(), "OF-CONTAINER");
}

TEST_F(AwsContainerEndpointTest, WhatOthersCouldListenToIsNotAsked) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://keys.example.com/k";
  EXPECT_THAT(Found(), AllOf(HasSubstr("invalid-argument: "), HasSubstr("is not asked")));
}

TEST_F(AwsContainerEndpointTest, OneInTroubleEndsTheSearch) {
  SetContainerKeys();
  aws_.AnswerNext(3, 500);
  EXPECT_THAT(Found(), AllOf(HasSubstr("unavailable: "), HasSubstr("answered 500")));
  EXPECT_EQ(aws_.asked().size(), 3u);
}

TEST_F(AwsContainerEndpointTest, AHugeAnswerIsCutOff) {
  SetContainerKeys();
  aws_.AnswerNext(1, 200, std::string(300'000, ' '));
  EXPECT_THAT(Found(), AllOf(HasSubstr("protocol: "), HasSubstr("over 256 KiB")));
}

}  // namespace
}  // namespace brimfs
