// brimfs as a command: what it mounts, when it returns, and how it fails.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class CommandLineTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    std::filesystem::create_directory(mountpoint_);
  }

  void TearDown() override {
    umount2(mountpoint_.c_str(), MNT_DETACH);
    E2eTest::TearDown();
  }

  // The command without -f, to its end.
  Ran Brimfs(const std::string& source, std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {BrimfsProgram(), source, mountpoint_, "-o",
                                     "cache=" + (dir_ / "cache")};
    argv.insert(argv.end(), more.begin(), more.end());
    return RunCommand(argv, seconds(60));
  }

  // Whether no process whose command line names our mountpoint is left, within half a minute.
  bool DaemonsEnd() const {
    const TimePoint deadline = Clock::Steady().Now() + seconds(30);
    while (Daemons() > 0) {
      if (Clock::Steady().Now() > deadline) return false;
    }
    return true;
  }

  int Daemons() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string line = ReadFile(entry.path() / "cmdline");
      if (line.find(mountpoint_) != std::string::npos) ++count;
    }
    return count;
  }

  const TempDir dir_;
  const std::string mountpoint_ = dir_ / "mnt";
};

TEST_F(CommandLineTest, ReturnsWhenTheMountAnswersAndEndsWithIt) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1 << 20);
  const Ran ran = Brimfs(origin->url());
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_TRUE(IsMounted(mountpoint_));
  EXPECT_EQ(CheckOracleFile(mountpoint_ + "/file", 1 << 20), "");
  EXPECT_EQ(Daemons(), 1);
  ASSERT_EQ(umount2(mountpoint_.c_str(), 0), 0);
  EXPECT_TRUE(DaemonsEnd());
  for (const auto& left : std::filesystem::recursive_directory_iterator(dir_ / "cache")) {
    EXPECT_TRUE(left.is_directory() || left.file_size() == 0) << left.path();
  }
}

TEST_F(CommandLineTest, SigtermUnmounts) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1 << 20);
  Mount& mount = Attach(origin->url());
  ASSERT_EQ(CheckOracleFile(mount.File("file"), 1 << 20), "");
  mount.daemon().Signal(SIGTERM);
  EXPECT_EQ(mount.daemon().Wait(seconds(30)), 0) << mount.log();
  EXPECT_FALSE(IsMounted(mount.path()));
}

TEST_F(CommandLineTest, ASingleObjectIsTheOneFileInTheMount) {
  const auto origin = StartOrigin();
  origin->PutOracle("dir/one file", 123456);
  Mount& mount = Attach(origin->url("dir/one file"));
  EXPECT_EQ(RunCommand({"ls", "-A", mount.path()}).out, "one file\n");
  EXPECT_EQ(CheckOracleFile(mount.File("one file"), 123456), "");
  EXPECT_EQ(Descriptor(mount.File("other")).error(), ENOENT);
}

TEST_F(CommandLineTest, ADirectoryNeedsNoSlash) {
  const auto origin = StartOrigin();
  origin->PutOracle("dir/file", 123456);
  Mount& mount = Attach(origin->url("dir"));
  EXPECT_EQ(CheckOracleFile(mount.File("file"), 123456), "");
}

TEST_F(CommandLineTest, ALocalDirectoryIsASourceToo) {
  const TempDir local;
  WriteOracleFile(local / "dir/file", 3 << 20);
  for (const std::string& source : {"file://" + local.path() + "/", local.path()}) {
    Mount& mount = Attach(source);
    EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), 3 << 20), "");
    EXPECT_EQ(RunCommand({"ls", mount.path()}).out, "dir\n");
  }
}

TEST_F(CommandLineTest, ABadSourceFailsWithOneLineAndMountsNothing) {
  const auto origin = StartOrigin();
  const std::string nowhere = origin->url();
  origin->Stop();
  const std::pair<std::string, std::string> kBad[] = {
      {"gopher://127.0.0.1/", "gopher"},
      {nowhere, nowhere},
      {dir_ / "missing", "missing"},
      {"http://user:hunter2@127.0.0.1/", "password"},
  };
  for (const auto& [source, named] : kBad) {
    const Ran ran = Brimfs(source, {"-o", "timeout=2"});
    EXPECT_NE(ran.code, 0) << source;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_NE(ran.err.find(named), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("hunter2"), std::string::npos) << ran.err;
    EXPECT_FALSE(IsMounted(mountpoint_));
    EXPECT_TRUE(DaemonsEnd());
  }
}

TEST_F(CommandLineTest, AnUntrustedCertificateFailsTheMount) {
  Nginx nginx({.tls = true});
  const Ran ran = Brimfs(nginx.https_url());
  EXPECT_NE(ran.code, 0);
  EXPECT_NE(ran.err.find("certificate"), std::string::npos) << ran.err;
  EXPECT_FALSE(IsMounted(mountpoint_));
}

TEST_F(CommandLineTest, AMistakenOptionIsNamed) {
  const auto origin = StartOrigin();
  const Ran ran = Brimfs(origin->url(), {"-o", "chache=/x"});
  EXPECT_NE(ran.code, 0);
  EXPECT_NE(ran.err.find("chache"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("cache"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace brimfs
