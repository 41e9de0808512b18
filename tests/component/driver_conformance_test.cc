// What every driver promises (core/driver.h).
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <thread>

#include "tests/support/oracle.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kWindow = WindowCache::kWindowBytes;

class DriverTest : public testing::TestWithParam<DriverCase> {
 protected:
  void Make(uint64_t length) {
    driver_ = GetParam().make(dir_.path(), windows_);
    ASSERT_TRUE(driver_->SetLength(length).ok());
  }

  Status Put(const Range& range) { return driver_->Write(range.begin, OracleBytes(1, range)); }

  std::vector<std::byte> Get(const Range& range) {
    std::vector<std::byte> bytes(range.size());
    EXPECT_TRUE(driver_->Read(range, bytes).ok());
    return bytes;
  }

  std::vector<std::byte> GetMapped(const Range& range) {
    std::vector<std::byte> bytes;
    const Result<View> view = driver_->Map(range);
    EXPECT_TRUE(view.ok()) << view.status().ToString();
    if (!view) return bytes;
    for (const auto& piece : view->pieces()) bytes.insert(bytes.end(), piece.begin(), piece.end());
    return bytes;
  }

  TempDir dir_;
  WindowCache windows_{2};
  std::unique_ptr<Driver> driver_;
};

TEST_P(DriverTest, ReadsAndMapsWhatWasWritten) {
  Make(1 << 20);
  const Range range{1000, 70'001};
  ASSERT_TRUE(Put(range).ok());
  EXPECT_EQ(Get(range), OracleBytes(1, range));
  EXPECT_EQ(GetMapped(range), OracleBytes(1, range));
  EXPECT_EQ(GetMapped({1001, 1002}), OracleBytes(1, {1001, 1002}));
}

TEST_P(DriverTest, AWriteReplacesTheOneBefore) {
  Make(100);
  ASSERT_TRUE(driver_->Write(0, OracleBytes(2, {0, 100})).ok());
  ASSERT_TRUE(Put({10, 20}).ok());
  EXPECT_EQ(Get({10, 20}), OracleBytes(1, {10, 20}));
  EXPECT_EQ(Get({20, 100}), OracleBytes(2, {20, 100}));
}

TEST_P(DriverTest, EmptyCallsAreOk) {
  Make(100);
  EXPECT_TRUE(driver_->Write(50, {}).ok());
  EXPECT_TRUE(driver_->Read({50, 50}, {}).ok());
  EXPECT_TRUE(driver_->Punch({50, 50}).ok());
  const Result<View> view = driver_->Map({50, 50});
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->size(), 0u);
}

TEST_P(DriverTest, MapsAcrossWindows) {
  Make(3 * kWindow);
  const Range range{kWindow - 1000, 2 * kWindow + 1000};
  ASSERT_TRUE(Put(range).ok());
  const Result<View> view = driver_->Map(range);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->size(), range.size());
  EXPECT_EQ(GetMapped(range), OracleBytes(1, range));
}

TEST_P(DriverTest, AViewOutlivesItsWindowsPlaceInTheCache) {
  Make(8 * kWindow);
  ASSERT_TRUE(Put({0, 100}).ok());
  const Result<View> view = driver_->Map({0, 100});
  ASSERT_TRUE(view.ok());
  for (uint64_t i = 1; i < 8; ++i) {
    ASSERT_TRUE(driver_->Map({i * kWindow, i * kWindow + 1}).ok());
  }
  windows_.Drop(driver_.get());
  const auto& piece = view->pieces().front();
  EXPECT_EQ(std::vector<std::byte>(piece.begin(), piece.end()), OracleBytes(1, {0, 100}));
}

TEST_P(DriverTest, MapsBytesThatCameWithAGrownLength) {
  Make(100);
  ASSERT_TRUE(Put({0, 100}).ok());
  ASSERT_EQ(GetMapped({0, 100}), OracleBytes(1, {0, 100}));
  ASSERT_TRUE(driver_->SetLength(100'000).ok());
  ASSERT_TRUE(Put({99'000, 100'000}).ok());
  EXPECT_EQ(GetMapped({99'000, 100'000}), OracleBytes(1, {99'000, 100'000}));
}

TEST_P(DriverTest, MappingPastTheEndIsRefused) {
  Make(100);
  EXPECT_EQ(driver_->Map({0, 101}).code(), Code::kInvalidArgument);
}

TEST_P(DriverTest, OffsetsBeyondFourGiBAreNotCut) {
  Make(9 * kGiB);
  for (const Range range : {Range{4 * kGiB - 10, 4 * kGiB + 10}, Range{9 * kGiB - 5, 9 * kGiB}}) {
    ASSERT_TRUE(Put(range).ok());
    EXPECT_EQ(Get(range), OracleBytes(1, range));
    EXPECT_EQ(GetMapped(range), OracleBytes(1, range));
  }
  EXPECT_EQ(Get({0, 10}), std::vector<std::byte>(10));
}

TEST_P(DriverTest, OffsetsThatOverflowAreRefused) {
  Make(100);
  const std::vector<std::byte> two(2);
  EXPECT_EQ(driver_->SetLength(kMaxOffset + 1).code(), Code::kInvalidArgument);
  EXPECT_EQ(driver_->Write(kMaxOffset - 1, two).code(), Code::kInvalidArgument);
  EXPECT_EQ(driver_->Write(~uint64_t{0}, two).code(), Code::kInvalidArgument);
  EXPECT_FALSE(driver_->Punch({0, ~uint64_t{0}}).ok());
}

TEST_P(DriverTest, UsesSpaceOnlyForWhatWasWritten) {
  Make(kGiB);
  ASSERT_TRUE(Put({0, 4096}).ok());
  ASSERT_TRUE(Put({kGiB - 4096, kGiB}).ok());
  const Result<uint64_t> used = driver_->AllocatedBytes();
  ASSERT_TRUE(used.ok());
  EXPECT_GE(*used, 2 * 4096u);
  EXPECT_LT(*used, kGiB / 8);
}

TEST_P(DriverTest, PunchingGivesSpaceBackAndHurtsNoNeighbour) {
  Make(4 * kFillBlock);
  ASSERT_TRUE(Put({0, 4 * kFillBlock}).ok());
  const uint64_t before = *driver_->AllocatedBytes();
  ASSERT_TRUE(driver_->Punch({kFillBlock, 3 * kFillBlock}).ok());
  EXPECT_LE(*driver_->AllocatedBytes(), before - 2 * kFillBlock);
  EXPECT_EQ(Get({0, kFillBlock}), OracleBytes(1, {0, kFillBlock}));
  EXPECT_EQ(Get({3 * kFillBlock, 4 * kFillBlock}),
            OracleBytes(1, {3 * kFillBlock, 4 * kFillBlock}));
  ASSERT_TRUE(Put({kFillBlock, 3 * kFillBlock}).ok());
  EXPECT_EQ(GetMapped({0, 4 * kFillBlock}), OracleBytes(1, {0, 4 * kFillBlock}));
}

TEST_P(DriverTest, PunchingUpToTheEndGivesTheLastPartialBlockBack) {
  Make(kFillBlock + 100);
  ASSERT_TRUE(Put({0, kFillBlock + 100}).ok());
  ASSERT_TRUE(driver_->Punch({0, kFillBlock + 100}).ok());
  EXPECT_EQ(*driver_->AllocatedBytes(), 0u);
  EXPECT_EQ(Get({0, kFillBlock + 100}).size(), kFillBlock + 100);
}

TEST_P(DriverTest, PunchingKeepsTheLength) {
  Make(2 * kFillBlock);
  ASSERT_TRUE(Put({0, 2 * kFillBlock}).ok());
  ASSERT_TRUE(driver_->Punch({kFillBlock, 2 * kFillBlock}).ok());
  EXPECT_EQ(Get({0, 2 * kFillBlock}).size(), 2 * kFillBlock);
}

TEST_P(DriverTest, ThreadsReadMapAndWriteAtOnce) {
  constexpr uint64_t kPart = kWindow / 4;
  Make(8 * kWindow);
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (uint64_t round = 0; round < 8; ++round) {
        const uint64_t begin = round * kWindow + i * kPart;
        const Range range{begin, begin + 5000};
        EXPECT_TRUE(Put(range).ok());
        EXPECT_EQ(GetMapped(range), OracleBytes(1, range));
        EXPECT_EQ(Get(range), OracleBytes(1, range));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// What holds only where all bytes lie in one file.
class OneFileDriverTest : public DriverTest {};

TEST_P(OneFileDriverTest, AViewFollowsLaterWrites) {
  Make(kWindow);
  ASSERT_TRUE(Put({0, 100}).ok());
  const Result<View> view = driver_->Map({0, 200});
  ASSERT_TRUE(view.ok());
  ASSERT_TRUE(Put({100, 200}).ok());
  EXPECT_EQ(FirstWrongByte(1, 0, view->pieces().front()), std::nullopt);
}

TEST_P(OneFileDriverTest, ABackingDescriptorReadsTheWholeObject) {
  Make(1000);
  ASSERT_TRUE(Put({0, 1000}).ok());
  std::vector<std::byte> bytes(2000);
  ASSERT_EQ(pread(driver_->BackingFd(), bytes.data(), bytes.size(), 0), 1000);
  bytes.resize(1000);
  EXPECT_EQ(bytes, OracleBytes(1, {0, 1000}));
}

// A reply is a system call over the map: where the disk fails it says EFAULT and nobody gets
// SIGBUS.
TEST_P(OneFileDriverTest, ATruncatedFileIsAnErrorOfTheSystemCall) {
  Make(2 * kFillBlock);
  ASSERT_TRUE(Put({0, 2 * kFillBlock}).ok());
  const Result<View> view = driver_->Map({kFillBlock, 2 * kFillBlock});
  ASSERT_TRUE(view.ok());
  ASSERT_EQ(ftruncate(driver_->BackingFd(), 0), 0);
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const auto& piece = view->pieces().front();
  iovec iov{const_cast<std::byte*>(piece.data()), 100};
  EXPECT_EQ(writev(pipe_fds[1], &iov, 1), -1);
  EXPECT_EQ(errno, EFAULT);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  std::vector<std::byte> bytes(100);
  EXPECT_EQ(driver_->Read({kFillBlock, kFillBlock + 100}, bytes).code(), Code::kIo);
}

std::string NameOf(const testing::TestParamInfo<DriverCase>& one) { return one.param.name; }

std::vector<DriverCase> DriversOfOneFile() {
  std::vector<DriverCase> some = AllDrivers();
  std::erase_if(some, [](const DriverCase& one) { return !one.one_file; });
  return some;
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverTest, testing::ValuesIn(AllDrivers()), NameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, OneFileDriverTest, testing::ValuesIn(DriversOfOneFile()), NameOf);

}  // namespace
}  // namespace brimfs
