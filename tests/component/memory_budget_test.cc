// What files hold in memory, under one budget: those of the memory driver, and what the disk did
// not take of the others.
#include "core/memory_budget.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "core/disk_health.h"
#include "core/overflow_file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/oracle.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 64 * kBlock;
constexpr uint64_t kBudget = 16 * kBlock;

class MemoryBudgetTest : public testing::Test {
 protected:
  std::unique_ptr<Resource> Make(std::unique_ptr<Driver> driver) {
    EXPECT_TRUE(driver->SetLength(kLength).ok());
    auto resource = std::make_unique<Resource>(
        std::move(driver), Resource::Options{.length = kLength}, clock_, timer_);
    resource->AddObserver(&budget_);
    return resource;
  }

  std::unique_ptr<Resource> InMemory() { return Make(std::move(*MappedFile::InMemory(windows_))); }

  std::unique_ptr<Resource> OnDisk() {
    return Make(std::make_unique<OverflowFile>(FileDriver(dir_.path(), windows_, disk_), windows_,
                                               nullptr, health_));
  }

  static void Put(Resource& resource, uint64_t first, uint64_t end) {
    for (uint64_t block = first; block < end; ++block) {
      const Range range{block * kBlock, (block + 1) * kBlock};
      ASSERT_TRUE(resource.Write(range.begin, OracleBytes(1, range)).ok());
    }
  }

  void FullDisk() {
    disk_.Fail({.error = ENOSPC, .count = FailingDisk::kForEver, .kind = DiskCall::kWrite});
  }

  TempDir dir_;
  FakeClock clock_;
  Timer timer_{clock_};
  WindowCache windows_;
  FailingDisk disk_;
  DiskHealth health_{"the test's directory", clock_};
  Stats stats_;
  MemoryBudget budget_{kBudget, stats_};
};

TEST_F(MemoryBudgetTest, FilesInMemoryKeepIt) {
  const auto resource = InMemory();
  Put(*resource, 0, 64);
  EXPECT_LE(budget_.used(), kBudget);
  EXPECT_EQ(resource->FilledBytes(), budget_.used());
  budget_.Forget(*resource);
  EXPECT_EQ(budget_.used(), 0);
}

TEST_F(MemoryBudgetTest, WhatIsOnTheDiskIsFree) {
  const auto resource = OnDisk();
  Put(*resource, 0, 64);
  EXPECT_EQ(budget_.used(), 0);
  EXPECT_EQ(resource->FilledBytes(), kLength);
}

TEST_F(MemoryBudgetTest, OfWhatTheDiskDidNotTakeTheColdestLeaves) {
  const auto resource = OnDisk();
  Put(*resource, 0, 8);
  FullDisk();
  Put(*resource, 8, 64);
  EXPECT_LE(budget_.used(), kBudget);
  EXPECT_EQ(resource->FilledBytes(), 8 * kBlock + budget_.used());
  EXPECT_EQ(resource->NextGap(0, kLength)->begin, 8 * kBlock);
  EXPECT_TRUE(resource->TryLease({kLength - kBlock, kLength}).has_value());
  budget_.Forget(*resource);
}

TEST_F(MemoryBudgetTest, AllFilesShareIt) {
  const auto in_memory = InMemory();
  const auto on_disk = OnDisk();
  Put(*in_memory, 0, 16);
  FullDisk();
  Put(*on_disk, 0, 8);
  EXPECT_LE(budget_.used(), kBudget);
  EXPECT_EQ(on_disk->FilledBytes(), 8 * kBlock);
  EXPECT_LE(in_memory->FilledBytes(), 8 * kBlock);
  budget_.Forget(*in_memory);
  budget_.Forget(*on_disk);
  EXPECT_EQ(budget_.used(), 0);
}

}  // namespace
}  // namespace brimfs
