// A cache on a disk that is full. A file alone: an error, nothing covered, and on again when there
// is space. With memory for what the disk does not take: no reader notices.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>

#include "core/disk_health.h"
#include "core/overflow_file.h"
#include "core/resource.h"
#include "tests/support/fake_clock.h"
#include "tests/support/oracle.h"
#include "tests/support/private_mounts.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 64 * kBlock;

class DiskFullTest : public testing::Test {
 protected:
  // A tmpfs of 1 MiB in a mount namespace of this process alone: it goes with it, however that
  // ends.
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root mounts";
    if (const Status own = EnterPrivateMounts(); !own.ok()) GTEST_SKIP() << own.message();
    ASSERT_EQ(mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=1m"), 0);
    mounted_ = true;
  }

  void TearDown() override {
    if (mounted_) umount2(dir_.path().c_str(), MNT_DETACH);
  }

  std::unique_ptr<Resource> Make() { return Make(FileDriver(dir_.path(), windows_)); }

  std::unique_ptr<Resource> MakeWithMemory() {
    return Make(std::make_unique<OverflowFile>(FileDriver(dir_.path(), windows_), windows_, nullptr,
                                               health_));
  }

  std::unique_ptr<Resource> Make(std::unique_ptr<Driver> driver) {
    EXPECT_TRUE(driver->SetLength(kLength).ok());
    Resource::Options options;
    options.length = kLength;
    return std::make_unique<Resource>(std::move(driver), options, clock_, timer_);
  }

  static Status Put(Resource& resource, const Range& range) {
    return resource.Write(range.begin, OracleBytes(1, range));
  }

  // Writes block after block until the disk is full; how many there was room for.
  static uint64_t Fill(Resource& resource) {
    for (uint64_t block = 0;; ++block) {
      const Status status = Put(resource, {block * kBlock, (block + 1) * kBlock});
      if (status.ok()) continue;
      EXPECT_EQ(status.code(), Code::kNoSpace) << status.ToString();
      return block;
    }
  }

  static void ExpectReadable(Resource& resource, const Range& range) {
    const Result<Lease> lease = resource.WaitRange(range);
    ASSERT_TRUE(lease.ok());
    std::vector<std::byte> bytes(range.size());
    ASSERT_TRUE(lease->Read(bytes).ok());
    EXPECT_EQ(FirstWrongByte(1, range.begin, bytes), std::nullopt);
  }

  TempDir dir_;
  bool mounted_ = false;
  FakeClock clock_;
  Timer timer_{clock_};
  WindowCache windows_;
  DiskHealth health_{dir_.path(), clock_};
};

TEST_F(DiskFullTest, AFullDiskIsNoSpaceAndWhatIsThereStaysReadable) {
  const auto resource = Make();
  const uint64_t blocks = Fill(*resource);
  EXPECT_GT(blocks, 0u);
  EXPECT_LE(blocks, 16u);
  EXPECT_EQ(resource->FilledBytes(), blocks * kBlock);
  EXPECT_EQ(resource->state(), Resource::State::kActive);
  ExpectReadable(*resource, {0, blocks * kBlock});
}

TEST_F(DiskFullTest, ItGoesOnWhenSpaceHasBeenFreed) {
  const auto resource = Make();
  const uint64_t blocks = Fill(*resource);
  const Range next{blocks * kBlock, (blocks + 1) * kBlock};
  EXPECT_EQ(Put(*resource, next).code(), Code::kNoSpace);
  ASSERT_TRUE(resource->Evict({0, 2 * kBlock}));
  EXPECT_TRUE(Put(*resource, next).ok());
  ExpectReadable(*resource, {2 * kBlock, next.end});
}

TEST_F(DiskFullTest, AWaiterIsToldThatTheDiskIsFull) {
  const auto resource = Make();
  const uint64_t blocks = Fill(*resource);
  const Range missing{blocks * kBlock, blocks * kBlock + 1};
  Code told = Code::kOk;
  resource->WaitRangeAsync(missing, kNever, {},
                           [&](Result<Lease> result) { told = result.code(); });
  const Status full = Put(*resource, {missing.begin, missing.begin + kBlock});
  resource->FailFlight({missing.begin, missing.begin + kBlock}, full);
  EXPECT_EQ(told, Code::kNoSpace);
}

TEST_F(DiskFullTest, MemoryTakesWhatTheDiskDoesNot) {
  const auto resource = MakeWithMemory();
  for (uint64_t at = 0; at < kLength; at += kBlock) {
    ASSERT_TRUE(Put(*resource, {at, at + kBlock}).ok());
  }
  EXPECT_EQ(resource->state(), Resource::State::kCommitted);
  ExpectReadable(*resource, {0, kLength});
  EXPECT_FALSE(resource->driver().InMemory({0, kLength}).empty());
  EXPECT_TRUE(resource->driver().InMemory({0, kBlock}).empty());
  EXPECT_EQ(resource->driver().BackingFd(), -1);
}

TEST_F(DiskFullTest, TheDiskIsUsedAgainWhenSpaceHasBeenFreed) {
  const auto resource = MakeWithMemory();
  for (uint64_t at = 0; at < 32 * kBlock; at += kBlock) {
    ASSERT_TRUE(Put(*resource, {at, at + kBlock}).ok());
  }
  ASSERT_TRUE(resource->Evict({0, 8 * kBlock}));
  clock_.Advance(DiskHealth::kPause);
  const Range next{32 * kBlock, 36 * kBlock};
  ASSERT_TRUE(Put(*resource, next).ok());
  EXPECT_TRUE(resource->driver().InMemory(next).empty());
  ExpectReadable(*resource, {8 * kBlock, next.end});
}

}  // namespace
}  // namespace brimfs
