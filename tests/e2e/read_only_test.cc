// Whatever would change something is EROFS.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
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

TEST_F(ReadOnlyTest, NeitherCanTheyThroughAnOpenFile) {
  const Descriptor file(file_);
  EXPECT_EQ(ErrnoOf(fchmod(file.fd(), 0600)), EROFS);
  EXPECT_EQ(ErrnoOf(fchown(file.fd(), 1, 1)), EROFS);
  EXPECT_EQ(ErrnoOf(futimens(file.fd(), nullptr)), EROFS);
  EXPECT_EQ(ErrnoOf(fsetxattr(file.fd(), "user.new", "1", 1, 0)), EROFS);
  EXPECT_EQ(ErrnoOf(fremovexattr(file.fd(), "user.brimfs.url")), EROFS);
  const timespec times[2] = {{1, 0}, {1, 0}};
  EXPECT_EQ(ErrnoOf(utimensat(AT_FDCWD, file_.c_str(), times, 0)), EROFS);
  // What needs a descriptor for writing, of which there is none, says so.
  EXPECT_EQ(ErrnoOf(static_cast<int>(write(file.fd(), "x", 1))), EBADF);
  EXPECT_EQ(ErrnoOf(fallocate(file.fd(), 0, 0, 10)), EBADF);
  EXPECT_EQ(ErrnoOf(ftruncate(file.fd(), 0)), EINVAL);
  EXPECT_EQ(
      ErrnoOf(static_cast<int>(copy_file_range(file.fd(), nullptr, file.fd(), nullptr, 10, 0))),
      EBADF);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, file.fd(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EACCES);
}

TEST_F(ReadOnlyTest, AFileHandleForNfsIsRefused) {
  alignas(file_handle) unsigned char room[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* const handle = reinterpret_cast<file_handle*>(room);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id;
  EXPECT_EQ(ErrnoOf(name_to_handle_at(AT_FDCWD, file_.c_str(), handle, &mount_id, 0)), EOPNOTSUPP);
}

TEST_F(ReadOnlyTest, NothingHasChangedAfterwards) {
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC}) Descriptor(file_, flags);
  EXPECT_NE(truncate(file_.c_str(), 0), 0);
  EXPECT_EQ(CheckOracleFile(file_, 5000), "");
}

}  // namespace
}  // namespace brimfs
