#include "tests/support/faulty_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "core/unique_fd.h"
#include "tests/support/oracle.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

class FaultyDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    int fd = -1;
    ASSERT_EQ(disk_.Create(directory_.get(), "a", &fd), 0);
    file_ = UniqueFd(fd);
  }

  int Write(uint64_t offset) { return disk_.Write(file_.get(), offset, OracleBytes(1, {0, 100})); }

  TempDir dir_;
  UniqueFd directory_{open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  FailingDisk disk_;
  UniqueFd file_;
};

TEST_F(FaultyDiskTest, PassesEverythingOn) {
  std::vector<std::byte> bytes(100);
  EXPECT_EQ(Write(0), 0);
  EXPECT_EQ(disk_.Read(file_.get(), 0, bytes), 0);
  EXPECT_EQ(bytes, OracleBytes(1, {0, 100}));
  EXPECT_EQ(disk_.Truncate(file_.get(), 10), 0);
  EXPECT_EQ(ReadFile(dir_ / "a").size(), 10);
  EXPECT_EQ(disk_.Punch(file_.get(), {0, 10}), 0);
  EXPECT_EQ(ReadFile(dir_ / "a"), std::string(10, '\0'));
  EXPECT_EQ(disk_.Sync(file_.get()), 0);
  EXPECT_EQ(disk_.SyncDirectory(directory_.get()), 0);
  EXPECT_EQ(disk_.SyncFileSystem(directory_.get()), 0);
  EXPECT_EQ(disk_.Rename(directory_.get(), "a", directory_.get(), "b"), 0);
  EXPECT_EQ(ReadFile(dir_ / "b").size(), 10);
  EXPECT_EQ(disk_.Unlink(directory_.get(), "b"), 0);
  EXPECT_EQ(disk_.Unlink(directory_.get(), "b"), ENOENT);
  EXPECT_EQ(disk_.calls(), 11);
  EXPECT_EQ(disk_.calls(DiskCall::kUnlink), 2);
}

TEST_F(FaultyDiskTest, TheRealDiskTakesANameOnce) {
  int fd = -1;
  EXPECT_EQ(disk_.Create(directory_.get(), "a", &fd), EEXIST);
}

TEST_F(FaultyDiskTest, AReadPastTheEndIsAnError) {
  std::vector<std::byte> bytes(101);
  ASSERT_EQ(Write(0), 0);
  EXPECT_EQ(disk_.Read(file_.get(), 0, bytes), EIO);
}

TEST_F(FaultyDiskTest, OneCallFails) {
  disk_.Fail({.error = ENOSPC, .first = 2});
  EXPECT_EQ(Write(0), 0);
  EXPECT_EQ(disk_.Sync(file_.get()), ENOSPC);
  EXPECT_EQ(disk_.Sync(file_.get()), 0);
}

TEST_F(FaultyDiskTest, CallsOfAKindFailForEver) {
  disk_.Fail(
      {.error = EROFS, .first = 2, .count = FailingDisk::kForEver, .kind = DiskCall::kWrite});
  EXPECT_EQ(Write(0), 0);
  EXPECT_EQ(disk_.Sync(file_.get()), 0);
  EXPECT_EQ(Write(0), EROFS);
  EXPECT_EQ(disk_.Sync(file_.get()), 0);
  EXPECT_EQ(Write(0), EROFS);
  disk_.Mend();
  EXPECT_EQ(Write(0), 0);
}

TEST_F(FaultyDiskTest, AWriteThatFailsIsHalfDone) {
  disk_.Fail({.error = ENOSPC});
  EXPECT_EQ(Write(0), ENOSPC);
  EXPECT_EQ(ReadFile(dir_ / "a").size(), 50);
}

TEST_F(FaultyDiskTest, SomeOfThemFail) {
  disk_.FailSome(DiskCall::kWrite, EIO, 1);
  int failed = 0;
  for (int i = 0; i < 100; ++i) failed += Write(0) == EIO ? 1 : 0;
  EXPECT_GT(failed, 20);
  EXPECT_LT(failed, 80);
}

}  // namespace
}  // namespace brimfs
