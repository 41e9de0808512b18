#include "backends/aws_profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

TEST(AwsIniTest, SectionsHoldTheirValues) {
  const auto sections = ParseAwsIni(
      "\xEF\xBB\xBF# a comment\r\n"
      "[default]\r\n"
      "aws_access_key_id = AKID\r\n"
      "AWS_SECRET_ACCESS_KEY=abc/+=:#;\r\n"
      "\r\n"
      "; another\n"
      "[ profile  dev ]\n"
      "region: eu-central-1\n"
      "empty =\n"
      "region = us-east-1",
      "config");
  ASSERT_TRUE(sections.ok()) << sections.status().message();
  ASSERT_EQ(sections->size(), 2u);
  EXPECT_EQ(sections->at(0).name, "default");
  EXPECT_THAT(sections->at(0).values, ElementsAre(Pair("aws_access_key_id", "AKID"),
                                                  Pair("aws_secret_access_key", "abc/+=:#;")));
  EXPECT_EQ(sections->at(1).name, "profile  dev");
  EXPECT_THAT(sections->at(1).values, ElementsAre(Pair("empty", ""), Pair("region", "us-east-1")));
}

TEST(AwsIniTest, WhatIsIndentedDeeperContinuesTheValue) {
  const auto sections = ParseAwsIni(
      "[profile dev]\n"
      "  s3 =\n"
      "    max_concurrent_requests = 20\n"
      "\n"
      "    # a comment\n"
      "    endpoint_url = http://127.0.0.1:9000\n"
      "  region = eu-west-1\n",
      "config");
  ASSERT_TRUE(sections.ok());
  const AwsIniValues& values = sections->at(0).values;
  EXPECT_THAT(ParseNestedAwsIni(values.at("s3")),
              ElementsAre(Pair("endpoint_url", "http://127.0.0.1:9000"),
                          Pair("max_concurrent_requests", "20")));
  EXPECT_EQ(values.at("region"), "eu-west-1");
}

TEST(AwsIniTest, NamesAndTokensMayBeLong) {
  const std::string name(300, 'p');
  const std::string token(5000, 't');
  const auto sections = ParseAwsIni("[" + name + "]\naws_session_token = " + token + "\n", "f");
  ASSERT_TRUE(sections.ok());
  EXPECT_EQ(sections->at(0).name, name);
  EXPECT_EQ(sections->at(0).values.at("aws_session_token"), token);
}

TEST(AwsIniTest, AWrongLineIsNamedAndNotRepeated) {
  const char* const wrong[] = {"[default]\ns3cret\n", "[default\ns3cret = 1\n", "\ns3cret = 1\n",
                               "[default]\n= s3cret\n"};
  const int lines[] = {2, 1, 2, 2};
  for (size_t i = 0; i < std::size(wrong); ++i) {
    const Status status = ParseAwsIni(wrong[i], "config").status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("config:" + std::to_string(lines[i]) + ": "));
    EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
  }
}

class AwsProfilesTest : public testing::Test {
 protected:
  AwsProfilesTest() {
    context_.environment = [this](const char* name) { return environment_[name]; };
    environment_["HOME"] = home_.path();
  }

  void WriteConfig(const std::string& text) { WriteFile(home_ / ".aws/config", text); }
  void WriteCredentials(const std::string& text) { WriteFile(home_ / ".aws/credentials", text); }

  AwsProfiles Load() {
    auto profiles = AwsProfiles::Load(context_);
    EXPECT_TRUE(profiles.ok()) << profiles.status().message();
    return profiles.ok() ? *std::move(profiles) : AwsProfiles();
  }

  std::string Value(const std::string& profile, const std::string& name) {
    const AwsProfiles profiles = Load();
    const AwsIniValues* const values = profiles.Profile(profile);
    return values == nullptr ? "no profile" : AwsValue(*values, name);
  }

  std::string S3Endpoint(const std::string& profile) {
    const AwsProfiles profiles = Load();
    return AwsEndpoint(context_.environment, profiles, profiles.Profile(profile), "s3");
  }

  const TempDir home_;
  std::map<std::string, std::string> environment_;
  AwsContext context_;
};

TEST_F(AwsProfilesTest, NeitherFileHasToBeThere) {
  EXPECT_EQ(Value("default", "region"), "no profile");
  EXPECT_EQ(Load().files(), home_ / ".aws/credentials" + " and " + home_ / ".aws/config");
}

TEST_F(AwsProfilesTest, BothFilesSayWhatAProfileIsAndCredentialsCountsMore) {
  WriteConfig("[profile dev]\nregion = eu-west-1\naws_access_key_id = of config\n");
  WriteCredentials("[dev]\naws_access_key_id = of credentials\n");
  EXPECT_EQ(Value("dev", "region"), "eu-west-1");
  EXPECT_EQ(Value("dev", "aws_access_key_id"), "of credentials");
}

TEST_F(AwsProfilesTest, InConfigAProfileIsCalledOne) {
  WriteConfig(
      "[dev]\nregion = a\n[profile 'two words']\nregion = b\n[profile\tlast]\nregion = c\n"
      "[profiles]\nregion = d\n");
  EXPECT_EQ(Value("dev", "region"), "no profile");
  EXPECT_EQ(Value("two words", "region"), "b");
  EXPECT_EQ(Value("last", "region"), "c");
  EXPECT_EQ(Value("s", "region"), "no profile");
}

TEST_F(AwsProfilesTest, TheLongNameOfTheDefaultCountsMoreThanTheShort) {
  WriteConfig("[profile default]\nregion = long\n[default]\nregion = short\n");
  EXPECT_EQ(Value("default", "region"), "long");
}

TEST_F(AwsProfilesTest, ProfilesWithOneBeginningAreTold) {
  const std::string name(60, 'n');
  WriteCredentials("[" + name + "a]\nregion = of a\n[" + name + "b]\nregion = of b\n");
  EXPECT_EQ(Value(name + "a", "region"), "of a");
  EXPECT_EQ(Value(name + "b", "region"), "of b");
}

TEST_F(AwsProfilesTest, TheEnvironmentNamesOtherFiles) {
  WriteFile(home_ / "elsewhere/c", "[default]\nregion = of c\n");
  WriteFile(home_ / "elsewhere/k", "[default]\naws_access_key_id = of k\n");
  environment_["AWS_CONFIG_FILE"] = "~/elsewhere/c";
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = home_ / "elsewhere/k";
  EXPECT_EQ(Value("default", "region"), "of c");
  EXPECT_EQ(Value("default", "aws_access_key_id"), "of k");
}

TEST_F(AwsProfilesTest, ABrokenFileIsAnError) {
  WriteConfig("[default]\nregion\n");
  EXPECT_THAT(AwsProfiles::Load(context_).status().message(), HasSubstr("config:2: "));
  WriteConfig(std::string(2 << 20, '#'));
  EXPECT_THAT(AwsProfiles::Load(context_).status().message(), HasSubstr("larger than 1024 KiB"));
}

TEST_F(AwsProfilesTest, TheRegionIsOfTheEnvironmentAndThenOfTheProfile) {
  WriteConfig("[default]\nregion = of-profile\n");
  const AwsProfiles profiles = Load();
  const auto region = [&] { return AwsRegion(context_.environment, profiles.Profile("default")); };
  EXPECT_EQ(region(), "of-profile");
  environment_["AWS_DEFAULT_REGION"] = "of-default";
  EXPECT_EQ(region(), "of-default");
  environment_["AWS_REGION"] = "of-region";
  EXPECT_EQ(region(), "of-region");
  EXPECT_EQ(AwsRegion([](const char*) { return ""; }, nullptr), "");
}

TEST_F(AwsProfilesTest, TheEndpointIsThatOfTheServiceBeforeThatOfAll) {
  WriteConfig(
      "[profile dev]\nservices = local\nendpoint_url = http://profile\n"
      "[services local]\ns3 =\n  endpoint_url = http://service\n"
      "[profile plain]\nendpoint_url = http://profile\n");
  EXPECT_EQ(S3Endpoint("plain"), "http://profile");
  EXPECT_EQ(S3Endpoint("dev"), "http://service");
  environment_["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_EQ(S3Endpoint("dev"), "http://all");
  EXPECT_EQ(S3Endpoint("none"), "http://all");
  environment_["AWS_ENDPOINT_URL_S3"] = "http://s3";
  EXPECT_EQ(S3Endpoint("dev"), "http://s3");
  environment_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(S3Endpoint("dev"), "");
}

TEST_F(AwsProfilesTest, ATokenIsNotShownToAStoreOfObjects) {
  WriteConfig("[default]\nendpoint_url = http://profile\n");
  environment_["AWS_ENDPOINT_URL"] = "http://all";
  const AwsProfiles profiles = Load();
  const AwsIniValues* const profile = profiles.Profile("default");
  EXPECT_EQ(AwsServiceEndpoint(context_.environment, profiles, profile, "sso"), "");
  environment_["AWS_ENDPOINT_URL_SSO"] = "http://sso";
  EXPECT_EQ(AwsServiceEndpoint(context_.environment, profiles, profile, "sso"), "http://sso");
}

}  // namespace
}  // namespace brimfs
