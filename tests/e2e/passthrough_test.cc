// Complete files that the kernel serves by itself.
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <csignal>
#include <cstdlib>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/cache_contents.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSize = 16 << 20;

// FUSE passthrough is there from Linux 6.9 on.
bool KernelPassesThrough() {
  utsname system;
  uname(&system);
  char* rest = nullptr;
  const long major = std::strtol(system.release, &rest, 10);
  return major > 6 || (major == 6 && std::strtol(rest + 1, nullptr, 10) >= 9);
}

class PassthroughTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    if (!KernelPassesThrough()) GTEST_SKIP() << "needs Linux 6.9";
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize, 1);
  }

  Mount& AttachWith(const std::string& passthrough) {
    return Attach(origin_->url(), {"passthrough=" + passthrough, "metadata_ttl=0"});
  }

  static void Fill(Mount& mount) { ASSERT_EQ(CheckOracleFile(mount.File("file"), kSize), ""); }

  // The kernel gets what is safe on the disk.
  static void FillForKernel(Mount& mount) {
    Fill(mount);
    EXPECT_TRUE(Eventually([&] {
      return RunCommand({"getfattr", "--only-values", "-n", "user.brimfs.kept", mount.File("file")})
                 .out == "yes";
    }));
  }

  // A reader that opens the file, stops the daemon, drops the kernel's pages and reads all.
  static std::unique_ptr<Process> ReadPastStoppedDaemon(Mount& mount) {
    return std::make_unique<Process>(std::vector<std::string>{
        "sh", "-c",
        "exec 3< \"$1\"; kill -STOP \"$2\"; dd iflag=nocache count=0 status=none <&3; cat <&3",
        "sh", mount.File("file"), std::to_string(mount.daemon().pid())});
  }

  std::unique_ptr<Origin> origin_;
};

std::string CheckText(const std::string& text, uint64_t size) {
  if (text.size() != size) return "has " + std::to_string(text.size()) + " bytes";
  return CheckOracleBytes(std::as_bytes(std::span(text.data(), text.size())));
}

TEST_F(PassthroughTest, AFullFileIsReadWhileTheDaemonIsStopped) {
  Mount& mount = AttachWith("auto");
  FillForKernel(mount);
  const auto reader = ReadPastStoppedDaemon(mount);
  EXPECT_EQ(reader->Wait(seconds(20)), 0) << mount.log();
  mount.daemon().Signal(SIGCONT);
  EXPECT_EQ(CheckText(reader->out(), kSize), "");
}

TEST_F(PassthroughTest, SwitchedOffTheDaemonIsNeeded) {
  Mount& mount = AttachWith("off");
  Fill(mount);
  const auto reader = ReadPastStoppedDaemon(mount);
  EXPECT_EQ(reader->Wait(milliseconds(500)), std::nullopt);
  mount.daemon().Signal(SIGCONT);
  EXPECT_EQ(reader->Wait(seconds(20)), 0);
  EXPECT_EQ(CheckText(reader->out(), kSize), "");
}

TEST_F(PassthroughTest, TheMemoryDriverHasNone) {
  Mount& mount = Attach(origin_->url(), {"driver=memory"});
  Fill(mount);
  const auto reader = ReadPastStoppedDaemon(mount);
  EXPECT_EQ(reader->Wait(milliseconds(500)), std::nullopt);
  mount.daemon().Signal(SIGCONT);
  EXPECT_EQ(reader->Wait(seconds(20)), 0);
}

TEST_F(PassthroughTest, AFileThatStaysOpenFromBeforeKeepsItsWay) {
  Mount& mount = AttachWith("auto");
  const Descriptor before(mount.File("file"));
  ASSERT_EQ(CheckOracle(before, {0, kSize}), "");
  // The kernel refuses to mix the two ways: the second open has to take the first one's.
  const Descriptor beside(mount.File("file"));
  EXPECT_EQ(CheckOracle(beside, {0, kSize}), "");
  before.DropPages();
  EXPECT_EQ(CheckOracle(before, {0, kSize}), "");
}

TEST_F(PassthroughTest, EveryOpenOfAFullFileSharesTheBackingFile) {
  Mount& mount = AttachWith("auto");
  FillForKernel(mount);
  for (int round = 0; round < 20; ++round) {
    const Descriptor one(mount.File("file"));
    const Descriptor two(mount.File("file"));
    ASSERT_EQ(CheckOracle(one, {0, 65536}), "");
    ASSERT_EQ(CheckOracle(two, {kSize - 65536, kSize}), "");
  }
}

TEST_F(PassthroughTest, AMapStaysRightAfterCloseAndANewVersion) {
  Mount& mount = AttachWith("auto");
  FillForKernel(mount);
  Descriptor file(mount.File("file"));
  const Map map(file);
  EXPECT_EQ(CheckOracleBytes(map.bytes()), "");
  file.Close();
  map.Forget();
  EXPECT_EQ(CheckOracleBytes(map.bytes()), "");
  origin_->PutOracle("file", kSize, 2);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
  const Map new_map(Descriptor(mount.File("file")));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(CheckOracleBytes(map.bytes(), 1), "");
    EXPECT_EQ(CheckOracleBytes(new_map.bytes(), 2), "");
    map.Forget();
    new_map.Forget();
  }
}

TEST_F(PassthroughTest, AMapStaysRightAfterALazyUnmount) {
  Mount& mount = AttachWith("auto");
  FillForKernel(mount);
  const Map map(Descriptor(mount.File("file")));
  mount.Detach();
  map.Forget();
  EXPECT_EQ(CheckOracleBytes(map.bytes()), "");
}

TEST_F(PassthroughTest, AMapStaysRightAfterTheDaemonWasKilledAndItsCacheClearedAway) {
  const TempDir cache;
  Mount mount(origin_->url(), {"cache=" + (cache / "c")});
  ASSERT_TRUE(mount.started().ok()) << mount.started().message();
  FillForKernel(mount);
  const Map map(Descriptor(mount.File("file")));
  mount.daemon().Signal(SIGKILL);
  mount.daemon().Wait();
  Mount& next = Attach(origin_->url(), {"cache=" + (cache / "c")});
  EXPECT_EQ(CheckOracleFile(next.File("file"), kSize), "");
  map.Forget();
  EXPECT_EQ(CheckOracleBytes(map.bytes()), "");
}

}  // namespace
}  // namespace brimfs
