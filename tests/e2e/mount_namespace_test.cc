// The namespace in which other tests mount as the system does.
#include "tests/support/mount_namespace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "tests/e2e/e2e_test.h"

namespace brimfs {
namespace {

class MountNamespaceTest : public E2eTest {};

TEST_F(MountNamespaceTest, HidesWhatIsDoneInItFromTheOutside) {
  const std::string fstab = ReadFile("/etc/fstab");
  {
    const MountNamespace inside;
    if (!inside.status().ok()) GTEST_SKIP() << inside.status().message();
    WriteFile("/etc/fstab", "source /mnt brimfs defaults 0 0\n");
    WriteFile("/usr/bin/something", "");
    EXPECT_NE(RunCommand({"findmnt", "--fstab", "/mnt"}).out, "");
  }
  EXPECT_EQ(ReadFile("/etc/fstab"), fstab);
  EXPECT_FALSE(std::filesystem::exists("/usr/bin/something"));
}

TEST_F(MountNamespaceTest, DoesNotShowTheFuseMountsOfTheOutside) {
  const auto origin = StartOrigin();
  Mount& mount = Attach(origin->url());
  {
    const MountNamespace inside;
    if (!inside.status().ok()) GTEST_SKIP() << inside.status().message();
    EXPECT_FALSE(IsMounted(mount.path()));
  }
  EXPECT_TRUE(IsMounted(mount.path()));
}

TEST_F(MountNamespaceTest, HasThisBuildInstalled) {
  MountNamespace inside;
  if (!inside.status().ok()) GTEST_SKIP() << inside.status().message();
  ASSERT_TRUE(inside.Install().ok());
  EXPECT_EQ(RunCommand({"/sbin/mount.brimfs", "--version"}).out.substr(0, 7), "brimfs ");
  EXPECT_TRUE(std::filesystem::exists("/usr/share/man/man1/brimfs.1"));
}

}  // namespace
}  // namespace brimfs
