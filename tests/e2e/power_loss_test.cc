// The power is cut at random moments: ext4 and xfs on loop devices, shut down with what was not
// synced lost. The catalogue lies there too.
#include <gtest/gtest.h>

#include <random>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/loop_disk.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kLarge = 6 * kMiB;

class PowerLossTest : public DurableTest, public ::testing::WithParamInterface<LoopDisk::Type> {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    disk_ = std::make_unique<LoopDisk>(GetParam(), 400 * kMiB);
    if (!disk_->status().ok()) GTEST_SKIP() << disk_->status().message();
  }

  std::string cache() const { return *disk_ / "cache"; }

  void CutPower() {
    const Status cut = disk_->CutPower();
    ASSERT_TRUE(cut.ok()) << cut.message();
  }

  void Restart() {
    const Status restarted = disk_->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted.message();
  }

  std::unique_ptr<LoopDisk> disk_;
};

TEST_P(PowerLossTest, AtRandomMomentsEveryByteIsRightAndNothingDurableIsFetchedAgain) {
  Origin::Options slow;
  slow.total_bandwidth = 4 << 20;
  origin_ = StartOrigin(slow);
  std::mt19937 random(7);
  std::vector<RangeSet> durable(3);
  for (int round = 0; round < Rounds(5); ++round) {
    const std::string prefix = std::to_string(round / 3);
    const std::vector<std::pair<std::string, uint64_t>> objects = {
        {prefix + "-a", kLarge}, {prefix + "-b", kMiB + 7}, {prefix + "-c", 3000}};
    if (round % 3 == 0) {
      for (const auto& [name, size] : objects) origin_->PutOracle(name, size);
      durable.assign(objects.size(), {});
    }
    const uint64_t mark = RequestCount();
    // Without passthrough no read is the disk's alone: none may fail, whatever becomes of it.
    const bool off = round % 2 == 1;
    const auto mount = MountToKill(cache(), {off ? "passthrough=off" : "passthrough=auto"});
    ASSERT_TRUE(mount->started().ok());
    std::vector<Readers::File> files;
    for (const auto& [name, size] : objects) files.push_back({mount->File(name), size, 1});
    Readers readers(2, files, random());
    EXPECT_EQ(mount->daemon().Wait(milliseconds(random() % 3000)), std::nullopt) << mount->log();
    for (size_t i = 0; i < objects.size(); ++i) {
      const RangeSet asked = AskedSince(mark, objects[i].first, objects[i].second);
      EXPECT_EQ(ToText(Both(asked, durable[i])), "")
          << objects[i].first << " in round " << round << ": was durable, and fetched again";
      durable[i] = StoredRanges(cache(), objects[i].first);
    }
    if (!off) readers.ExpectErrors();
    CutPower();
    EXPECT_EQ(mount->daemon().Wait(milliseconds(random() % 200)), std::nullopt) << mount->log();
    readers.ExpectErrors();
    Kill(*mount);
    readers.Stop();
    EXPECT_EQ(readers.trouble(), "") << "round " << round << "\n" << mount->log();
    Restart();
  }
}

TEST_P(PowerLossTest, WhatTheCatalogueNamedIsThereAfterwards) {
  constexpr int kFiles = 20;
  const auto name = [](int i) { return "file-" + std::to_string(i); };
  for (int i = 0; i < kFiles; ++i) origin_->PutOracle(name(i), 200'000);
  {
    const auto mount = MountToKill(cache());
    for (int i = 0; i < kFiles; ++i) {
      ASSERT_EQ(CheckOracleFile(mount->File(name(i)), 200'000), "");
    }
    ASSERT_TRUE(AwaitStored(cache(), name(kFiles - 1), {0, 200'000})) << mount->log();
    CutPower();
    Kill(*mount);
  }
  Restart();
  Mount& again = Attach(origin_->url(), Over(cache()));
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(CheckOracleFile(again.File(name(i)), 200'000), "");
    EXPECT_EQ(Sent(name(i)), 200'000u);
  }
  Detach(again);
}

TEST_P(PowerLossTest, WhatAnUnmountKeptIsThereAfterwards) {
  origin_->PutOracle("file", kLarge);
  Mount& first = Attach(origin_->url(), Over(cache()));
  ASSERT_EQ(CheckOracleFile(first.File("file"), kLarge), "");
  Detach(first);
  CutPower();
  Restart();
  Mount& again = Attach(origin_->url(), Over(cache()));
  EXPECT_EQ(CheckOracleFile(again.File("file"), kLarge), "");
  EXPECT_EQ(Sent("file"), kLarge);
  Detach(again);
}

INSTANTIATE_TEST_SUITE_P(On, PowerLossTest,
                         ::testing::Values(LoopDisk::Type::kExt4, LoopDisk::Type::kXfs),
                         [](const auto& test) {
                           return test.param == LoopDisk::Type::kExt4 ? "Ext4" : "Xfs";
                         });

}  // namespace
}  // namespace brimfs
