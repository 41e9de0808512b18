// What was fetched once is not fetched again: after an unmount, and after the daemon was killed.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <random>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/origin/http.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSize = (8 << 20) + 4321;
constexpr uint64_t kMiB = 1 << 20;

class RemountTest : public DurableTest {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    origin_->PutOracle("file", kSize);
  }

  void FillOnce(const std::vector<std::string>& options = {}) {
    Mount& mount = MountAgain(options);
    ASSERT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
    Detach(mount);
  }

  static std::string ReadPart(Mount& mount, const std::string& name, const Range& range) {
    const Descriptor file(mount.File(name));
    file.AdviseRandom();
    return CheckOracle(file, range);
  }
};

TEST_F(RemountTest, AFilledFileIsReadWithoutABody) {
  FillOnce();
  const uint64_t sent = Sent("file");
  EXPECT_EQ(sent, kSize);
  const uint64_t mark = RequestCount();
  Mount& again = MountAgain();
  EXPECT_EQ(CheckOracleFile(again.File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), sent);
  // The version is checked, with a request that has no body.
  for (const Origin::Seen& request : SeenSince(mark)) {
    EXPECT_TRUE(request.path != "file" || request.method == "HEAD") << request.method;
  }
}

TEST_F(RemountTest, FilesOfEverySizeAreKept) {
  std::vector<std::pair<std::string, uint64_t>> files;
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, kFillBlock - 1, kFillBlock, kFillBlock + 1,
                              64 * kMiB - 1, 64 * kMiB + 1}) {
    files.emplace_back("size-" + std::to_string(size), size);
    origin_->PutOracle(files.back().first, size);
  }
  for (int round = 0; round < 3; ++round) {
    Mount& mount = MountAgain();
    for (const auto& [name, size] : files) {
      EXPECT_EQ(CheckOracleFile(mount.File(name), size), "") << name;
      // To learn that a file is empty may take an answer with a body that says so.
      if (size > 0) {
        EXPECT_EQ(Sent(name), size) << name << " in round " << round;
      }
    }
    Detach(mount);
  }
}

TEST_F(RemountTest, AHundredSmallFilesAreKept) {
  for (int i = 0; i < 100; ++i) {
    origin_->PutOracle("many/" + std::to_string(i), 1000 + static_cast<uint64_t>(i));
  }
  uint64_t sent = 0;
  for (int round = 0; round < 2; ++round) {
    Mount& mount = MountAgain();
    for (int i = 0; i < 100; ++i) {
      const std::string name = "many/" + std::to_string(i);
      ASSERT_EQ(CheckOracleFile(mount.File(name), 1000 + static_cast<uint64_t>(i)), "") << name;
      if (round == 0) {
        sent += Sent(name);
      } else {
        sent -= Sent(name);
      }
    }
    Detach(mount);
  }
  EXPECT_EQ(sent, 0u);
}

TEST_F(RemountTest, APartlyFilledFileGoesOnFromItsPart) {
  constexpr Range kPart{3 * kMiB + 5, 4 * kMiB + 77};
  Mount& first = MountAgain();
  ASSERT_EQ(ReadPart(first, "file", kPart), "");
  ASSERT_EQ(ReadPart(first, "file", {kSize - 10, kSize}), "");
  Detach(first);
  const RangeSet stored = StoredRanges(cache(), "file");
  // Whole blocks are kept: the last one may not have been there to its end.
  EXPECT_TRUE(stored.Covers(AlignInward(kPart, kFillBlock))) << ToText(stored);
  EXPECT_TRUE(stored.Covers({kSize - 10, kSize})) << ToText(stored);

  uint64_t mark = RequestCount();
  Mount& second = MountAgain();
  EXPECT_EQ(ReadPart(second, "file", AlignInward(kPart, kFillBlock)), "");
  EXPECT_EQ(ReadPart(second, "file", {kSize - 10, kSize}), "");
  EXPECT_EQ(ToText(Both(AskedSince(mark, "file", kSize), stored)), "");
  EXPECT_EQ(CheckOracleFile(second.File("file"), kSize), "");
  EXPECT_EQ(ToText(Both(AskedSince(mark, "file", kSize), stored)), "");
  Detach(second);

  mark = RequestCount();
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(ToText(AskedSince(mark, "file", kSize)), "");
}

TEST_F(RemountTest, NothingIsAskedWhileTheVersionIsFresh) {
  FillOnce({"metadata_ttl=1h"});
  uint64_t mark = RequestCount();
  Mount& again = MountAgain({"metadata_ttl=1h"});
  EXPECT_EQ(CheckOracleFile(again.File("file"), kSize), "");
  for (const Origin::Seen& request : SeenSince(mark)) {
    EXPECT_NE(request.path, "file") << "the last mount has asked";
  }
  mark = RequestCount();
  for (int i = 0; i < 3; ++i) {
    struct stat info {};
    EXPECT_EQ(stat(again.File("file").c_str(), &info), 0);
    EXPECT_EQ(CheckOracleFile(again.File("file"), kSize), "");
  }
  EXPECT_EQ(RequestCount() - mark, 0u);
}

TEST_F(RemountTest, TheVersionIsCheckedOnceItIsNotFresh) {
  FillOnce();
  const uint64_t mark = RequestCount();
  Mount& again = MountAgain({"metadata_ttl=0"});
  EXPECT_EQ(CheckOracleFile(again.File("file"), kSize), "");
  const std::vector<Origin::Seen> seen = SeenSince(mark);
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](const Origin::Seen& request) {
    return request.path == "file" && request.method == "HEAD";
  }));
  EXPECT_EQ(Sent("file"), kSize);
}

TEST_F(RemountTest, AChangedFileIsReadAnewAndTheOldEntryLeaves) {
  FillOnce();
  origin_->PutOracle("file", kSize + 100, 2);
  for (int round = 0; round < 2; ++round) {
    Mount& mount = MountAgain({"metadata_ttl=0"});
    EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize + 100, 2), "");
    Detach(mount);
    EXPECT_EQ(Sent("file"), 2 * kSize + 100) << "in round " << round;
  }
  EXPECT_EQ(CachedObjects(cache()).size(), 1u);
  EXPECT_EQ(DataFiles(cache()).size(), 1u);
}

TEST_F(RemountTest, AnObjectThatMayStillChangeWithinItsSecondIsNotKept) {
  const auto put = [&](std::time_t time) {
    origin_->Put("racy", {OracleContent(1, kMiB), "", time});
  };
  put(std::time(nullptr));
  {
    Mount& mount = MountAgain();
    ASSERT_EQ(CheckOracleFile(mount.File("racy"), kMiB), "");
    Detach(mount);
  }
  const uint64_t sent = Sent("racy");
  Mount& again = MountAgain();
  EXPECT_EQ(CheckOracleFile(again.File("racy"), kMiB), "");
  EXPECT_EQ(Sent("racy"), sent + kMiB);
  // An old time alone is enough to keep it.
  put(1'500'000'000);
  origin_->Put("old", {OracleContent(1, kMiB), "", 1'500'000'000});
  EXPECT_EQ(CheckOracleFile(again.File("old"), kMiB), "");
  Detach(again);
  EXPECT_EQ(CheckOracleFile(MountAgain().File("old"), kMiB), "");
  EXPECT_EQ(Sent("old"), kMiB);
}

TEST_F(RemountTest, ACompleteFileIsPassedThroughOnceItHasBeenVerified) {
  FillOnce();
  const uint64_t sent = Sent("file");
  Mount& again = MountAgain();
  ASSERT_EQ(ReadPart(again, "file", {0, 4096}), "");
  EXPECT_TRUE(Eventually([&] { return IsPassedThrough(again, "file", kSize); })) << again.log();
  EXPECT_EQ(Sent("file"), sent);
}

TEST_F(RemountTest, AFileThatWasPassedThroughIsKeptToo) {
  for (int round = 0; round < 3; ++round) {
    Mount& mount = MountAgain();
    ASSERT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
    EXPECT_TRUE(Eventually([&] { return IsPassedThrough(mount, "file", kSize); })) << mount.log();
    Detach(mount);
  }
  EXPECT_EQ(Sent("file"), kSize);
}

TEST_F(RemountTest, AMountBeforeTheLastDaemonHasEndedFindsEverything) {
  Mount& first = MountAgain();
  ASSERT_EQ(CheckOracleFile(first.File("file"), kSize), "");
  ASSERT_EQ(umount2(first.path().c_str(), 0), 0);
  Mount& second = MountAgain();
  EXPECT_EQ(CheckOracleFile(second.File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), kSize);
  Detach(first);
  Detach(second);
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), kSize);
}

TEST_F(RemountTest, TheMemoryDriverLeavesNothing) {
  FillOnce({"driver=memory"});
  EXPECT_TRUE(DataFiles(cache()).empty());
  FillOnce({"driver=memory"});
  EXPECT_EQ(Sent("file"), 2 * kSize);
}

TEST_F(RemountTest, SourcesDoNotShareEntries) {
  FillOnce();
  auto other = StartOrigin();
  other->PutOracle("file", kSize, 2);  // the same name, length, ETag and time
  EXPECT_EQ(CheckOracleFile(Attach(other->url(), Over(cache())).File("file"), kSize, 2), "");
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize, 1), "");
  EXPECT_EQ(Sent("file"), kSize);
}

TEST_F(RemountTest, OneObjectIsKeptAsTheOneFileOfAMount) {
  uint64_t sent = 0;
  for (int round = 0; round < 2; ++round) {
    Mount& mount = Attach(origin_->url("file"), Over(cache()));
    EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
    Detach(mount);
    if (round == 0) sent = Sent("file");
  }
  EXPECT_EQ(Sent("file"), sent);
}

TEST_F(RemountTest, ALocalDirectoryIsKeptUntilItsFilesChange) {
  const TempDir tree;
  WriteOracleFile(tree / "file", kSize, 1);
  // Long ago, so that another change would show.
  ASSERT_EQ(RunCommand({"touch", "-d", "2020-01-01", tree / "file"}).code, 0);
  for (int round = 0; round < 2; ++round) {
    Mount& mount = Attach(tree.path() + "/", Over(cache()));
    EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "");
    Detach(mount);
    const std::vector<CachedObject> objects = CachedObjects(cache());
    ASSERT_EQ(objects.size(), 1u);
    EXPECT_TRUE(objects[0].blocks.Covers({0, kSize}));
  }
  WriteOracleFile(tree / "file", kSize, 2);
  Mount& mount = Attach(tree.path() + "/", Over(cache(), {"metadata_ttl=0"}));
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
}

// --- kill -9 ---------------------------------------------------------------------------------

class KillTest : public DurableTest {
 protected:
  static constexpr uint64_t kLaneSize = 6 << 20;

  // Rounds over a cache directory of their own. Whatever was durable before a mount is not asked
  // for by it.
  void Lane(int lane, int rounds) {
    const TempDir dir;
    const std::string cache = dir / "cache";
    std::mt19937 random(static_cast<uint32_t>(lane));
    for (int round = 0; round < rounds; ++round) {
      // Every third round new objects come; the older ones stay and are read on.
      const std::string prefix = std::to_string(lane) + "-" + std::to_string(round / 3);
      const std::vector<std::pair<std::string, uint64_t>> objects = {
          {prefix + "-a", kLaneSize}, {prefix + "-b", kMiB + 7}, {prefix + "-c", 3000}};
      std::vector<RangeSet> durable;
      for (const auto& [name, size] : objects) {
        if (round % 3 == 0) origin_->PutOracle(name, size);
        durable.push_back(StoredRanges(cache, name));
      }
      const uint64_t mark = RequestCount();
      const auto mount = MountToKill(cache, {"passthrough=" + std::string(Way(round))});
      if (!mount->started().ok()) return;
      std::vector<Readers::File> files;
      for (const auto& [name, size] : objects) files.push_back({mount->File(name), size, 1});
      Readers readers(2, files, random());
      // Batches are made about every two seconds: before, in and after one.
      EXPECT_EQ(mount->daemon().Wait(milliseconds(random() % 2600)), std::nullopt) << mount->log();
      readers.ExpectErrors();
      Kill(*mount);
      readers.Stop();
      EXPECT_EQ(readers.trouble(), "") << "lane " << lane << ", round " << round << mount->log();
      for (size_t i = 0; i < objects.size(); ++i) {
        const RangeSet asked = AskedSince(mark, objects[i].first, objects[i].second);
        EXPECT_EQ(ToText(Both(asked, durable[i])), "")
            << objects[i].first << " in round " << round << ": was durable, and fetched again";
      }
    }
    ExpectNothingStuck(lane, rounds, cache);
  }

  static const char* Way(int round) { return round % 2 == 0 ? "auto" : "off"; }

  // Every object of the last rounds can be filled, and stays.
  void ExpectNothingStuck(int lane, int rounds, const std::string& cache) {
    const std::string name = std::to_string(lane) + "-" + std::to_string((rounds - 1) / 3) + "-a";
    uint64_t sent = 0;
    for (int i = 0; i < 2; ++i) {
      const auto mount = MountToKill(cache);
      EXPECT_EQ(CheckOracleFile(mount->File(name), kLaneSize), "") << mount->log();
      const Status stopped = mount->Stop();
      EXPECT_TRUE(stopped.ok()) << stopped.message();
      EXPECT_TRUE(StoredRanges(cache, name).Covers({0, kLaneSize})) << name;
      if (i == 0) sent = Sent(name);
    }
    EXPECT_EQ(Sent(name), sent);
  }
};

TEST_F(KillTest, AtRandomMomentsEveryByteIsRightAndNothingDurableIsFetchedAgain) {
  constexpr int kLanes = 4;
  const int rounds = std::max(1, Rounds(20) / kLanes);
  std::vector<std::thread> lanes;
  Origin::Options slow;
  slow.total_bandwidth = 10 << 20;  // a file takes about as long as a round
  origin_ = StartOrigin(slow);
  for (int lane = 0; lane < kLanes; ++lane) {
    lanes.emplace_back([this, lane, rounds] { Lane(lane, rounds); });
  }
  for (std::thread& lane : lanes) lane.join();
}

TEST_F(KillTest, WhatABatchHasMadeDurableIsThereAfterAKill) {
  origin_->PutOracle("file", kSize);
  {
    const auto mount = MountToKill(cache());
    ASSERT_EQ(CheckOracleFile(mount->File("file"), kSize), "");
    ASSERT_TRUE(AwaitStored(cache(), "file", {0, kSize}, seconds(10))) << mount->log();
    Kill(*mount);
  }
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), kSize);
}

}  // namespace
}  // namespace brimfs
