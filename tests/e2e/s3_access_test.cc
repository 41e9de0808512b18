// Who may read a bucket, where it is and what time it is there, over the test origin.
#include <gmock/gmock.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/reading.h"
#include "tests/e2e/s3_test.h"

namespace brimfs {
namespace {

using std::chrono::hours;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kSize = 1 << 20;
constexpr char kSecret[] = "origin-secret";

class S3AccessTest : public S3Test {
 protected:
  void ServeFile(OriginS3Options options = {}) {
    Serve(std::move(options));
    origin_->PutOracle("file", kSize);
    origin_->PutOracle("other", kSize);
  }

  void ExpectReadsRight(const std::vector<std::string>& options = {}) {
    Mount& mount = AttachS3("s3://bucket/", options);
    EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "") << mount.log();
    EXPECT_THAT(NamesIn(mount.path()), testing::ElementsAre("file", "other"));
  }

  size_t AskedOfRegion(const std::string& region) const {
    size_t count = 0;
    for (const Origin::Seen& seen : origin_->seen()) {
      const auto field = seen.headers.find("authorization");
      if (field != seen.headers.end() &&
          field->second.find("/" + region + "/s3/") != std::string::npos) {
        ++count;
      }
    }
    return count;
  }
};

TEST_F(S3AccessTest, AnAnonymousBucketIsReadWithoutKeysAndNothingIsSigned) {
  ServeFile({.anonymous = true});
  ExpectReadsRight({"anonymous"});
  for (const Origin::Seen& seen : origin_->seen()) {
    EXPECT_FALSE(seen.headers.contains("authorization")) << seen.target;
  }
}

TEST_F(S3AccessTest, ABucketThatIsNotPublicRefusesTheAnonymous) {
  ServeFile();
  EXPECT_THAT(WhyNotS3("s3://bucket/", {"anonymous"}), HasSubstr("AccessDenied"));
}

TEST_F(S3AccessTest, WrongKeysAreOneLineWithTheRemedyAndWithoutTheSecret) {
  ServeFile();
  WriteKeys("AKIDORIGIN", "canary-wrong-secret");
  EXPECT_THAT(WhyNotS3(), AllOf(HasSubstr("SignatureDoesNotMatch"), HasSubstr("credentials="),
                                Not(HasSubstr("canary"))));
  WriteKeys("AKIDNOBODY", "canary-wrong-secret");
  EXPECT_THAT(WhyNotS3(), AllOf(HasSubstr("InvalidAccessKeyId"), HasSubstr("credentials="),
                                Not(HasSubstr("canary"))));
}

TEST_F(S3AccessTest, ABucketThatIsNotThereIsOneLine) {
  ServeFile();
  EXPECT_THAT(WhyNotS3("s3://no-such-bucket/"), HasSubstr("NoSuchBucket"));
}

TEST_F(S3AccessTest, TheRegionThatTheSignatureShouldNameIsLearned) {
  ServeFile({.region = "eu-central-1"});
  ExpectReadsRight();
  EXPECT_EQ(AskedOfRegion("us-east-1"), 1u);
}

TEST_F(S3AccessTest, TheRegionThatTheBucketMovedToIsLearned) {
  ServeFile({.region = "eu-central-1", .redirects_region = true});
  ExpectReadsRight();
  EXPECT_EQ(AskedOfRegion("us-east-1"), 1u);
}

TEST_F(S3AccessTest, TheRegionOfTheOptionsIsAskedAtOnce) {
  ServeFile({.region = "eu-central-1"});
  ExpectReadsRight({"region=eu-central-1"});
  EXPECT_EQ(AskedOfRegion("us-east-1"), 0u);
}

TEST_F(S3AccessTest, ARedirectForNowIsSignedAnewForItsTarget) {
  ServeFile();
  Origin::Options options;
  options.s3.bucket = kBucket;
  const auto other = StartOrigin(options);
  other->PutOracle("file", kSize);
  Mount& mount = AttachS3();
  NamesIn(mount.path());
  const std::string url = other->url();
  origin_->Inject(*ParseFault("s3-redirect=" + url.substr(0, url.size() - 1) + ":ranged:ever"));
  origin_->Put("file", {BytesContent(std::string(kSize, 'x')), "\"put-1\"", 1600000001});
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_GT(other->counters().paths["file"].ranged, 0u);
}

TEST_F(S3AccessTest, ARedirectToAnotherHostIsNotShownASignature) {
  ServeFile();
  Origin::Options options;
  options.address = "127.0.0.2";
  options.s3.bucket = kBucket;
  options.s3.anonymous = true;
  const auto other = StartOrigin(options);
  other->PutOracle("file", kSize);
  Mount& mount = AttachS3();
  NamesIn(mount.path());
  const std::string url = other->url();
  origin_->Inject(*ParseFault("s3-redirect=" + url.substr(0, url.size() - 1) + ":ranged:ever"));
  EXPECT_EQ(ReadError(Descriptor(mount.File("file")), 0), EIO);
  EXPECT_EQ(other->counters().requests, 0u);
}

TEST_F(S3AccessTest, ARedirectToAnotherHostIsNotShownACustomersKeyThoughNothingIsSigned) {
  const std::string key(32, 'k');
  ServeFile({.anonymous = true, .sse_c_key = key});
  WriteFile(dir_ / "key", key);
  std::filesystem::permissions(dir_ / "key", std::filesystem::perms{0600});
  Origin::Options options;
  options.address = "127.0.0.2";
  options.s3.bucket = kBucket;
  options.s3.anonymous = true;
  const auto other = StartOrigin(options);
  other->PutOracle("file", kSize);
  Mount& mount = AttachS3("s3://bucket/", {"anonymous", "sse_c_key=" + dir_ / "key"});
  NamesIn(mount.path());
  const std::string url = other->url();
  origin_->Inject(*ParseFault("s3-redirect=" + url.substr(0, url.size() - 1) + ":ranged:ever"));
  EXPECT_EQ(ReadError(Descriptor(mount.File("file")), 0), EIO);
  EXPECT_EQ(other->counters().requests, 0u);
}

TEST_F(S3AccessTest, ConfiguredHeadersStayWithTheServerThatWasNamed) {
  ServeFile();
  WriteFile(dir_ / "headers", "X-Canary: secret\n");
  std::filesystem::permissions(dir_ / "headers", std::filesystem::perms{0600});
  Origin::Options options;
  options.s3.bucket = kBucket;
  const auto other = StartOrigin(options);
  other->PutOracle("file", kSize);
  Mount& mount = AttachS3("s3://bucket/", {"headers=" + dir_ / "headers"});
  NamesIn(mount.path());
  const std::string url = other->url();
  origin_->Inject(*ParseFault("s3-redirect=" + url.substr(0, url.size() - 1) + ":ranged:ever"));
  EXPECT_EQ(ReadError(Descriptor(mount.File("file")), 0), 0);
  EXPECT_TRUE(origin_->seen().back().headers.contains("x-canary"));
  ASSERT_FALSE(other->seen().empty());
  for (const Origin::Seen& seen : other->seen()) EXPECT_FALSE(seen.headers.contains("x-canary"));
}

class S3ClockTest : public S3AccessTest, public testing::WithParamInterface<int> {};

TEST_P(S3ClockTest, TheServersTimeIsLearned) {
  ServeFile({.clock_ahead = hours(GetParam())});
  Mount& mount = AttachS3();
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_EQ(CheckOracleFile(mount.File("other"), kSize), "");
  EXPECT_THAT(mount.log(), HasSubstr("clock"));
}

INSTANTIATE_TEST_SUITE_P(Hours, S3ClockTest, testing::Values(-30, -1, 1, 30),
                         [](const auto& param) {
                           return (param.param < 0 ? "Behind" : "Ahead") +
                                  std::to_string(std::abs(param.param));
                         });

TEST_F(S3AccessTest, KeysThatExpireAreFoundAnewUnderTheMountByOneRefusal) {
  ServeFile({.keys = {"ASIAOLD", kSecret, "old-token"}});
  Mount& mount = AttachS3();
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  WriteKeys("ASIANEW", "canary-new-secret", "new-token");
  origin_->RenewKeys({"ASIANEW", "canary-new-secret", "new-token"});
  EXPECT_EQ(CheckOracleFile(mount.File("other"), kSize), "");
  EXPECT_THAT(mount.log(), Not(HasSubstr("canary")));
}

TEST_F(S3AccessTest, KeysThatHaveEndedAreAnErrorOfThoseBytesAlone) {
  ServeFile({.keys = {"ASIAOLD", kSecret, "old-token"}});
  Mount& mount = AttachS3();
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  const Descriptor other(mount.File("other"));
  origin_->ExpireKeys();
  EXPECT_EQ(ReadError(other, 0), EACCES);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_THAT(mount.log(), HasSubstr("ExpiredToken"));
}

TEST_F(S3AccessTest, ANameThatWasNotListedIsDeniedWhenTheKeysHaveEnded) {
  ServeFile({.keys = {"ASIAOLD", kSecret, "old-token"}});
  Mount& mount = AttachS3();
  origin_->ExpireKeys();
  EXPECT_EQ(Descriptor(mount.File("file")).error(), EACCES);
  EXPECT_THAT(mount.log(), HasSubstr("ExpiredToken"));
}

TEST_F(S3AccessTest, TheRequesterPaysOnlyIfTold) {
  ServeFile({.requester_pays = true});
  EXPECT_THAT(WhyNotS3(), HasSubstr("AccessDenied"));
  ExpectReadsRight({"requester_pays"});
}

TEST_F(S3AccessTest, ABucketOfSomebodyElseIsRefused) {
  ServeFile({.owner = "111122223333"});
  ExpectReadsRight({"bucket_owner=111122223333"});
  EXPECT_THAT(WhyNotS3("s3://bucket/", {"bucket_owner=444455556666"}), HasSubstr("AccessDenied"));
}

TEST_F(S3AccessTest, ObjectsEncryptedWithACustomersKeyAreReadWithItAlone) {
  const std::string key(32, 'k');
  ServeFile({.sse_c_key = key});
  Mount& without = AttachS3();
  NamesIn(without.path());
  EXPECT_EQ(ReadError(Descriptor(without.File("file")), 0), EACCES);
  EXPECT_THAT(without.log(), HasSubstr("sse_c_key="));

  WriteFile(dir_ / "key", key);
  std::filesystem::permissions(dir_ / "key", std::filesystem::perms{0600});
  ExpectReadsRight({"sse_c_key=" + dir_ / "key"});
}

}  // namespace
}  // namespace brimfs
