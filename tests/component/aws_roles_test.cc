// Keys of roles, over STS and the SSO portal, and that nothing of them is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "backends/aws_credentials.h"
#include "backends/aws_signature.h"
#include "backends/aws_sso.h"
#include "core/log.h"
#include "tests/component/aws_keys_fixture.h"

namespace brimfs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

class AwsRolesTest : public AwsKeysFixture {
 protected:
  AwsRolesTest() { environment_["AWS_ENDPOINT_URL_STS"] = aws_.url(); }

  void AddRole(const std::string& arn, const std::string& by, const std::string& keys) {
    aws_.AddRole(
        {.arn = arn, .access_key_id = by, .token = "", .external_id = "", .keys = KeysNamed(keys)});
  }

  // What the request must have been signed with.
  std::string AuthorizationOf(const AwsAsked& asked, const AwsKeys& by, const std::string& region) {
    HttpRequest request;
    request.method = HttpRequest::Method::kPost;
    request.url = *ParseUrl(aws_.url() + "/");
    request.headers = {"Content-Type: " + *asked.head.Header("content-type")};
    request.body = asked.body;
    const AwsSignature signature =
        SignRequest(request, {}, by, {.region = region, .service = "sts", .time = now_});
    return signature.headers.back();
  }
};

constexpr char kBase[] =
    "[base]\naws_access_key_id = BASE\naws_secret_access_key = secret-of-BASE\n";

TEST_F(AwsRolesTest, ARoleIsTakenWithTheKeysOfItsSource) {
  WriteCredentials(kBase);
  WriteConfig(
      "[default]\nrole_arn = arn:a\nsource_profile = base\nexternal_id = e/x 1\n"
      "role_session_name = me\nduration_seconds = 900\nregion = eu-central-1\n");
  aws_.AddRole({.arn = "arn:a",
                .access_key_id = "BASE",
                .token = "",
                .external_id = "e/x 1",
                .keys = KeysNamed("OF-ROLE")});
  const auto keys = Find();
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(*keys, KeysNamed("OF-ROLE"));

  const auto asked = aws_.asked();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_THAT(asked[0].form,
              UnorderedElementsAre(Pair("Action", "AssumeRole"), Pair("Version", "2011-06-15"),
                                   Pair("RoleArn", "arn:a"), Pair("RoleSessionName", "me"),
                                   Pair("DurationSeconds", "900"), Pair("ExternalId", "e/x 1")));
  const AwsKeys base{
      .access_key_id = "BASE", .secret_access_key = "secret-of-BASE", .session_token = ""};
  EXPECT_EQ("Authorization: " + *asked[0].head.Header("authorization"),
            AuthorizationOf(asked[0], base, "eu-central-1"));
}

TEST_F(AwsRolesTest, RolesAreChained) {
  WriteCredentials(kBase);
  WriteConfig(
      "[profile first]\nrole_arn = arn:1\nsource_profile = base\n"
      "[profile second]\nrole_arn = arn:2\nsource_profile = first\n"
      "[profile third]\nrole_arn = arn:3\nsource_profile = second\n");
  AddRole("arn:1", "BASE", "FIRST");
  AddRole("arn:2", "FIRST", "SECOND");
  AddRole("arn:3", "SECOND", "THIRD");
  places_.profile = "third";
  EXPECT_EQ(Found(), "THIRD");
  const auto asked = aws_.asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(*asked[1].head.Header("x-amz-security-token"), "token-of-FIRST");
  EXPECT_EQ("Authorization: " + *asked[2].head.Header("authorization"),
            AuthorizationOf(asked[2], KeysNamed("SECOND"), "us-east-1"));
}

TEST_F(AwsRolesTest, ALoopIsSeen) {
  WriteConfig(
      "[profile a]\nrole_arn = arn:1\nsource_profile = b\n"
      "[profile b]\nrole_arn = arn:2\nsource_profile = a\n"
      "[profile self]\nrole_arn = arn:3\nsource_profile = self\n");
  places_.profile = "a";
  EXPECT_THAT(Found(), AllOf(HasSubstr("invalid-argument: "), HasSubstr("leads back to a")));
  places_.profile = "self";
  EXPECT_THAT(Found(), HasSubstr("leads back to self"));
  EXPECT_THAT(aws_.asked(), IsEmpty());
}

TEST_F(AwsRolesTest, AProfileMayTakeItsRoleWithItsOwnKeys) {
  WriteCredentials("[own]\naws_access_key_id = OWN\naws_secret_access_key = s\n");
  WriteConfig("[profile own]\nrole_arn = arn:1\nsource_profile = own\n");
  AddRole("arn:1", "OWN", "OF-ROLE");
  places_.profile = "own";
  EXPECT_EQ(Found(), "OF-ROLE");
}

TEST_F(AwsRolesTest, ASourcesKeysComeBeforeItsRole) {
  WriteCredentials("[both]\naws_access_key_id = BOTH\naws_secret_access_key = s\n");
  WriteConfig(
      "[profile both]\nrole_arn = arn:never\nsource_profile = both\n"
      "[profile top]\nrole_arn = arn:1\nsource_profile = both\n");
  AddRole("arn:1", "BOTH", "OF-ROLE");
  places_.profile = "top";
  EXPECT_EQ(Found(), "OF-ROLE");
}

TEST_F(AwsRolesTest, ARoleIsTakenWithTheKeysOfTheEnvironmentTheMachineOrTheContainer) {
  UseMachine();
  aws_.SetMachine("machine", KeysNamed("MACHINE"));
  aws_.SetContainer("/c", "", KeysNamed("CONTAINER"));
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  environment_["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  WriteConfig(
      "[profile Environment]\nrole_arn = arn:e\ncredential_source = Environment\n"
      "[profile Machine]\nrole_arn = arn:m\ncredential_source = Ec2InstanceMetadata\n"
      "[profile Container]\nrole_arn = arn:c\ncredential_source = EcsContainer\n"
      "[profile None]\nrole_arn = arn:n\ncredential_source = None\n");
  AddRole("arn:e", "ENVIRONMENT", "BY-ENVIRONMENT");
  AddRole("arn:m", "MACHINE", "BY-MACHINE");
  AddRole("arn:c", "CONTAINER", "BY-CONTAINER");
  const auto found = [this](const std::string& profile) {
    places_.profile = profile;
    return Found();
  };
  EXPECT_EQ(found("Environment"), "BY-ENVIRONMENT");
  EXPECT_EQ(found("Machine"), "BY-MACHINE");
  EXPECT_EQ(found("Container"), "BY-CONTAINER");
  EXPECT_THAT(found("None"), HasSubstr("credential_source is none of"));
}

TEST_F(AwsRolesTest, WhatAProfileLacksIsSaid) {
  WriteConfig(
      "[profile half]\nrole_arn = arn:1\n"
      "[profile twice]\nrole_arn = arn:1\nsource_profile = half\n"
      "credential_source = Environment\n"
      "[profile lost]\nrole_arn = arn:1\nsource_profile = nowhere\n"
      "[profile nobody]\nrole_arn = arn:1\ncredential_source = Environment\n"
      "[profile code]\nrole_arn = arn:1\nsource_profile = half\nmfa_serial = arn:mfa\n");
  const auto found = [this](const std::string& profile) {
    places_.profile = profile;
    return Found();
  };
  EXPECT_THAT(found("half"), HasSubstr("one of source_profile and credential_source"));
  EXPECT_THAT(found("twice"), HasSubstr("one of source_profile and credential_source"));
  EXPECT_THAT(found("lost"), AllOf(HasSubstr("denied: "), HasSubstr("no profile nowhere")));
  EXPECT_THAT(found("nobody"), AllOf(HasSubstr("denied: "), HasSubstr("AWS_ACCESS_KEY_ID")));
  EXPECT_THAT(found("code"), AllOf(HasSubstr("unsupported: "), HasSubstr("mfa_serial")));
}

TEST_F(AwsRolesTest, ARefusalNamesTheRoleAndTheCode) {
  WriteCredentials(kBase);
  WriteConfig("[default]\nrole_arn = arn:not-mine\nsource_profile = base\n");
  EXPECT_THAT(Found(), AllOf(HasSubstr("denied: " + aws_.url()), HasSubstr("arn:not-mine"),
                             HasSubstr("AccessDenied")));
}

TEST_F(AwsRolesTest, StsInTroubleIsAskedAgain) {
  WriteCredentials(kBase);
  WriteConfig("[default]\nrole_arn = arn:1\nsource_profile = base\n");
  AddRole("arn:1", "BASE", "OF-ROLE");
  aws_.AnswerNext(2, 503);
  EXPECT_EQ(Found(), "OF-ROLE");
  aws_.AnswerNext(3, 429);
  EXPECT_THAT(Found(), AllOf(HasSubstr("unavailable: "), HasSubstr("answered 429")));
}

TEST_F(AwsRolesTest, AWebIdentityIsShownAndNotSigned) {
  WriteFile(home_ / "token", "identity+/=\n");
  WriteConfig("[default]\nrole_arn = arn:1\nweb_identity_token_file = " + home_ / "token" +
              "\nrole_session_name = me\n");
  aws_.AddRole({.arn = "arn:1",
                .access_key_id = "",
                .token = "identity+/=",
                .external_id = "",
                .keys = KeysNamed("OF-ROLE")});
  EXPECT_EQ(Found(), "OF-ROLE");
  const auto asked = aws_.asked();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].head.target, "/") << "the token is not in the URL";
  EXPECT_EQ(asked[0].head.Header("authorization"), nullptr);
  EXPECT_EQ(asked[0].form.at("RoleSessionName"), "me");
  WriteFile(home_ / "token", "\n");
  EXPECT_THAT(Found(), HasSubstr("holds no token"));
  unlink((home_ / "token").c_str());
  EXPECT_THAT(Found(), HasSubstr("invalid-argument: " + home_ / "token"));
}

class AwsSsoKeysTest : public AwsKeysFixture {
 protected:
  AwsSsoKeysTest() {
    environment_["AWS_ENDPOINT_URL_SSO"] = aws_.url();
    aws_.SetPortal("bearer", "123456789012", "ReadOnly", KeysNamed("OF-SSO"));
  }

  void WriteToken(const std::string& cached_as, const std::string& ends) {
    WriteFile(home_ / ".aws/sso/cache/" + SsoCacheName(cached_as),
              R"({"startUrl": "https://d-1.awsapps.com/start", "region": "eu-west-1",
                  "accessToken": "bearer", "expiresAt": ")" +
                  ends + "\"}");
  }
};

TEST_F(AwsSsoKeysTest, AProfileWithASessionUsesItsCachedToken) {
  WriteConfig(
      "[default]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = ReadOnly\n"
      "[sso-session work]\nsso_region = eu-west-1\n"
      "sso_start_url = https://d-1.awsapps.com/start\n");
  EXPECT_THAT(Found(), AllOf(HasSubstr("denied: "), HasSubstr("aws sso login")));
  WriteToken("work", "2040-01-01T00:00:00Z");
  EXPECT_EQ(*Find(), KeysNamed("OF-SSO"));
}

TEST_F(AwsSsoKeysTest, AProfileWithoutASessionUsesTheTokenOfItsStartUrl) {
  const std::string start = "https://d-1.awsapps.com/start";
  WriteConfig("[default]\nsso_start_url = " + start +
              "\nsso_region = eu-west-1\nsso_account_id = 123456789012\n"
              "sso_role_name = ReadOnly\n");
  WriteToken(start, "2040-01-01T00:00:00UTC");
  EXPECT_EQ(Found(), "OF-SSO");
}

TEST_F(AwsSsoKeysTest, AnEndedTokenIsNotShown) {
  WriteConfig(
      "[default]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = ReadOnly\n"
      "[sso-session work]\nsso_region = eu-west-1\n");
  WriteToken("work", "2001-01-01T00:00:00Z");
  EXPECT_THAT(Found(), AllOf(HasSubstr("denied: "), HasSubstr("has ended"), HasSubstr("login")));
  EXPECT_THAT(aws_.asked(), IsEmpty());
  WriteToken("work", "2040-01-01T00:00:00Z");
  aws_.SetPortal("another", "123456789012", "ReadOnly", {});
  EXPECT_THAT(Found(),
              AllOf(HasSubstr("denied: "), HasSubstr("answered 401"), HasSubstr("aws sso login")));
}

TEST_F(AwsSsoKeysTest, WhatAProfileLacksIsSaid) {
  WriteConfig("[default]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = r\n");
  EXPECT_THAT(Found(), HasSubstr("there is no section [sso-session gone]"));
  WriteConfig("[default]\nsso_account_id = 1\nsso_role_name = r\n");
  EXPECT_THAT(Found(), HasSubstr("SSO wants"));
}

// Every secret here holds "canary".
class AwsCanaryTest : public AwsRolesTest {
 protected:
  AwsCanaryTest() {
    SetLogLevel(LogLevel::kDebug);
    testing::internal::CaptureStderr();
  }
  ~AwsCanaryTest() override {
    EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("canary")));
    SetLogLevel(LogLevel::kInfo);
  }

  AwsKeys CanaryKeys(const std::string& id) const {
    return {.access_key_id = id,
            .secret_access_key = "canary-secret",
            .session_token = "canary-token",
            .expires = now_ + absl::Hours(1)};
  }

  // Looks through AwsCredentials, so that its log lines are there too.
  void ExpectSilent(bool finds) {
    auto setup = FindAws(places_, {});
    if (!setup.ok()) {
      EXPECT_FALSE(finds) << setup.status().message();
      EXPECT_THAT(setup.status().message(), Not(HasSubstr("canary")));
      return;
    }
    AwsCredentials credentials(std::move(setup->keys), [this] { return now_; });
    const auto keys = credentials.Current(limits_);
    EXPECT_EQ(keys.ok(), finds) << keys.status().message();
    EXPECT_THAT(keys.status().message(), Not(HasSubstr("canary")));
    if (!keys.ok()) return;
    const auto instead = credentials.Instead(*keys, limits_);
    EXPECT_THAT(instead.status().message(), Not(HasSubstr("canary")));
    now_ += absl::Minutes(58);  // and a renewal that fails
    aws_.AnswerNext(20, 403, "<Error><Code>canary-code!</Code></Error>");
    EXPECT_TRUE(credentials.Current(limits_).ok());
    now_ -= absl::Minutes(58);
    aws_.ForgetNext();
  }
};

TEST_F(AwsCanaryTest, NothingOfTheWholeChainIsSaid) {
  WriteCredentials(
      "[base]\naws_access_key_id = BASE\naws_secret_access_key = canary-secret\n"
      "aws_session_token = canary-token\n");
  WriteConfig(
      "[default]\nrole_arn = arn:1\nsource_profile = base\nexternal_id = canary-external\n");
  ExpectSilent(false);  // STS repeats what it was sent
  aws_.AddRole({.arn = "arn:1",
                .access_key_id = "BASE",
                .token = "",
                .external_id = "canary-external",
                .keys = CanaryKeys("ROLE")});
  ExpectSilent(true);
  aws_.AnswerNext(1, 200, "canary, no XML");
  ExpectSilent(false);

  WriteFile(home_ / "token", "canary-identity");
  WriteConfig("[default]\nrole_arn = arn:2\nweb_identity_token_file = " + home_ / "token\n");
  ExpectSilent(false);
  aws_.AddRole({.arn = "arn:2",
                .access_key_id = "",
                .token = "canary-identity",
                .external_id = "",
                .keys = CanaryKeys("WEB")});
  ExpectSilent(true);

  WriteConfig(
      "[default]\ncredential_process = sh -c 'echo canary; echo canary >&2; exit 1' canary\n");
  ExpectSilent(false);
  WriteConfig("[default]\ncredential_process = echo '{\"canary\": \"canary\"}'\n");
  ExpectSilent(false);
  WriteConfig("[default]\ncanary\n");
  ExpectSilent(false);
  WriteConfig("");
  WriteCredentials("");

  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws_.url() + "/canary-path";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "canary-authorization";
  ExpectSilent(false);
  aws_.SetContainer("/canary-path", "canary-authorization", CanaryKeys("CONTAINER"));
  ExpectSilent(true);
  aws_.AnswerNext(1, 200, R"({"canary": "canary"})");
  ExpectSilent(false);
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "canary\r\ncanary";
  ExpectSilent(false);
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://user:canary@127.0.0.1/";
  ExpectSilent(false);
  environment_.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");

  UseMachine();
  aws_.SetMachine("role", CanaryKeys("MACHINE"));
  ExpectSilent(true);
  aws_.AnswerNext(1, 200, "canary\r\ncanary: canary");
  ExpectSilent(false);

  WriteConfig(
      "[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r\n"
      "[sso-session work]\nsso_region = eu-west-1\n");
  WriteFile(home_ / ".aws/sso/cache/" + SsoCacheName("work"), "canary");
  ExpectSilent(false);
  WriteFile(home_ / ".aws/sso/cache/" + SsoCacheName("work"),
            R"({"accessToken": "canary-bearer", "expiresAt": "2040-01-01T00:00:00Z"})");
  environment_["AWS_ENDPOINT_URL_SSO"] = aws_.url();
  ExpectSilent(false);
  aws_.SetPortal("canary-bearer", "1", "r", CanaryKeys("SSO"));
  ExpectSilent(true);

  places_.key_file = home_ / "keys";
  for (const char* text : {"canary", "BASE:canary:canary", "access_key_id=canary", "A:canary b"}) {
    WriteFile(places_.key_file, text);
    chmod(places_.key_file.c_str(), 0600);
    ExpectSilent(false);
  }
}

class AwsRenewalTest : public AwsRolesTest {
 protected:
  std::string Id(const Result<std::shared_ptr<const AwsKeys>>& keys) {
    return keys.ok() ? (*keys)->access_key_id : keys.status().ToString();
  }
};

TEST_F(AwsRenewalTest, EndedKeysOfARoleAreAskedForOnceForThirtyTwoWhoWait) {
  WriteCredentials(kBase);
  WriteConfig("[default]\nrole_arn = arn:1\nsource_profile = base\n");
  AddRole("arn:1", "BASE", "FIRST");
  absl::Time wall = now_;
  AwsCredentials credentials(std::move(FindAws(places_, {})->keys), [&wall] { return wall; });
  EXPECT_EQ(Id(credentials.Current(limits_)), "FIRST");
  wall += absl::Hours(2);
  now_ += absl::Hours(2);
  aws_.ForgetRoles();
  AddRole("arn:1", "BASE", "SECOND");
  aws_.CloseGate();
  std::vector<std::string> found(32);
  std::vector<std::thread> threads;
  threads.reserve(found.size());
  for (std::string& id : found) {
    threads.emplace_back([&] { id = Id(credentials.Current(limits_)); });
  }
  aws_.AwaitAtGate(1);
  aws_.OpenGate();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(found, testing::Each("SECOND"));
  EXPECT_EQ(aws_.asked().size(), 2u);
}

}  // namespace
}  // namespace brimfs
