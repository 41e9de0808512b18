// Buckets as directories, over the test origin: pages, names, and how little is asked.
#include <dirent.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <set>
#include <string>

#include "tests/e2e/reading.h"
#include "tests/e2e/s3_odd_keys.h"
#include "tests/e2e/s3_test.h"

namespace brimfs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPages[] = "max-keys=1000";

class S3ListingTest : public S3Test {
 protected:
  // many/00000 and so on; each has as many bytes as its number.
  void PutMany(int count) {
    for (int i = 0; i < count; ++i) {
      std::string digits = std::to_string(i);
      digits.insert(0, 5 - digits.size(), '0');
      origin_->PutOracle("many/" + digits, static_cast<uint64_t>(i));
    }
  }
};

TEST_F(S3ListingTest, ALongListingOf10000FilesMakesTenRequestsAndNoHead) {
  Serve();
  PutMany(10'000);
  Mount& mount = AttachS3("s3://bucket/many/");
  const size_t before = origin_->counters().requests;
  const Ran ran =
      Shell("ls -ln \"$1\" | awk '{ sum += $5 } END { print NR, sum }'", {mount.path()});
  EXPECT_EQ(ran.out, "10001 49995000\n") << ran.err;
  EXPECT_EQ(Asked("GET", kPages), 10u);
  EXPECT_EQ(Asked("HEAD"), 0u);
  EXPECT_EQ(origin_->counters().requests - before, 10u);
}

TEST_F(S3ListingTest, AnEntryOfALongListingWithAttributesTakesLessThan300Bytes) {
  constexpr int kKeys = kSanitized ? 5'000 : 100'000;
  Serve();
  PutMany(kKeys);
  Mount& mount = AttachS3("s3://bucket/many/");
  const uint64_t before = mount.Memory("RssAnon");
  const Ran ran = Shell("ls -l \"$1\" | wc -l", {mount.path()});
  EXPECT_EQ(ran.out, std::to_string(kKeys + 1) + "\n") << ran.err;
  // The kernel holds them all, and their listing is believed for a minute.
  if (!kSanitized) {
    EXPECT_LT((mount.Memory("RssAnon") - before) / kKeys, 300u);
  }
}

TEST_F(S3ListingTest, TheFirstNamesAreThereBeforeTheSecondPage) {
  Serve();
  PutMany(2500);
  Mount& mount = AttachS3("s3://bucket/many/");
  origin_->CloseHeadGate("many/?2");
  DIR* const directory = opendir(mount.path().c_str());
  ASSERT_NE(directory, nullptr);
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) {
    const dirent* const entry = readdir(directory);
    ASSERT_NE(entry, nullptr) << i;
    names.emplace_back(entry->d_name);
  }
  EXPECT_THAT(names, Contains("00000"));
  origin_->AwaitAtGate("many/?2", 1);
  origin_->OpenGate("many/?2");
  int rest = 0;
  while (readdir(directory) != nullptr) ++rest;
  closedir(directory);
  EXPECT_EQ(rest, 2500 + 2 - 500);  // with "." and ".."
  EXPECT_EQ(Asked("GET", kPages), 3u);
}

TEST_F(S3ListingTest, APageThatFailsIsAskedForAgainByItself) {
  Serve();
  PutMany(2500);
  Mount& mount = AttachS3("s3://bucket/many/");
  for (const char* fault : {"s3-error=SlowDown:list:2", "s3-error=InternalError:list:1",
                            "reset:list@head:1", "status=503:list:1"}) {
    origin_->Inject(*ParseFault(fault));
  }
  EXPECT_EQ(NamesIn(mount.path()).size(), 2500u);
}

TEST_F(S3ListingTest, AReadOfAListedFileIsOneGetAndNoHead) {
  Serve();
  origin_->PutOracle("dir/file", 4 << 20);
  Mount& mount = AttachS3();
  EXPECT_THAT(NamesIn(mount.File("dir")), ElementsAre("file"));
  const Descriptor file(mount.File("dir/file"));
  file.AdviseRandom();
  EXPECT_EQ(CheckOracle(file, {1 << 20, (1 << 20) + 4096}), "");
  EXPECT_EQ(Asked("HEAD", "/dir/file"), 0u);
  EXPECT_EQ(Asked("GET", "/dir/file"), 1u);
}

TEST_F(S3ListingTest, BucketsAreTheDirectoriesOfASourceWithoutOne) {
  Serve();
  origin_->PutBytes("dir/file", "content");
  Mount& mount = AttachS3("s3://");
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre(kBucket));
  EXPECT_EQ(ReadFile(mount.File("bucket/dir/file")), "content");
  EXPECT_EQ(Descriptor(mount.File("no-such-bucket")).error(), ENOENT);
}

TEST_F(S3ListingTest, AnObjectIsMountedAsTheOneFileAndAPrefixWithoutItsSlashAsADirectory) {
  Serve();
  origin_->PutBytes("dir/a file", "content");
  origin_->PutBytes("dirt", "no");
  Mount& file = AttachS3("s3://bucket/dir/a file");
  EXPECT_THAT(NamesIn(file.path()), ElementsAre("a file"));
  EXPECT_EQ(ReadFile(file.File("a file")), "content");
  for (const char* source : {"s3://bucket/dir", "s3://bucket/dir/"}) {
    Mount& directory = AttachS3(source);
    EXPECT_THAT(NamesIn(directory.path()), ElementsAre("a file")) << source;
    EXPECT_EQ(ReadFile(directory.File("a file")), "content") << source;
  }
  EXPECT_THAT(WhyNotS3("s3://bucket/di"), HasSubstr("no such object"));
}

TEST_F(S3ListingTest, AnObjectAndAPrefixOfTheSameNameAreTheDirectory) {
  Serve();
  origin_->PutBytes("both", "hidden");
  origin_->PutBytes("both/inside", "content");
  origin_->PutBytes("both-", "between the two");
  Mount& by_list = AttachS3();
  EXPECT_THAT(NamesIn(by_list.path()), ElementsAre("both", "both-"));
  EXPECT_EQ(ReadFile(by_list.File("both/inside")), "content");
  EXPECT_THAT(NamesIn(by_list.File("both")), ElementsAre("inside"));
  Mount& by_name = AttachS3();
  EXPECT_EQ(ReadFile(by_name.File("both/inside")), "content");
}

TEST_F(S3ListingTest, AnEmptyMarkerIsADirectoryAndNoFileInIt) {
  Serve();
  origin_->PutBytes("empty/", "");
  origin_->PutBytes("used/", "");
  origin_->PutBytes("used/file", "content");
  Mount& mount = AttachS3();
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("empty", "used"));
  EXPECT_THAT(NamesIn(mount.File("empty")), IsEmpty());
  EXPECT_THAT(NamesIn(mount.File("used")), ElementsAre("file"));
  EXPECT_TRUE(S_ISDIR(Descriptor(mount.File("empty")).Stat().st_mode));
  EXPECT_EQ(Descriptor(mount.File("empty/%:")).error(), ENOENT);
}

class S3OddKeysTest : public S3ListingTest {
 protected:
  void SetUp() override {
    S3ListingTest::SetUp();
    if (IsSkipped()) return;
    Serve();
    keys_ = OddKeys();
    keys_.push_back({"not utf-8 \xff\xfe", "not utf-8 \xff\xfe"});
    for (const OddKey& odd : keys_) origin_->PutBytes(odd.key, "of " + odd.key);
  }

  std::vector<OddKey> keys_;
};

TEST_F(S3OddKeysTest, EachIsReadUnderItsNameWhetherItWasListedOrNot) {
  for (const bool listed : {false, true}) {
    Mount& mount = AttachS3();
    if (listed) Shell("ls -lR \"$1\"", {mount.path()});
    for (const OddKey& odd : keys_) {
      if (odd.path.empty()) continue;
      EXPECT_EQ(ReadFile(mount.File(odd.path)), "of " + odd.key) << odd.path;
    }
  }
}

TEST_F(S3OddKeysTest, EachIsListedOnceAndTheHiddenOneIsCounted) {
  Mount& mount = AttachS3();
  std::set<std::string> expected;
  for (const OddKey& odd : keys_) {
    if (!odd.path.empty()) expected.insert(odd.path.substr(0, odd.path.find('/')));
  }
  EXPECT_THAT(NamesIn(mount.path()), testing::ElementsAreArray(expected));
  EXPECT_THAT(NamesIn(mount.File("%:")), ElementsAre("leading slash"));
  EXPECT_THAT(NamesIn(mount.File("a")), ElementsAre("%:", "%:.", "%:.."));
  EXPECT_THAT(NamesIn(mount.File("a/%:")), ElementsAre("b"));
  EXPECT_THAT(NamesIn(mount.File("full")), ElementsAre("%:"));
  EXPECT_THAT(mount.log(), HasSubstr("1 keys are too long"));
}

// Nothing has two names.
TEST_F(S3OddKeysTest, OtherWaysToWriteANameAreNotThere) {
  Mount& mount = AttachS3();
  for (const char* name : {"%:with space", "%:new%0aline", "%:new\nline", "new\nline", "a/%:/%:/b",
                           "a/%:%2E/b", "full/%:/", "a/%:/%:", "with space/%:"}) {
    const int error = Descriptor(mount.File(name)).error();
    EXPECT_TRUE(error == ENOENT || error == ENOTDIR) << name << ": " << error;
  }
}

TEST_F(S3ListingTest, NothingOfTheSourceIsFoundInItselfUnderAnEmptyName) {
  Serve();
  origin_->PutBytes("dir/file", "content");
  for (const char* source : {"s3://bucket/", "s3://bucket/dir/"}) {
    Mount& mount = AttachS3(source);
    EXPECT_EQ(Descriptor(mount.File("%:")).error(), ENOENT) << source;
    EXPECT_EQ(Descriptor(mount.File("%:/file")).error(), ENOENT) << source;
    EXPECT_EQ(Descriptor(mount.File("%:/dir/file")).error(), ENOENT) << source;
  }
}

TEST_F(S3ListingTest, AnErrorDocumentWithStatus200IsNoEndOfAListing) {
  Serve();
  PutMany(1500);
  Mount& mount = AttachS3("s3://bucket/many/", {"timeout=3"});
  origin_->Inject(*ParseFault("xml-200:list:ever"));
  EXPECT_THROW(NamesIn(mount.path()), std::exception);
  origin_->ClearFaults();
  EXPECT_EQ(NamesIn(mount.path()).size(), 1500u);
}

}  // namespace
}  // namespace brimfs
