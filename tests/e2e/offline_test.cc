// -o offline: what the cache has, and nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kSize = (4 << 20) + 99;

class OfflineTest : public DurableTest {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    origin_->PutOracle("whole", kSize);
    origin_->PutOracle("part", 16 * kMiB);
    origin_->PutOracle("below/deep/small", 1000);
    origin_->PutOracle("unread", kSize);
    Mount& mount = MountAgain();
    ASSERT_EQ(CheckOracleFile(mount.File("whole"), kSize), "");
    ASSERT_EQ(CheckOracleFile(mount.File("below/deep/small"), 1000), "");
    Descriptor part(mount.File("part"));
    part.AdviseRandom();
    ASSERT_EQ(CheckOracle(part, {kMiB, kMiB + kFillBlock}), "");
    part.Close();
    Detach(mount);
    part_ = StoredRanges(cache(), "part");
    ASSERT_TRUE(part_.Covers({kMiB, kMiB + kFillBlock}));
    ASSERT_FALSE(part_.Covers({0, 16 * kMiB}));
  }

  Mount& MountOffline() { return MountAgain({"offline"}); }

  static int64_t SizeOf(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_size : -1;
  }

  RangeSet part_;  // what is stored of "part"
};

TEST_F(OfflineTest, WhatWasFilledIsReadWithTheSourceGone) {
  origin_->Stop();
  Mount& mount = MountOffline();
  EXPECT_EQ(CheckOracleFile(mount.File("whole"), kSize), "") << mount.log();
  EXPECT_EQ(CheckOracleFile(mount.File("below/deep/small"), 1000), "");
  const Descriptor part(mount.File("part"));
  for (const Range& range : part_.Ranges()) EXPECT_EQ(CheckOracle(part, range), "");
}

TEST_F(OfflineTest, TheSourceIsNotAskedAnything) {
  const uint64_t mark = RequestCount();
  const uint64_t connections = origin_->counters().connections;
  Mount& mount = MountOffline();
  EXPECT_EQ(CheckOracleFile(mount.File("whole"), kSize), "");
  EXPECT_EQ(NamesIn(mount.path()).size(), 3u);
  EXPECT_EQ(SizeOf(mount.File("unread")), -1);
  EXPECT_EQ(ReadError(Descriptor(mount.File("part")), 15 * kMiB), EIO);
  Detach(mount);
  EXPECT_EQ(RequestCount(), mark);
  EXPECT_EQ(origin_->counters().connections, connections);
}

TEST_F(OfflineTest, MissingBytesAreAnErrorAtOnce) {
  origin_->Stop();
  Mount& mount = MountOffline();
  const Descriptor part(mount.File("part"));
  ASSERT_EQ(part.error(), 0);
  part.AdviseRandom();
  const TimePoint start = Clock::Steady().Now();
  for (uint64_t at = 8 * kMiB; at < 16 * kMiB; at += kMiB) EXPECT_EQ(ReadError(part, at), EIO);
  EXPECT_LT(Clock::Steady().Now() - start, seconds(kSanitized ? 10 : 2));
  EXPECT_EQ(CheckOracle(part, {kMiB, kMiB + kFillBlock}), "") << "what is there stays readable";
}

TEST_F(OfflineTest, NamesAndSizesAreThoseThatTheCacheHas) {
  origin_->Stop();
  Mount& mount = MountOffline();
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("below", "part", "whole"));
  EXPECT_THAT(NamesIn(mount.File("below")), ElementsAre("deep"));
  EXPECT_THAT(NamesIn(mount.File("below/deep")), ElementsAre("small"));
  EXPECT_EQ(SizeOf(mount.File("whole")), static_cast<int64_t>(kSize));
  EXPECT_EQ(SizeOf(mount.File("part")), static_cast<int64_t>(16 * kMiB));
  EXPECT_EQ(SizeOf(mount.File("below/deep/small")), 1000);
  EXPECT_EQ(Descriptor(mount.File("unread")).error(), ENOENT);
  EXPECT_EQ(Descriptor(mount.File("nowhere/at/all")).error(), ENOENT);
}

TEST_F(OfflineTest, OneObjectIsThereToo) {
  Mount& first = Attach(origin_->url("unread"), Over(cache()));
  ASSERT_EQ(CheckOracleFile(first.File("unread"), kSize), "");
  Detach(first);
  origin_->Stop();
  Mount& mount = Attach(origin_->url("unread"), Over(cache(), {"offline"}));
  EXPECT_EQ(CheckOracleFile(mount.File("unread"), kSize), "") << mount.log();
}

TEST_F(OfflineTest, ABadBlockIsAnErrorAndNeverWrongBytes) {
  for (const CachedObject& object : CachedObjects(cache())) {
    if (object.entry.path != "whole") continue;
    const Descriptor file(cache() + "/data/" + object.entry.file, O_RDWR);
    ASSERT_EQ(pwrite(file.fd(), "\0\0\0\0", 4, 2 * kMiB + 17), 4);
  }
  origin_->Stop();
  Mount& mount = MountOffline();
  const Descriptor whole(mount.File("whole"));
  whole.AdviseRandom();
  EXPECT_EQ(ReadError(whole, 2 * kMiB + 17), EIO);
  EXPECT_EQ(CheckOracle(whole, {0, 2 * kMiB}), "");
  EXPECT_EQ(CheckOracle(whole, {2 * kMiB + kFillBlock, kSize}), "");
}

TEST_F(OfflineTest, CommandsReadTheCacheToo) {
  const std::string url = origin_->url();
  origin_->Stop();
  const std::string options = "config=none,offline,cache=" + cache();
  const Ran listed = RunCommand({BrimfsProgram(), "ls", "-R", url, "-o", options});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_NE(listed.out.find("below/deep/small\n"), std::string::npos) << listed.out;

  const TempDir to;
  const Ran got = RunCommand({BrimfsProgram(), "get", "-r", url, to.path(), "-o", options});
  EXPECT_EQ(got.code, 1);
  EXPECT_NE(got.err.find("part"), std::string::npos) << got.err;
  EXPECT_EQ(CheckOracleFile(to / "whole", kSize), "");
  EXPECT_EQ(CheckOracleFile(to / "below/deep/small", 1000), "");
  EXPECT_NE(access((to / "part").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace brimfs
