#include "fs/mount_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

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

TEST(MountTableTest, HasDevicePlaceTypeAndSourceOfEachMount) {
  const std::vector<MountEntry> table = ParseMountTable(kTable);
  ASSERT_EQ(table.size(), 7u);
  EXPECT_EQ(table[1].device, "0:44");
  EXPECT_EQ(table[1].mountpoint, "/mnt/a");
  EXPECT_EQ(table[1].type, "fuse.brimfs");
  EXPECT_EQ(table[1].source, "http://host/");
  EXPECT_TRUE(table[1].fuse());
  EXPECT_FALSE(table[0].fuse());
}

TEST(MountTableTest, OptionalFieldsMayBeMissingAndNamesAreUnescaped) {
  const auto entry = UppermostMount(ParseMountTable(kTable), "/mnt/with blank\\and\ttab");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->device, "0:45");
}

TEST(MountTableTest, TheUppermostMountCounts) {
  const std::vector<MountEntry> table = ParseMountTable(kTable);
  EXPECT_EQ(UppermostMount(table, "/mnt/twice")->device, "0:49");
  EXPECT_EQ(UppermostMount(table, "/mnt/covered")->type, "tmpfs");
}

TEST(MountTableTest, AMountOfBrimfsHasAllItsPlacesAndOthersAreLeftOut) {
  const std::vector<MountPlaces> mounts = BrimfsMounts(
      ParseMountTable(std::string(kTable) +
                      "46 21 0:44 /sub /srv/a ro - fuse.brimfs http://host/ ro,user_id=0\n"
                      "47 46 0:44 / /mnt/a ro - fuse.brimfs http://host/ ro,user_id=0\n"
                      "48 21 0:50 / /mnt/other rw - fuse.sshfs host: rw,user_id=0\n"));
  std::vector<std::string> devices;
  for (const MountPlaces& mount : mounts) devices.push_back(mount.device);
  EXPECT_THAT(devices, testing::ElementsAre("0:44", "0:45", "0:46", "0:48", "0:49"));
  EXPECT_THAT(mounts.at(0).mountpoints, testing::ElementsAre("/mnt/a", "/srv/a"));
  EXPECT_THAT(mounts.at(3).mountpoints, testing::ElementsAre("/mnt/twice"));
  EXPECT_THAT(mounts.at(4).mountpoints, testing::ElementsAre("/mnt/twice"));
}

TEST(MountTableTest, ADeviceIsNamedAsTheTableDoesIt) {
  EXPECT_EQ(DeviceName(makedev(0, 45)), "0:45");
  EXPECT_EQ(DeviceName(makedev(259, 1'000'000)), "259:1000000");
}

TEST(MountTableTest, OtherPlacesAndMalformedLinesAreNothing) {
  EXPECT_FALSE(UppermostMount(ParseMountTable(kTable), "/mnt"));
  EXPECT_TRUE(ParseMountTable("").empty());
  EXPECT_TRUE(ParseMountTable("malformed\n").empty());
}

}  // namespace
}  // namespace brimfs
