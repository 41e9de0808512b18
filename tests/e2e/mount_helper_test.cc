// brimfs as the system mounts it: mount(8), fstab(5), umount(8), findmnt(8), df(1), automount(8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/e2e/command_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr uint64_t kSize = 100'000;

class MountHelperTest : public InstalledTest {
 protected:
  void SetUp() override {
    InstalledTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize);
  }

  void Fstab(const std::string& options, const std::string& type = "brimfs") {
    WriteFile("/etc/fstab", origin_->url() + " " + mountpoint_ + " " + type + " " + CacheOption() +
                                "," + options + " 0 0\n");
  }

  void ExpectMounted(const Ran& ran) const {
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  }

  void Unmount() const {
    const Ran ran = RunCommand({"umount", mountpoint_});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_FALSE(Mounted());
    EXPECT_TRUE(AwaitDaemonsEnd());
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(MountHelperTest, MountFindsItByBothTypes) {
  for (const char* const type : {"brimfs", "fuse.brimfs"}) {
    ExpectMounted(RunCommand(
        {"mount", "-t", type, origin_->url(), mountpoint_, "-o", CacheOption() + ",timeout=30"}));
    Unmount();
  }
}

TEST_F(MountHelperTest, WhatFstabMaySayIsAccepted) {
  for (const char* const options :
       {"defaults", "ro,nosuid,nodev,noexec", "_netdev,nofail,noauto,x-systemd.automount",
        "user,noauto,comment=a\\040comment", "users,x-systemd.mount-timeout=30,X-mount.mkdir",
        "rw,relatime,sync,dirsync,lazytime,nosymfollow,silent",
        "context=system_u:object_r:tmp_t:s0",
        "allow_other,uid=12,gid=34,umask=037,x-systemd.requires=network-online.target"}) {
    for (const char* const type : {"brimfs", "fuse.brimfs"}) {
      Fstab(options, type);
      SCOPED_TRACE(std::string(type) + " " + options);
      ExpectMounted(RunCommand({"mount", mountpoint_}));
      Unmount();
    }
  }
}

TEST_F(MountHelperTest, MountAllTwiceMountsOnce) {
  Fstab("_netdev,nofail");
  ExpectMounted(RunCommand({"mount", "-a"}));
  const std::vector<pid_t> daemons = Daemons();
  ExpectMounted(RunCommand({"mount", "-a"}));
  EXPECT_EQ(Daemons(), daemons);
  Unmount();
}

TEST_F(MountHelperTest, FindmntAndDfShowWhereItComesFrom) {
  Fstab("noexec");
  ExpectMounted(RunCommand({"mount", mountpoint_}));
  EXPECT_EQ(RunCommand({"findmnt", "-n", "-o", "SOURCE,FSTYPE", mountpoint_}).out,
            origin_->url() + " fuse.brimfs\n");
  const std::string options = RunCommand({"findmnt", "-n", "-o", "OPTIONS", mountpoint_}).out;
  for (const char* const option : {"ro,", "nosuid", "nodev", "noexec", "default_permissions"}) {
    EXPECT_THAT(options, HasSubstr(option));
  }
  EXPECT_THAT(RunCommand({"df", mountpoint_}).out, HasSubstr(origin_->url()));
}

TEST_F(MountHelperTest, RemountSaysWhatItCannotAndTheMountLivesOn) {
  Fstab("defaults");
  ExpectMounted(RunCommand({"mount", mountpoint_}));
  for (const char* const options : {"remount", "remount,rw", "remount,ro,noexec"}) {
    const Ran ran = RunCommand({"mount", "-o", options, mountpoint_});
    EXPECT_EQ(ran.code, 32) << options;
    EXPECT_THAT(ran.err, HasSubstr("can't be changed")) << options;
    EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  }
}

TEST_F(MountHelperTest, FakeChecksAndMountsNothing) {
  EXPECT_EQ(RunCommand({"mount", "-f", "-t", "brimfs", origin_->url(), mountpoint_}).code, 0);
  EXPECT_FALSE(Mounted());
  EXPECT_TRUE(AwaitDaemonsEnd());
  EXPECT_NE(RunCommand({"mount", "-f", "-t", "brimfs", origin_->url("gone"), mountpoint_}).code, 0);
}

TEST_F(MountHelperTest, SloppyIgnoresUnknownOptionsAndVerboseSaysWhatWasDone) {
  const std::vector<std::string> mount = {
      "mount", "-t", "brimfs", origin_->url(), mountpoint_, "-o", CacheOption() + ",unheard_of"};
  EXPECT_EQ(RunCommand(mount).code, 1);
  std::vector<std::string> sloppy = mount;
  sloppy.insert(sloppy.begin() + 1, {"-s", "-v"});
  const Ran ran = RunCommand(sloppy);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(origin_->url() + " is mounted on " + mountpoint_));
}

TEST_F(MountHelperTest, AnErrorIsMountsExitCodeToo) {
  Fstab("timeout=soon");
  EXPECT_EQ(RunCommand({"mount", mountpoint_}).code, 1);
  Fstab("defaults");
  origin_->Stop();
  EXPECT_EQ(RunCommand({"mount", mountpoint_, "-o", "timeout=1"}).code, 32);
  EXPECT_FALSE(Mounted());
}

TEST_F(MountHelperTest, AUserMountsAndUnmountsWhatFstabLetsThem) {
  const std::string user = "brimfs-mounter";
  const Ran added = RunCommand({"useradd", "--no-create-home", "--home-dir", dir_ / "home", user});
  ASSERT_EQ(added.code, 0) << added.err;
  ASSERT_EQ(RunCommand({"install", "-d", "-o", user, mountpoint_, dir_ / "home"}).code, 0);
  WriteFile("/etc/fstab", origin_->url() + " " + mountpoint_ +
                              " brimfs noauto,user,cache=" + (dir_ / "home/c") + " 0 0\n");
  const Ran mounted = RunCommand({"su", user, "-s", "/bin/sh", "-c",
                                  "mount " + mountpoint_ + " && cat " + File("file") + " | wc -c"});
  EXPECT_EQ(mounted.code, 0) << mounted.err;
  EXPECT_EQ(mounted.out, std::to_string(kSize) + "\n");
  EXPECT_TRUE(Mounted());
  const Ran gone = RunCommand({"su", user, "-s", "/bin/sh", "-c", "umount " + mountpoint_});
  EXPECT_EQ(gone.code, 0) << gone.err;
  EXPECT_FALSE(Mounted());
}

// An automounter of our own, on dir_/auto, with one key: "here".
class AutomountTest : public MountHelperTest {
 protected:
  void SetUp() override {
    MountHelperTest::SetUp();
    if (IsSkipped()) return;
    if (access("/usr/sbin/automount", X_OK) != 0) GTEST_SKIP() << "needs autofs";
    if (access("/dev/autofs", F_OK) != 0) GTEST_SKIP() << "needs the kernel's autofs";
    // A colon would end the host's name.
    std::string location = origin_->url();
    for (size_t at = 0; (at = location.find(':', at)) != std::string::npos; at += 2) {
      location.insert(at, "\\");
    }
    WriteFile("/etc/auto.brimfs", "here -fstype=brimfs," + CacheOption() + " :" + location + "\n");
    WriteFile("/etc/auto.master", root_ + " /etc/auto.brimfs --timeout=300\n");
    // Its process group is the one that sees through to the bare directories.
    automount_ = std::make_unique<Process>(std::vector<std::string>{
        "setsid", "automount", "--foreground", "--dont-check-daemon", "-v"});
    ASSERT_TRUE(AwaitMounted(root_)) << automount_->err();
  }

  void TearDown() override {
    umount2((root_ + "/here").c_str(), MNT_DETACH);
    if (automount_ != nullptr) {
      automount_->Signal(SIGTERM);
      if (!automount_->Wait(seconds(20))) ADD_FAILURE() << automount_->err();
    }
    umount2(root_.c_str(), MNT_DETACH);
    MountHelperTest::TearDown();
  }

  const std::string root_ = dir_ / "mnt/auto";
  std::unique_ptr<Process> automount_;
};

TEST_F(AutomountTest, TheFirstTouchMounts) {
  const Ran ran = RunCommand({"cat", root_ + "/here/file"}, seconds(20));
  ASSERT_EQ(ran.code, 0) << ran.err << automount_->err();
  EXPECT_EQ(ran.out.size(), kSize);
  EXPECT_EQ(CheckOracleFile(root_ + "/here/file", kSize), "");
  EXPECT_EQ(RunCommand({"findmnt", "-n", "-o", "SOURCE", "-t", "fuse.brimfs", root_ + "/here"}).out,
            origin_->url() + "\n");
}

TEST_F(AutomountTest, ASourceThatFailsIsAnErrorAndSaysWhyInTheLogOfTheAutomounter) {
  origin_->Inject(*ParseFault("status=404:any:ever"));
  EXPECT_EQ(Descriptor(root_ + "/here/file").error(), ENOENT);
  EXPECT_THAT(automount_->err(), HasSubstr("brimfs: " + origin_->url()));
}

}  // namespace
}  // namespace brimfs
