// What can be seen of a file besides its bytes, and that what is not filled is never taken for a
// hole.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

constexpr uint64_t kSize = (16 << 20) + 1234;

class AttributesTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("dir/file", kSize);
    mount_ = &Attach(origin_->url());
    file_ = mount_->File("dir/file");
  }

  std::unique_ptr<Origin> origin_;
  Mount* mount_ = nullptr;
  std::string file_;
};

TEST_F(AttributesTest, SizeTimeAndModeAreTheObjects) {
  struct stat st {};
  ASSERT_EQ(stat(file_.c_str(), &st), 0);
  EXPECT_EQ(st.st_size, static_cast<off_t>(kSize));
  EXPECT_EQ(st.st_mode, static_cast<mode_t>(S_IFREG | 0444));
  EXPECT_EQ(st.st_blocks, static_cast<blkcnt_t>((kSize + 511) / 512));
  EXPECT_EQ(st.st_uid, 0u);
  ASSERT_EQ(stat(mount_->File("dir").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode, static_cast<mode_t>(S_IFDIR | 0555));
}

TEST_F(AttributesTest, OwnerAndModeFollowTheOptions) {
  Mount& mount = Attach(origin_->url(), {"uid=12,gid=34,fmask=137,dmask=027"});
  struct stat st {};
  ASSERT_EQ(stat(mount.File("dir/file").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 12u);
  EXPECT_EQ(st.st_gid, 34u);
  EXPECT_EQ(st.st_mode & 07777, 0440u);
}

TEST_F(AttributesTest, TheTimeStaysWhatItWasWhenItBecomesFiner) {
  const auto listed = std::filesystem::last_write_time(file_);
  ASSERT_EQ(CheckOracleFile(file_, kSize), "");
  EXPECT_EQ(std::filesystem::last_write_time(file_), listed);
}

TEST_F(AttributesTest, ExtendedAttributesTellWhatIsFilled) {
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.url"), origin_->url("dir/file"));
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.filled"), "");
  Descriptor file(file_);
  file.AdviseRandom();
  // The last bytes of a fill block: when they are there, the block is.
  ASSERT_EQ(CheckOracle(file, {8454144 - 10, 8454144}), "");
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.filled"), "8388608-8454144");
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.state"), "active");
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.version"), "\"put-1\"");
  ASSERT_EQ(CheckOracle(file, {0, kSize}), "");
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.filled"), "0-" + std::to_string(kSize));
  EXPECT_EQ(GetAttribute(file_, "user.brimfs.state"), "committed");
}

TEST_F(AttributesTest, NoExtendedAttributeIsListed) {
  EXPECT_EQ(listxattr(file_.c_str(), nullptr, 0), 0);
  for (const char* name : {"security.selinux", "system.posix_acl_access", "user.other",
                           "user.brimfs.other", "trusted.x"}) {
    EXPECT_LT(getxattr(file_.c_str(), name, nullptr, 0), 0) << name;
    EXPECT_TRUE(errno == ENODATA || errno == EOPNOTSUPP) << name << ": " << errno;
  }
  char small[4];
  EXPECT_EQ(getxattr(file_.c_str(), "user.brimfs.url", small, sizeof small), -1);
  EXPECT_EQ(errno, ERANGE);
}

TEST_F(AttributesTest, AnUnfilledFileHasNoHole) {
  const Descriptor file(file_);
  EXPECT_EQ(lseek(file.fd(), 0, SEEK_DATA), 0);
  EXPECT_EQ(lseek(file.fd(), 4321, SEEK_DATA), 4321);
  EXPECT_EQ(lseek(file.fd(), 0, SEEK_HOLE), static_cast<off_t>(kSize));
  EXPECT_EQ(lseek(file.fd(), static_cast<off_t>(kSize), SEEK_DATA), -1);
  EXPECT_EQ(errno, ENXIO);
  EXPECT_EQ(lseek(file.fd(), static_cast<off_t>(kSize), SEEK_HOLE), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(AttributesTest, CopiesOfUnfilledFilesHaveAllTheBytes) {
  const char* const kCopies[] = {
      "cp \"$1\" \"$2/file\"", "cp -a \"$1\" \"$2/file\"", "cp --sparse=always \"$1\" \"$2/file\"",
      "tar -C \"${1%/*}\" -cSf - file | tar -C \"$2\" -xSf -", "rsync -aXS \"$1\" \"$2/file\""};
  uint64_t seed = 10;
  for (const char* copy : kCopies) {
    origin_->PutOracle("dir/file", kSize, ++seed);
    Mount& mount = Attach(origin_->url());
    const TempDir to;
    const Ran ran = Shell(copy, {mount.File("dir/file"), to.path()});
    EXPECT_EQ(ran.code, 0) << copy << ": " << ran.err;
    EXPECT_EQ(CheckOracleFile(to / "file", kSize, seed), "") << copy;
    Detach(mount);
  }
}

TEST_F(AttributesTest, FileSystemSpaceIsThatOfTheCache) {
  struct statvfs mounted {};
  struct statvfs cache {};
  ASSERT_EQ(statvfs(mount_->path().c_str(), &mounted), 0);
  ASSERT_EQ(statvfs(mount_->cache().c_str(), &cache), 0);
  EXPECT_EQ(mounted.f_blocks * mounted.f_frsize, cache.f_blocks * cache.f_frsize);
  EXPECT_GE(mounted.f_namemax, 255u);
}

TEST_F(AttributesTest, TheBackingFileHasTheObjectsSizeAndOnlyTheBlocksThatWereRead) {
  constexpr uint64_t kGiB = 1 << 30;
  origin_->PutOracle("dir/huge", kGiB);
  Mount& mount = Attach(origin_->url());
  const Descriptor file(mount.File("dir/huge"));
  file.AdviseRandom();
  ASSERT_EQ(CheckOracle(file, {0, 4096}), "");
  ASSERT_EQ(CheckOracle(file, {kGiB - 4096, kGiB}), "");
  // The cache's own file may be nameless; then it is found among the daemon's descriptors.
  uint64_t size = 0;
  uint64_t blocks = 0;
  const std::string fds = "/proc/" + std::to_string(mount.daemon().pid()) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(fds)) {
    struct stat st {};
    if (stat(entry.path().c_str(), &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size == static_cast<off_t>(kGiB)) {
      size = kGiB;
      blocks = static_cast<uint64_t>(st.st_blocks);
    }
  }
  EXPECT_EQ(size, kGiB);
  EXPECT_GT(blocks, 0u);
  EXPECT_LT(blocks * 512, kGiB / 8);
}

}  // namespace
}  // namespace brimfs
