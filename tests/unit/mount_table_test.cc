#include "fs/mount_table.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

constexpr char kTable[] =
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "40 21 0:44 / /mnt/a ro,nosuid,nodev shared:9 master:2 - fuse.brimfs http://host/ "
    "ro,user_id=0\n"
    "41 21 0:45 / /mnt/with\\040blank\\134and\\011tab ro - fuse.brimfs http://host/b/ ro\n"
    "42 21 0:46 / /mnt/covered ro - fuse.brimfs http://host/c/ ro\n"
    "43 42 0:47 / /mnt/covered rw - tmpfs tmpfs rw\n"
    "44 21 0:48 / /mnt/twice ro - fuse.brimfs http://host/d/ ro\n"
    "45 44 0:49 / /mnt/twice ro - fuse.brimfs http://host/d/ ro\n";

TEST(MountTableTest, FindsTheDeviceOfAMount) {
  const auto device = FindFuseMount(kTable, "/mnt/a");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->id, "0:44");
  EXPECT_EQ(device->minor, "44");
}

TEST(MountTableTest, OptionalFieldsMayBeMissingAndNamesAreUnescaped) {
  const auto device = FindFuseMount(kTable, "/mnt/with blank\\and\ttab");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->id, "0:45");
}

TEST(MountTableTest, TheUppermostMountCounts) {
  EXPECT_EQ(FindFuseMount(kTable, "/mnt/twice")->id, "0:49");
  EXPECT_FALSE(FindFuseMount(kTable, "/mnt/covered"));
}

TEST(MountTableTest, OtherFileSystemsAndOtherPlacesAreNothing) {
  EXPECT_FALSE(FindFuseMount(kTable, "/"));
  EXPECT_FALSE(FindFuseMount(kTable, "/mnt"));
  EXPECT_FALSE(FindFuseMount("", "/mnt/a"));
  EXPECT_FALSE(FindFuseMount("malformed\n", "/mnt/a"));
}

}  // namespace
}  // namespace brimfs
