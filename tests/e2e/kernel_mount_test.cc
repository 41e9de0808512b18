#include "fs/kernel_mount.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fs/mount_table.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

// With the kernel's control file system, which a container may lack.
class KernelMountTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    if (!inside_.emplace().status().ok()) GTEST_SKIP() << inside_->status().message();
    constexpr char kControl[] = "/sys/fs/fuse/connections";
    umount2(kControl, MNT_DETACH);
    ASSERT_EQ(mount("fusectl", kControl, "fusectl", 0, nullptr), 0) << std::strerror(errno);
  }

  // Nobody serves it, so it must not be looked into.
  std::unique_ptr<KernelMount> Make(const std::string& name) {
    std::filesystem::create_directory(PathOf(name));
    Result<std::unique_ptr<KernelMount>> mount =
        KernelMount::Make({.source = name, .mountpoint = PathOf(name), .options = {}});
    EXPECT_TRUE(mount.ok()) << mount.status().message();
    return mount.ok() ? std::move(*mount) : nullptr;
  }

  std::string PathOf(const std::string& name) const { return temp_.path() + "/" + name; }

  std::string NumberOf(const std::string& name) const {
    const auto entry = UppermostMount(ReadMountTable(), PathOf(name));
    return entry ? entry->device : std::string();
  }

  static bool Stands(const KernelMount& mount) {
    pollfd connection{mount.device(), POLLIN, 0};
    poll(&connection, 1, 0);
    return (connection.revents & POLLERR) == 0;
  }

 private:
  std::optional<MountNamespace> inside_;
  const TempDir temp_;
};

TEST_F(KernelMountTest, AnAbortCutsTheConnection) {
  const auto mount = Make("one");
  ASSERT_NE(mount, nullptr);
  EXPECT_TRUE(Stands(*mount));
  EXPECT_TRUE(mount->Abort());
  EXPECT_FALSE(Stands(*mount));
  EXPECT_TRUE(mount->Abort()) << "it is cut already";
}

TEST_F(KernelMountTest, AnAbortAfterTheEndDoesNotMeetTheNextMountOfThatNumber) {
  const auto ended = Make("ended");
  ASSERT_NE(ended, nullptr);
  const std::string number = NumberOf("ended");
  ASSERT_EQ(umount(PathOf("ended").c_str()), 0);

  // The lowest number that is free is taken next; others on this machine take some, too.
  constexpr int kTries = 100;
  std::vector<std::unique_ptr<KernelMount>> others;
  do {
    others.push_back(Make("next" + std::to_string(others.size())));
    ASSERT_NE(others.back(), nullptr);
  } while (NumberOf("next" + std::to_string(others.size() - 1)) != number &&
           others.size() < kTries);
  if (NumberOf("next" + std::to_string(others.size() - 1)) != number) {
    GTEST_SKIP() << "somebody else has the number";
  }
  EXPECT_TRUE(ended->Abort());
  EXPECT_TRUE(Stands(*others.back()));
}

}  // namespace
}  // namespace brimfs
