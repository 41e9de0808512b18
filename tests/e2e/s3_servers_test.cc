// Buckets of real S3 servers, written by a client that shares nothing with brimfs. One server for
// all tests of a kind: see CMakeLists.txt.
#include "tests/support/s3_servers.h"

#include <gmock/gmock.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/reading.h"
#include "tests/e2e/s3_odd_keys.h"
#include "tests/e2e/s3_test.h"

namespace brimfs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kLarge = (11 << 20) + 4321;

class S3ServersTest : public S3Test, public testing::WithParamInterface<RealS3> {
 protected:
  void SetUp() override {
    S3Test::SetUp();
    if (IsSkipped()) return;
    const std::string missing = WhyMissing(GetParam());
    if (!missing.empty()) GTEST_SKIP() << missing;
    std::unique_ptr<S3Server>& server = Servers()[GetParam()];
    if (server == nullptr) server = std::make_unique<S3Server>(GetParam());
    server_ = server.get();
    WriteKeys(server_->access_key(), server_->secret_key());
    static int buckets = 0;
    bucket_ = "bucket-" + std::to_string(++buckets);
    server_->Do({S3Task{{"do", "bucket"}, {"bucket", bucket_}}});
  }

  static void TearDownTestSuite() { Servers().clear(); }

  static std::map<RealS3, std::unique_ptr<S3Server>>& Servers() {
    static std::map<RealS3, std::unique_ptr<S3Server>> servers;
    return servers;
  }

  S3Task PutText(const std::string& key, const std::string& text) const {
    return {{"do", "put"}, {"bucket", bucket_}, {"key", key}, {"text", text}};
  }

  // The ETag.
  std::string PutOracle(const std::string& key, uint64_t size, uint64_t seed = 1,
                        const char* how = "put") const {
    WriteOracleFile(dir_ / "upload", size, seed);
    return server_->Do(
        {S3Task{{"do", how}, {"bucket", bucket_}, {"key", key}, {"file", dir_ / "upload"}}})[0];
  }

  Mount& AttachBucket(const std::string& prefix = {}, std::vector<std::string> more = {}) {
    more.push_back("endpoint=" + server_->url());
    return Attach("s3://" + bucket_ + "/" + prefix, more);
  }

  std::string WhyNotBucket(const std::string& bucket) {
    return WhyNot("s3://" + bucket + "/", {"endpoint=" + server_->url()});
  }

  S3Server* server_ = nullptr;
  std::string bucket_;
};

TEST_P(S3ServersTest, ATreeIsCopiedAsItWasWritten) {
  std::minstd_rand random(20261121);
  std::vector<S3Task> tasks;
  for (const uint64_t size : {0, 1, 4096, 65536, 100'000, 3'000'000}) {
    for (const char* directory : {"", "a/", "a/deep/er/", "b c/"}) {
      const std::string name = directory + std::to_string(size);
      WriteOracleFile(dir_ / "tree/" + name, size, 1 + random() % 100);
      tasks.push_back({{"do", "put"},
                       {"bucket", bucket_},
                       {"key", "tree/" + name},
                       {"file", dir_ / "tree/" + name}});
    }
  }
  server_->Do(tasks);
  for (const char* prefix : {"", "tree/"}) {
    Mount& mount = AttachBucket(prefix);
    const std::string tree = *prefix == '\0' ? mount.File("tree") : mount.path();
    const Ran ran = Shell("cp -r \"$1\" \"$2\" && diff -r \"$2\" \"$3\" && rm -r \"$2\"",
                          {tree, dir_ / "copy", dir_ / "tree"});
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    const Ran list = Shell("ls -ln \"$1/a\" | awk '{ print $5, $9 }'", {tree});
    EXPECT_THAT(list.out, HasSubstr("\n3000000 3000000\n")) << list.err;
  }
}

TEST_P(S3ServersTest, OddKeysAreReadUnderTheirNames) {
  std::vector<S3Task> tasks;
  for (const OddKey& odd : OddKeys()) tasks.push_back(PutText(odd.key, "of " + odd.key));
  server_->Do(tasks);
  Mount& unlisted = AttachBucket();
  Mount& listed = AttachBucket();
  std::set<std::string> expected;
  for (const OddKey& odd : OddKeys()) {
    if (!odd.path.empty()) expected.insert(odd.path.substr(0, odd.path.find('/')));
  }
  EXPECT_THAT(NamesIn(listed.path()), ElementsAreArray(expected));
  EXPECT_THAT(NamesIn(listed.File("%:")), ElementsAre("leading slash"));
  EXPECT_THAT(NamesIn(listed.File("a")), ElementsAre("%:", "%:.", "%:.."));
  EXPECT_THAT(listed.log(), HasSubstr("1 keys are too long"));
  for (Mount* const mount : {&unlisted, &listed}) {
    for (const OddKey& odd : OddKeys()) {
      if (odd.path.empty()) continue;
      EXPECT_EQ(ReadFile(mount->File(odd.path)), "of " + odd.key)
          << odd.path << (mount == &listed ? ", listed" : "");
    }
  }
}

TEST_P(S3ServersTest, AnObjectAndAPrefixOfTheSameNameAreTheDirectory) {
  server_->Do({PutText("both", "hidden"), PutText("both/inside", "content"), PutText("mark/", "")});
  Mount& mount = AttachBucket();
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("both", "mark"));
  EXPECT_THAT(NamesIn(mount.File("both")), ElementsAre("inside"));
  EXPECT_TRUE(NamesIn(mount.File("mark")).empty());
  EXPECT_EQ(ReadFile(mount.File("both/inside")), "content");
}

TEST_P(S3ServersTest, ADirectoryOfThreePagesIsWhole) {
  std::vector<S3Task> tasks;
  std::vector<std::string> names;
  const int keys = GetParam() == RealS3::kCeph ? 2500 : 250;  // see swift-s3
  for (int i = 0; i < keys; ++i) {
    names.push_back("key " + std::to_string(10000 + i));
    tasks.push_back(PutText("many/" + names.back(), "x"));
  }
  server_->Do(tasks);
  Mount& mount = AttachBucket("many/");
  EXPECT_THAT(NamesIn(mount.path()), ElementsAreArray(names));
}

TEST_P(S3ServersTest, AnObjectUploadedInPartsHasItsEtagAndItsBytes) {
  const std::string etag = PutOracle("large", kLarge, 5, "put_in_parts");
  EXPECT_THAT(etag, HasSubstr("-3"));
  Mount& mount = AttachBucket();
  const Descriptor file(mount.File("large"));
  file.AdviseRandom();
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    const uint64_t begin = random() % kLarge;
    const Range range{begin, std::min(kLarge, begin + 1 + random() % 100'000)};
    ASSERT_EQ(CheckOracle(file, range, 5), "") << begin;
  }
  EXPECT_EQ(CheckOracleFile(mount.File("large"), kLarge, 5), "");
  EXPECT_EQ(GetAttribute(mount.File("large"), "user.brimfs.version"), etag);
}

TEST_P(S3ServersTest, AnOverwrittenObjectIsNeverMixed) {
  PutOracle("file", kLarge, 1);
  Mount& mount = AttachBucket("", {"metadata_ttl=0"});
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {0, 65536}, 1), "");
  PutOracle("file", kLarge, 2);
  EXPECT_EQ(CheckOracle(file, {0, 65536}, 1), "");
  EXPECT_EQ(ReadError(file, kLarge - 1), ESTALE);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kLarge, 2), "");
}

TEST_P(S3ServersTest, AReadWaitsForAStorageServerThatIsStopped) {
  PutOracle("file", kLarge, 1);
  Mount& mount = AttachBucket();
  const Descriptor file(mount.File("file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {0, 65536}, 1), "");
  const pid_t storage = server_->Pid(GetParam() == RealS3::kCeph ? "osd" : "object");
  ASSERT_GT(storage, 1);
  ASSERT_EQ(kill(storage, SIGSTOP), 0);
  std::future<std::string> reading = std::async(std::launch::async, [&] {
    return CheckOracle(file, {6 << 20, 7 << 20}, 1);
  });
  EXPECT_EQ(reading.wait_for(std::chrono::seconds(5)), std::future_status::timeout);
  ASSERT_EQ(kill(storage, SIGCONT), 0);
  EXPECT_EQ(reading.get(), "");
}

TEST_P(S3ServersTest, WhatCannotBeMountedIsOneLine) {
  EXPECT_THAT(WhyNotBucket("no-such-bucket"), HasSubstr("NoSuchBucket"));
  WriteKeys(server_->access_key(), "canary-wrong");
  EXPECT_THAT(WhyNotBucket(bucket_), AllOf(HasSubstr("SignatureDoesNotMatch"),
                                           HasSubstr("credentials="), Not(HasSubstr("canary"))));
  WriteKeys("nobody:nowhere", "canary-wrong");
  // Swift does not tell the two apart.
  const char* const code =
      GetParam() == RealS3::kCeph ? "InvalidAccessKeyId" : "SignatureDoesNotMatch";
  EXPECT_THAT(WhyNotBucket(bucket_),
              AllOf(HasSubstr(code), HasSubstr("credentials="), Not(HasSubstr("canary"))));
}

TEST_P(S3ServersTest, AWrongRegionIsCorrectedByTheServerOrDoesNotMatter) {
  server_->Do({PutText("file", "content")});
  Mount& mount = AttachBucket("", {"region=eu-north-1"});
  EXPECT_EQ(ReadFile(mount.File("file")), "content");
}

TEST_P(S3ServersTest, BucketsAreTheDirectoriesOfASourceWithoutOne) {
  server_->Do({PutText("dir/file", "content")});
  Mount& mount = Attach("s3://", {"endpoint=" + server_->url()});
  EXPECT_THAT(NamesIn(mount.path()), testing::Contains(bucket_));
  EXPECT_EQ(ReadFile(mount.File(bucket_ + "/dir/file")), "content");
}

TEST_P(S3ServersTest, TheSecretIsNowhereToBeSeen) {
  ASSERT_THAT(server_->secret_key(), HasSubstr("canary"));
  server_->Do({PutText("file", "content")});
  Mount& mount = AttachBucket();
  EXPECT_EQ(ReadFile(mount.File("file")), "content");
  EXPECT_EQ(Descriptor(mount.File("nothing")).error(), ENOENT);
  const std::string proc = "/proc/" + std::to_string(mount.daemon().pid());
  const Ran found = Shell(
      "getfattr -d -m - \"$1\" \"$1/file\" 2>&1 | grep -a canary;"
      "cat $2/cmdline $2/environ $2/mountinfo | tr '\\0' '\\n' | grep -a canary;"
      "grep -ra canary \"$3\"",
      {mount.path(), proc, mount.cache()});
  EXPECT_EQ(found.out, "");
  EXPECT_THAT(mount.log(), Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(Servers, S3ServersTest, testing::Values(RealS3::kCeph, RealS3::kSwift),
                         [](const auto& server) {
                           return server.param == RealS3::kCeph ? "Ceph" : "Swift";
                         });

}  // namespace
}  // namespace brimfs
