// Whatever would change something is EROFS.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

int ErrnoOf(int result) { return result < 0 ? errno : 0; }

class ReadOnlyTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", 5000);
    origin_->PutOracle("directory/file", 5000);
    Mount& mount = Attach(origin_->url());
    file_ = mount.File("file");
    directory_ = mount.File("directory");
    new_ = mount.File("new");
  }

  std::unique_ptr<Origin> origin_;
  std::string file_, directory_, new_;
};

TEST_F(ReadOnlyTest, OpeningForWritingIsRefused) {
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND}) {
    EXPECT_EQ(Descriptor(file_, flags).error(), EROFS) << flags;
  }
  EXPECT_EQ(ErrnoOf(open(new_.c_str(), O_WRONLY | O_CREAT, 0600)), EROFS);
  EXPECT_EQ(ErrnoOf(open(directory_.c_str(), O_RDWR | O_TMPFILE, 0600)), EROFS);
}

TEST_F(ReadOnlyTest, NamesCannotBeMadeRemovedOrMoved) {
  EXPECT_EQ(ErrnoOf(mkdir(new_.c_str(), 0700)), EROFS);
  EXPECT_EQ(ErrnoOf(mknod(new_.c_str(), S_IFREG | 0600, 0)), EROFS);
  EXPECT_EQ(ErrnoOf(mkfifo(new_.c_str(), 0600)), EROFS);
  EXPECT_EQ(ErrnoOf(symlink("file", new_.c_str())), EROFS);
  EXPECT_EQ(ErrnoOf(link(file_.c_str(), new_.c_str())), EROFS);
  EXPECT_EQ(ErrnoOf(rename(file_.c_str(), new_.c_str())), EROFS);
  EXPECT_EQ(ErrnoOf(unlink(file_.c_str())), EROFS);
  EXPECT_EQ(ErrnoOf(rmdir(directory_.c_str())), EROFS);
}

TEST_F(ReadOnlyTest, AttributesCannotBeChanged) {
  EXPECT_EQ(ErrnoOf(chmod(file_.c_str(), 0600)), EROFS);
  EXPECT_EQ(ErrnoOf(chown(file_.c_str(), 1, 1)), EROFS);
  EXPECT_EQ(ErrnoOf(truncate(file_.c_str(), 0)), EROFS);
  EXPECT_EQ(ErrnoOf(utimes(file_.c_str(), nullptr)), EROFS);
  EXPECT_EQ(ErrnoOf(setxattr(file_.c_str(), "user.new", "1", 1, 0)), EROFS);
  EXPECT_EQ(ErrnoOf(removexattr(file_.c_str(), "user.brimfs.url")), EROFS);
}

TEST_F(ReadOnlyTest, NothingHasChangedAfterwards) {
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC}) Descriptor(file_, flags);
  EXPECT_NE(truncate(file_.c_str(), 0), 0);
  EXPECT_EQ(CheckOracleFile(file_, 5000), "");
}

}  // namespace
}  // namespace brimfs
