// Two daemons over one cache directory.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/hedges.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kSize = 48 * kMiB + 11;
constexpr int kReaders = 8;  // of each daemon

class CacheSharingTest : public DurableTest {
 protected:
  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    origin_->PutOracle("file", kSize);
  }

  std::vector<Readers::File> FileOf(const Mount& mount) const {
    return {{mount.File("file"), kSize, 1}};
  }

  // Reads all of it through every mount, by sixteen readers, at once.
  static void ReadBeside(const std::vector<Mount*>& mounts) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 2 * kReaders; ++i) {
      Mount& mount = *mounts[static_cast<size_t>(i) % mounts.size()];
      threads.emplace_back(
          [&mount] { EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "") << mount.log(); });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(CacheSharingTest, SixteenReadersOfTwoDaemonsCostAtMostTwoDownloads) {
  Mount& one = MountAgain({"debug"});
  Mount& two = MountAgain({"debug"});
  {
    Readers of_one(kReaders / 2, FileOf(one), 1);
    Readers of_two(kReaders / 2, FileOf(two), 2);
    ReadBeside({&one, &two});
    of_one.Stop();
    of_two.Stop();
    EXPECT_EQ(of_one.trouble() + of_two.trouble(), "");
  }
  const uint64_t sent = Sent("file");
  Detach(one);
  Detach(two);
  const Hedges of_one = HedgesIn(one.log(), "file");
  const Hedges of_two = HedgesIn(two.log(), "file");
  EXPECT_LE(sent, 2 * kSize + of_one.bytes + of_two.bytes);
  EXPECT_LE(of_one.requests + of_two.requests, RequestCount() / 20 + 4);
  EXPECT_EQ(Sent("file"), sent);
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), sent);
}

TEST_F(CacheSharingTest, WhatOneHasMadeDurableTheOtherReadsWithoutABody) {
  Mount& one = MountAgain();
  const Descriptor kept(one.File("file"));  // so that it goes on being its writer
  ASSERT_EQ(CheckOracle(kept, {0, kSize}), "");
  ASSERT_TRUE(AwaitStored(cache(), "file", {0, kSize})) << one.log();
  Mount& two = MountAgain();
  EXPECT_EQ(CheckOracleFile(two.File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), kSize);
}

TEST_F(CacheSharingTest, WhenTheWriterIsKilledTheOtherTakesOver) {
  auto writer = MountToKill(cache());
  {
    const Descriptor written(writer->File("file"));
    ASSERT_EQ(CheckOracle(written, {0, 5 * kMiB}), "");
    Mount& other = MountAgain();
    Readers readers(4, FileOf(other), 5);
    ASSERT_TRUE(Eventually([&] { return readers.bytes_read() > kMiB; }));
    Kill(*writer);
    EXPECT_EQ(CheckOracleFile(other.File("file"), kSize), "") << other.log();
    readers.Stop();
    EXPECT_EQ(readers.trouble(), "");
    Detach(other);
  }
  EXPECT_LE(Sent("file"), 2 * kSize);
  const uint64_t sent = Sent("file");
  EXPECT_TRUE(StoredRanges(cache(), "file").Covers({0, kSize}));
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), sent);
}

TEST_F(CacheSharingTest, TheOtherGoesOnToWriteAfterTheWriterWasUnmounted) {
  Mount& one = MountAgain();
  ASSERT_EQ(CheckOracleFile(one.File("file"), kSize), "");
  Mount& two = MountAgain();
  const Descriptor open(two.File("file"));
  ASSERT_EQ(CheckOracle(open, {0, 4096}), "");
  Detach(one);
  origin_->PutOracle("next", kMiB);
  EXPECT_EQ(CheckOracleFile(two.File("next"), kMiB), "");
  EXPECT_EQ(CheckOracle(open, {0, kSize}), "");
  EXPECT_TRUE(AwaitStored(cache(), "next", {0, kMiB})) << two.log();
}

TEST_F(CacheSharingTest, EightDaemonsAndKillsAmongThem) {
  std::vector<std::unique_ptr<Mount>> mounts;
  std::vector<std::unique_ptr<Readers>> readers;
  constexpr size_t kDaemons = 8;
  for (size_t i = 0; i < kDaemons; ++i) {
    mounts.push_back(MountToKill(cache()));
    readers.push_back(
        std::make_unique<Readers>(2, FileOf(*mounts.back()), static_cast<uint32_t>(i)));
  }
  for (size_t i = 0; i < kDaemons; i += 2) {
    ASSERT_TRUE(Eventually([&] { return readers[i]->bytes_read() > kMiB; }));
    readers[i]->ExpectErrors();
    Kill(*mounts[i]);
  }
  for (size_t i = 1; i < kDaemons; i += 2) {
    EXPECT_EQ(CheckOracleFile(mounts[i]->File("file"), kSize), "") << mounts[i]->log();
  }
  for (size_t i = 0; i < kDaemons; ++i) {
    readers[i]->Stop();
    EXPECT_EQ(readers[i]->trouble(), "");
    if (i % 2 == 1) {
      const Status stopped = mounts[i]->Stop();
      EXPECT_TRUE(stopped.ok()) << stopped.message();
    }
  }
  const uint64_t sent = Sent("file");
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), sent);
}

TEST_F(CacheSharingTest, OneThatWasLazilyUnmountedServesItsReaderBesideTheNext) {
  Mount& one = MountAgain();
  Descriptor reader(one.File("file"));
  reader.AdviseRandom();
  ASSERT_EQ(CheckOracle(reader, {0, 4096}), "");
  one.Detach();
  Mount& two = MountAgain();
  EXPECT_EQ(CheckOracleFile(two.File("file"), kSize), "");
  EXPECT_EQ(CheckOracle(reader, {0, kSize}), "");
  reader.Close();
  Detach(one);
  Detach(two);
  const uint64_t sent = Sent("file");
  EXPECT_LE(sent, 2 * kSize);
  EXPECT_EQ(CheckOracleFile(MountAgain().File("file"), kSize), "");
  EXPECT_EQ(Sent("file"), sent);
}

}  // namespace
}  // namespace brimfs
