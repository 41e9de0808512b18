// A cache on a small, full, read-only or dead disk, and one with limits of its own: reads go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/loop_disk.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kDisk = 64 * kMiB;
constexpr uint64_t kHuge = (kSanitized ? 256 : 1024) * kMiB;

// Asks again and again, from construction to Stop, and keeps the extremes.
class Watch {
 public:
  explicit Watch(std::function<uint64_t()> ask)
      : ask_(std::move(ask)), thread_([this] {
          while (!stopping_) {
            const uint64_t now = ask_();
            least_ = std::min<uint64_t>(least_, now);
            most_ = std::max<uint64_t>(most_, now);
            std::this_thread::sleep_for(milliseconds(1));
          }
        }) {}
  ~Watch() { Stop(); }

  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // After Stop.
  uint64_t least() const { return least_; }
  uint64_t most() const { return most_; }

 private:
  const std::function<uint64_t()> ask_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> least_{UINT64_MAX};
  std::atomic<uint64_t> most_{0};
  std::thread thread_;
};

// Lines of a log that name the cache directory: what is said about its disk.
int LinesAbout(const std::string& log, const std::string& directory) {
  int lines = 0;
  for (size_t at = log.find(directory); at != std::string::npos;) {
    ++lines;
    at = log.find('\n', at);
    if (at != std::string::npos) at = log.find(directory, at);
  }
  return lines;
}

class SmallDiskTest : public DurableTest {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    disk_ = std::make_unique<LoopDisk>(LoopDisk::Type::kExt4, kDisk);
    if (!disk_->status().ok()) GTEST_SKIP() << disk_->status().message();
  }

  std::string cache() const { return *disk_ / "cache"; }

  Mount& MountOnDisk(const std::vector<std::string>& options = {}) {
    return Attach(origin_->url(), Over(cache(), options));
  }

  // Ends the mount while the disk is still there.
  void TearDown() override {
    DurableTest::TearDown();
    disk_.reset();
  }

  std::unique_ptr<LoopDisk> disk_;
};

class DriverOnSmallDiskTest : public SmallDiskTest,
                              public ::testing::WithParamInterface<const char*> {};

TEST_P(DriverOnSmallDiskTest, AnObjectSixteenTimesItsSizeIsReadRightAndTheFloorIsKept) {
  constexpr uint64_t kFloor = 8 * kMiB;
  origin_->PutOracle("huge", kHuge);
  Mount& mount = MountOnDisk({"driver=" + std::string(GetParam()), "cache_free=8M"});
  Watch available([this] { return disk_->Available(); });
  EXPECT_EQ(CheckOracleFile(mount.File("huge"), kHuge), "") << mount.log();
  // At random, too, and what was evicted again.
  Readers readers(2, {{mount.File("huge"), kHuge, 1}}, 3);
  EXPECT_TRUE(Eventually([&] { return readers.bytes_read() > 32 * kMiB; })) << readers.trouble();
  readers.Stop();
  EXPECT_EQ(readers.trouble(), "");
  available.Stop();
  EXPECT_GE(available.least(), kFloor);
  Detach(mount);
  EXPECT_GE(disk_->Available(), kFloor);
}

TEST_P(DriverOnSmallDiskTest, TheDefaultFloorIsKeptToo) {
  origin_->PutOracle("large", 128 * kMiB);
  Mount& mount = MountOnDisk({"driver=" + std::string(GetParam())});
  Watch available([this] { return disk_->Available(); });
  EXPECT_EQ(CheckOracleFile(mount.File("large"), 128 * kMiB), "") << mount.log();
  available.Stop();
  EXPECT_GE(available.least(), kDisk / 20);
}

INSTANTIATE_TEST_SUITE_P(Driver, DriverOnSmallDiskTest, ::testing::Values("mmap", "memory"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(SmallDiskTest, WhatIsOpenAndWhatIsNewIsKeptAndTheColdestLeaves) {
  for (int i = 0; i < 8; ++i) origin_->PutOracle("file-" + std::to_string(i), 4 * kMiB);
  Mount& mount = MountOnDisk({"cache_size=16M"});
  Watch use([this] { return DiskUse(cache()); });
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(CheckOracleFile(mount.File("file-" + std::to_string(i)), 4 * kMiB), "");
  }
  use.Stop();
  EXPECT_LE(use.most(), 16 * kMiB);
  Detach(mount);
  EXPECT_LE(DiskUse(cache()), 16 * kMiB);
  const Range whole{0, 4 * kMiB};
  EXPECT_TRUE(StoredRanges(cache(), "file-7").Covers(whole)) << "the newest";
  EXPECT_FALSE(StoredRanges(cache(), "file-0").Covers(whole)) << "the coldest";
}

TEST_F(SmallDiskTest, AFullCacheOfAnEarlierMountMakesRoomForTheNext) {
  for (int round = 0; round < 3; ++round) {
    const std::string name = "file-" + std::to_string(round);
    origin_->PutOracle(name, 24 * kMiB);
    Mount& mount = MountOnDisk({"cache_size=32M"});
    ASSERT_EQ(CheckOracleFile(mount.File(name), 24 * kMiB), "");
    Detach(mount);
    EXPECT_LE(DiskUse(cache()), 32 * kMiB);
    EXPECT_TRUE(StoredRanges(cache(), name).Covers({0, 24 * kMiB})) << name;
  }
}

TEST_F(SmallDiskTest, AFullDiskIsReadAroundAndUsedAgainOnceThereIsRoom) {
  origin_->PutOracle("full", 16 * kMiB);
  Mount& mount = MountOnDisk({"cache_free=0"});
  ASSERT_TRUE(disk_->Fill(0).ok());
  EXPECT_EQ(CheckOracleFile(mount.File("full"), 16 * kMiB), "");
  EXPECT_EQ(LinesAbout(mount.log(), cache()), 1) << mount.log();
  disk_->Empty();
  // A pause follows a failure, then it is tried again: with another file each time, because what is
  // in memory stays there.
  int files = 0;
  EXPECT_TRUE(Eventually([&] {
    const std::string name = "after-" + std::to_string(files++);
    origin_->PutOracle(name, kMiB);
    EXPECT_EQ(CheckOracleFile(mount.File(name), kMiB), "");
    return !CachedObjects(cache()).empty();  // one of those before
  })) << mount.log();
}

TEST_F(SmallDiskTest, WhereOthersFillTheDiskTheCacheMakesWay) {
  origin_->PutOracle("cold", 24 * kMiB);
  Mount& mount = MountOnDisk({"cache_free=8M"});
  ASSERT_EQ(CheckOracleFile(mount.File("cold"), 24 * kMiB), "");
  ASSERT_TRUE(AwaitStored(cache(), "cold", {0, 24 * kMiB}));
  ASSERT_TRUE(disk_->Fill(0).ok());
  // It looks at the disk when it wants to write.
  int files = 0;
  EXPECT_TRUE(Eventually([&] {
    const std::string name = "next-" + std::to_string(files++);
    origin_->PutOracle(name, kMiB);
    EXPECT_EQ(CheckOracleFile(mount.File(name), kMiB), "");
    return disk_->Available() >= 8 * kMiB;
  })) << disk_->Available()
      << "\n"
      << mount.log();
  EXPECT_EQ(CheckOracleFile(mount.File("cold"), 24 * kMiB), "");
  EXPECT_EQ(LinesAbout(mount.log(), "fails"), 1) << mount.log();
}

TEST_F(SmallDiskTest, ADiskThatTurnsReadOnlyIsReadAround) {
  origin_->PutOracle("before", 4 * kMiB);
  origin_->PutOracle("after", 4 * kMiB);
  Mount& mount = MountOnDisk();
  ASSERT_EQ(CheckOracleFile(mount.File("before"), 4 * kMiB), "");
  const Status turned = disk_->TurnReadOnly();
  if (!turned.ok()) GTEST_SKIP() << turned.message();
  EXPECT_EQ(CheckOracleFile(mount.File("after"), 4 * kMiB), "") << mount.log();
  EXPECT_EQ(CheckOracleFile(mount.File("before"), 4 * kMiB), "") << mount.log();
  // Until a batch has been tried, too.
  EXPECT_TRUE(Eventually([&] { return LinesAbout(mount.log(), cache()) > 0; }));
  EXPECT_EQ(LinesAbout(mount.log(), cache()), 1) << mount.log();
  Detach(mount);
  ASSERT_TRUE(disk_->Restart().ok());
  Mount& again = MountOnDisk();
  EXPECT_EQ(CheckOracleFile(again.File("before"), 4 * kMiB), "");
  EXPECT_EQ(CheckOracleFile(again.File("after"), 4 * kMiB), "");
  Detach(again);
  EXPECT_TRUE(StoredRanges(cache(), "after").Covers({0, 4 * kMiB}));
}

TEST_F(SmallDiskTest, ADiskThatAnswersNothingButErrorsIsReadAround) {
  origin_->PutOracle("before", 4 * kMiB);
  origin_->PutOracle("after", 16 * kMiB);
  // Passed through, reads of what is complete would be the dead disk's alone.
  Mount& mount = MountOnDisk({"passthrough=off"});
  ASSERT_EQ(CheckOracleFile(mount.File("before"), 4 * kMiB), "");
  ASSERT_TRUE(disk_->CutPower().ok());
  EXPECT_EQ(CheckOracleFile(mount.File("after"), 16 * kMiB), "") << mount.log();
  EXPECT_EQ(CheckOracleFile(mount.File("before"), 4 * kMiB), "") << mount.log();
  EXPECT_EQ(CheckOracleFile(mount.File("after"), 16 * kMiB), "") << mount.log();
  EXPECT_EQ(LinesAbout(mount.log(), cache()), 1) << mount.log();
  Detach(mount);
  ASSERT_TRUE(disk_->Restart().ok());
  Mount& again = MountOnDisk();
  EXPECT_EQ(CheckOracleFile(again.File("before"), 4 * kMiB), "");
  EXPECT_EQ(CheckOracleFile(again.File("after"), 16 * kMiB), "");
}

}  // namespace
}  // namespace brimfs
