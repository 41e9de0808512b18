// Programs that read in the middle of files: what they do not touch does not travel.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using ProgramsTest = E2eTest;

TEST_F(ProgramsTest, SqliteQueriesADatabaseThroughTheMount) {
  const TempDir dir;
  const std::string database = dir / "numbers.db";
  const Ran made = Shell(
      "sqlite3 \"$1\" \"create table numbers(n integer primary key, square integer, text);"
      "with recursive c(n) as (select 1 union all select n + 1 from c where n < 300000)"
      " insert into numbers select n, n * n, hex(randomblob(30)) from c;\"",
      {database});
  ASSERT_EQ(made.code, 0) << made.err;
  const uint64_t size = std::filesystem::file_size(database);
  ASSERT_GT(size, 16u << 20);
  const auto origin = StartOrigin({.root = dir.path()});
  Mount& mount = Attach(origin->url());

  const std::string select = "select square from numbers where n = 250000;";
  const Ran one = RunCommand({"sqlite3", "-readonly", mount.File("numbers.db"), select});
  EXPECT_EQ(one.out, "62500000000\n") << one.err;
  EXPECT_LT(origin->counters().paths["numbers.db"].body_bytes, size / 4);

  const std::string all = "select count(*), sum(square), sum(length(text)) from numbers;";
  const Ran here = RunCommand({"sqlite3", "-readonly", database, all});
  const Ran there = RunCommand({"sqlite3", "-readonly", mount.File("numbers.db"), all});
  EXPECT_EQ(there.out, here.out) << there.err;
  EXPECT_EQ(
      RunCommand({"sqlite3", "-readonly", mount.File("numbers.db"), "pragma integrity_check;"}).out,
      "ok\n");
}

TEST_F(ProgramsTest, ALoopMountedSquashfsIsReadLazily) {
  const TempDir dir;
  constexpr int kFiles = 64;
  for (int i = 0; i < kFiles; ++i) {
    WriteOracleFile(dir / ("tree/" + std::to_string(i)), 1 << 20, static_cast<uint64_t>(i));
  }
  const Ran made = Shell("mksquashfs \"$1/tree\" \"$1/served/image\" -noD -noI -no-progress -quiet",
                         {(std::filesystem::create_directory(dir / "served"), dir.path())});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto origin = StartOrigin({.root = dir / "served"});
  Mount& mount = Attach(origin->url());

  const std::string image = dir / "image";
  std::filesystem::create_directory(image);
  const Ran mounted =
      RunCommand({"mount", "-t", "squashfs", "-o", "ro,loop", mount.File("image"), image});
  if (mounted.code != 0) GTEST_SKIP() << "no loop device to be had: " << mounted.err;
  const std::string wrong = CheckOracleFile(image + "/17", 1 << 20, 17);
  const uint64_t after_one = origin->counters().paths["image"].body_bytes;
  std::string all_wrong;
  for (int i = 0; i < kFiles; ++i) {
    all_wrong +=
        CheckOracleFile(image + "/" + std::to_string(i), 1 << 20, static_cast<uint64_t>(i));
  }
  EXPECT_EQ(umount2(image.c_str(), 0), 0);
  EXPECT_EQ(wrong, "");
  EXPECT_LT(after_one, kFiles * (1u << 20) / 4);
  EXPECT_EQ(all_wrong, "");
}

TEST_F(ProgramsTest, CopiesHaveTheTimesAndModesAndNoAttributesOfOurs) {
  const auto origin = StartOrigin();
  origin->PutOracle("tree/below/file", 100'000);
  Mount& mount = Attach(origin->url(), {"fmask=0137,dmask=027"});
  const std::string state = "find . -mindepth 1 -printf '%P %m %T@\\n' | sort";
  const Ran here = Shell("cd \"$1\" && " + state, {mount.File("tree")});
  ASSERT_NE(here.out.find("below/file 440 "), std::string::npos) << here.out;
  for (const char* const copy :
       {"cp -a \"$1/.\" \"$2\"", "rsync -aX \"$1/\" \"$2\"",
        "tar --xattrs --xattrs-include='*' -C \"$1\" -cf - . | tar --xattrs -C \"$2\" -xpf -"}) {
    const TempDir to;
    const Ran ran = Shell(copy, {mount.File("tree"), to.path()});
    EXPECT_EQ(ran.code, 0) << copy << ": " << ran.err;
    EXPECT_EQ(Shell("cd \"$1\" && " + state, {to.path()}).out, here.out) << copy;
    EXPECT_EQ(Shell("getfattr -R -d -m - \"$1\"", {to.path()}).out, "") << copy;
    EXPECT_EQ(CheckOracleFile(to / "below/file", 100'000), "") << copy;
  }
}

TEST_F(ProgramsTest, ThatShowMountsAndTheirSpaceHaveSomethingToSay) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 10);
  for (const char* const driver : {"driver=mmap", "driver=memory"}) {
    Mount& mount = Attach(origin->url(), {driver});
    EXPECT_EQ(RunCommand({"findmnt", "-n", "-o", "SOURCE,FSTYPE", mount.path()}).out,
              origin->url() + " fuse.brimfs\n");
    EXPECT_EQ(RunCommand({"stat", "-f", "-c", "%l", mount.path()}).out, "255\n");
    const Ran df = RunCommand({"df", "--output=source,target", mount.path()});
    EXPECT_EQ(df.code, 0) << df.err;
    EXPECT_NE(df.out.find(origin->url() + " " + mount.path()), std::string::npos) << df.out;
    EXPECT_EQ(Shell("df -a \"$1\" && df -i \"$1\"", {mount.path()}).code, 0);
    Detach(mount);
  }
}

}  // namespace
}  // namespace brimfs
