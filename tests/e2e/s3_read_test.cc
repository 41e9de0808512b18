// Bytes of objects in a bucket, their versions and what can be wrong with them, over the test
// origin.
#include <gmock/gmock.h>

#include <cerrno>
#include <string>

#include "tests/e2e/reading.h"
#include "tests/e2e/s3_test.h"

namespace brimfs {
namespace {

constexpr uint64_t kSize = 8 << 20;
constexpr uint64_t kPart = 64 << 10;

class S3ReadTest : public S3Test {
 protected:
  static size_t CountOf(const std::string& text, const std::string& part) {
    size_t count = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

TEST_F(S3ReadTest, AnOpenFileReadsItsVersionToTheEndAfterAnOverwrite) {
  Serve({.versions = true});
  origin_->PutOracle("file", kSize, 1);
  Mount& mount = AttachS3("s3://bucket/", {"metadata_ttl=0"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {0, kPart}, 1), "");
  origin_->PutOracle("file", kSize, 2);
  EXPECT_EQ(CheckOracle(file, {0, kSize}, 1), "");
  EXPECT_GT(Asked("GET", "versionId="), 0u);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
}

TEST_F(S3ReadTest, WithoutVersionsAnOverwriteIsStaleForTheOpenFileAndSeenByTheNextOpen) {
  Serve();
  origin_->PutOracle("file", kSize, 1);
  Mount& mount = AttachS3("s3://bucket/", {"metadata_ttl=0"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {0, kPart}, 1), "");
  origin_->PutOracle("file", kSize, 2);
  EXPECT_EQ(ReadError(file, kSize - 1), ESTALE);
  EXPECT_EQ(CheckOracle(file, {0, kPart}, 1), "");
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
}

TEST_F(S3ReadTest, AServerThatIgnoresIfMatchMixesNothing) {
  Serve();
  origin_->PutOracle("file", kSize, 1);
  origin_->Inject(*ParseFault("ignore-if-match:any:ever"));
  Mount& mount = AttachS3("s3://bucket/", {"metadata_ttl=0"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {0, kPart}, 1), "");
  origin_->PutOracle("file", kSize, 2);
  EXPECT_EQ(ReadError(file, kSize - 1), ESTALE);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
}

TEST_F(S3ReadTest, AnArchivedObjectIsNoDataAndOneLine) {
  Serve();
  origin_->PutOracle("cold", kSize);
  origin_->Archive("cold");
  Mount& mount = AttachS3();
  NamesIn(mount.path());
  const Descriptor file(mount.File("cold"));
  EXPECT_EQ(file.error(), 0);
  EXPECT_EQ(ReadError(file, 0), ENODATA);
  EXPECT_EQ(ReadError(file, kSize / 2), ENODATA);
  EXPECT_EQ(CountOf(mount.log(), "archived"), 1u) << mount.log();
}

TEST_F(S3ReadTest, AServerWithoutHeadIsAskedForTheFirstByte) {
  Serve({.versions = true});
  origin_->PutOracle("file", kSize, 1);
  origin_->PutBytes("empty", "");
  origin_->Inject(*ParseFault("head-refused:any:ever"));
  Mount& mount = AttachS3();
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(file.Stat().st_size, static_cast<off_t>(kSize));
  EXPECT_EQ(CheckOracle(file, {0, kPart}, 1), "");
  EXPECT_GT(Asked("GET", "versionId="), 0u) << "that answer names the version as well";
  EXPECT_EQ(Descriptor(mount.File("empty")).Stat().st_size, 0);
  EXPECT_EQ(Descriptor(mount.File("nothing")).error(), ENOENT);
}

TEST_F(S3ReadTest, AServerThatAsksToSlowDownIsWaitedFor) {
  Serve();
  origin_->PutOracle("file", kSize);
  Mount& mount = AttachS3();
  NamesIn(mount.path());
  origin_->Inject(*ParseFault("s3-error=SlowDown:ranged:3"));
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
  EXPECT_EQ(origin_->counters().faults["s3-error"], 3u);
}

TEST_F(S3ReadTest, ADeletedObjectIsStaleForTheOpenFileAndGoneForTheNextOpen) {
  Serve();
  origin_->PutOracle("file", kSize);
  Mount& mount = AttachS3("s3://bucket/", {"metadata_ttl=0", "negative_ttl=0"});
  const Descriptor file(mount.File("file"));
  EXPECT_EQ(file.error(), 0);
  origin_->Erase("file");
  EXPECT_EQ(ReadError(file, 0), ESTALE);
  EXPECT_EQ(Descriptor(mount.File("file")).error(), ENOENT);
}

TEST_F(S3ReadTest, TheSecretIsNowhereToBeSeen) {
  const std::string secret = "canary-secret";
  Serve({.keys = {"AKIDORIGIN", secret, "canary-token"}});
  origin_->PutOracle("dir/file", kSize);
  Mount& mount = AttachS3();
  EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), kSize), "");
  origin_->ExpireKeys();
  origin_->PutOracle("dir/other", kSize);
  EXPECT_NE(Descriptor(mount.File("dir/other")).error(), 0);
  const std::string proc = "/proc/" + std::to_string(mount.daemon().pid());
  const Ran found = Shell(
      "getfattr -d -m - \"$1\" \"$1/dir/file\" 2>&1 | grep -a canary;"
      "cat $2/cmdline $2/environ $2/mountinfo | tr '\\0' '\\n' | grep -a canary;"
      "grep -ra canary \"$3\"; grep -a canary /etc/mtab",
      {mount.path(), proc, mount.cache()});
  EXPECT_EQ(found.out, "");
  EXPECT_EQ(CountOf(mount.log(), "canary"), 0u) << mount.log();
}

}  // namespace
}  // namespace brimfs
