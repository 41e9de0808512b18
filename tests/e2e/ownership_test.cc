// Whose files they are, who may look at them, and what an ordinary user can do without root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "tests/e2e/reading.h"
#include "tests/e2e/users_test.h"

namespace brimfs {
namespace {

using testing::HasSubstr;

int StatError(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 ? 0 : errno;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class OwnershipTest : public UsersTest {
 protected:
  void AllowOther() { WriteFile("/etc/fuse.conf", "user_allow_other\n"); }

  static Ran List(const Account& account, const std::string& directory) {
    return account.Shell("ls \"$1\"", {directory});
  }
  // Whether this user reads all the bytes.
  static bool Reads(const Account& account, const std::string& file) {
    return account.Shell("cat \"$1\" | wc -c", {file}).out == std::to_string(kSize) + "\n";
  }
};

TEST_F(OwnershipTest, AUserMountsReadsAndUnmountsWithoutRoot) {
  for (const char* const driver : {"driver=mmap", "driver=memory"}) {
    for (const char* const unmount : {"fusermount3 -u \"$1\"", "umount \"$1\""}) {
      Mount& mount = MountAs(*user_, {driver});
      const Ran sum = user_->Shell("sha256sum < \"$1\"", {mount.File("file")});
      const TempDir dir;
      WriteOracleFile(dir / "file", kSize);
      EXPECT_EQ(sum.out, Shell("sha256sum < \"$1\"", {dir / "file"}).out) << sum.err;
      const Ran ran = user_->Shell(unmount, {mount.path()});
      EXPECT_EQ(ran.code, 0) << unmount << ": " << ran.err;
      EXPECT_EQ(mount.daemon().Wait(), 0) << mount.log();
    }
  }
}

TEST_F(OwnershipTest, WhatTakesRootIsSaidOnceInTheLogAndEverythingElseWorks) {
  origin_->PutOracle("second", kSize);
  Mount& mount = MountAs(*user_);
  for (int i = 0; i < 3; ++i) {
    for (const char* const name : {"file", "second"}) {
      EXPECT_TRUE(Reads(*user_, mount.File(name)));
    }
  }
  EXPECT_EQ(Count(mount.log(), "no passthrough"), 1u) << mount.log();
  EXPECT_EQ(Count(mount.log(), "readahead_kb"), 1u) << mount.log();
}

TEST_F(OwnershipTest, NobodyElseLooksIntoAUsersMountNotEvenRoot) {
  Mount& mount = MountAs(*user_);
  EXPECT_EQ(List(*user_, mount.path()).out, "directory\nfile\n");
  EXPECT_NE(List(*other_, mount.path()).code, 0);
  EXPECT_EQ(StatError(mount.File("file")), EACCES);
}

TEST_F(OwnershipTest, AllowOtherOfAUserTakesALineInFuseConf) {
  WriteFile("/etc/fuse.conf", "# user_allow_other\n");
  for (const char* const option : {"allow_other", "allow_root"}) {
    const TempDir dir;
    ASSERT_EQ(chmod(dir.path().c_str(), 0777), 0);
    const Ran refused =
        user_->Shell("mkdir -p \"$1/mnt\" && brimfs \"$2\" \"$1/mnt\" -o cache=\"$1/cache\",\"$3\"",
                     {dir.path(), origin_->url(), option});
    EXPECT_EQ(refused.code, 32) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("user_allow_other"));
    EXPECT_THAT(refused.err, HasSubstr("/etc/fuse.conf"));
    EXPECT_EQ(Count(refused.err, "\n"), 1u) << refused.err;
    EXPECT_FALSE(IsMounted(dir / "mnt"));
  }
}

TEST_F(OwnershipTest, WithAllowOtherThePermissionsDecide) {
  AllowOther();
  Mount& open = MountAs(*user_, {"allow_other"});
  EXPECT_EQ(List(*other_, open.path()).out, "directory\nfile\n");
  EXPECT_TRUE(Reads(*other_, open.File("file")));
  EXPECT_EQ(StatError(open.File("file")), 0) << "root";

  Mount& closed = MountAs(*user_, {"allow_other,umask=077"});
  EXPECT_TRUE(Reads(*user_, closed.File("file")));
  EXPECT_NE(List(*other_, closed.path()).code, 0);
  EXPECT_FALSE(Reads(*other_, closed.File("file")));

  Mount& files = MountAs(*user_, {"allow_other,fmask=0177"});
  EXPECT_EQ(List(*other_, files.path()).out, "directory\nfile\n");
  EXPECT_FALSE(Reads(*other_, files.File("file")));
}

TEST_F(OwnershipTest, AllowRootLetsRootInAndNobodyElse) {
  AllowOther();
  Mount& mount = MountAs(*user_, {"allow_root"});
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize), "") << "root";
  EXPECT_TRUE(Reads(*user_, mount.File("file")));
  // The names are in the kernel's memory by now.
  EXPECT_NE(List(*other_, mount.path()).code, 0);
  EXPECT_FALSE(Reads(*other_, mount.File("file")));
  EXPECT_NE(other_->Shell("stat \"$1\"", {mount.File("file")}).code, 0);
  EXPECT_NE(other_->Shell("stat \"$1\"", {mount.File("directory/below")}).code, 0);
}

TEST_F(OwnershipTest, AMountOfRootBelongsToWhomTheOptionsName) {
  Mount& mount =
      AttachForAll({"uid=brimfs-user,gid=brimfs-other,allow_other,fmask=0137,dmask=027"});
  EXPECT_EQ(Shell("stat -c %U:%G:%a \"$1\" \"$2\"", {mount.path(), mount.File("file")}).out,
            "brimfs-user:brimfs-other:550\nbrimfs-user:brimfs-other:440\n");
  EXPECT_TRUE(Reads(*user_, mount.File("file"))) << "the owner";
  EXPECT_TRUE(Reads(*other_, mount.File("file"))) << "the group";
  const Account third("brimfs-third");
  EXPECT_FALSE(Reads(third, mount.File("file")));
}

TEST_F(OwnershipTest, AnExecutableRunsIfFmaskLeavesTheBitAndNoexecDoesNotForbidIt) {
  origin_->PutBytes("program", "#!/bin/sh\necho ran\n");
  Mount& plain = Attach(origin_->url());
  EXPECT_NE(RunCommand({plain.File("program")}).out, "ran\n");
  Mount& executable = Attach(origin_->url(), {"fmask=022"});
  EXPECT_EQ(RunCommand({executable.File("program")}).out, "ran\n");
  Mount& forbidden = Attach(origin_->url(), {"fmask=022,noexec"});
  EXPECT_NE(RunCommand({forbidden.File("program")}).out, "ran\n");
}

}  // namespace
}  // namespace brimfs
