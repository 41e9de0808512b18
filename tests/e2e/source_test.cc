// What may stand as SOURCE.
#include <gtest/gtest.h>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

class SourceTest : public E2eTest {};

TEST_F(SourceTest, ASingleObjectIsTheOneFileInTheMount) {
  const auto origin = StartOrigin();
  origin->PutOracle("dir/one file", 123456);
  Mount& mount = Attach(origin->url("dir/one file"));
  EXPECT_EQ(RunCommand({"ls", "-A", mount.path()}).out, "one file\n");
  EXPECT_EQ(CheckOracleFile(mount.File("one file"), 123456), "");
  EXPECT_EQ(Descriptor(mount.File("other")).error(), ENOENT);
}

TEST_F(SourceTest, ADirectoryNeedsNoSlash) {
  const auto origin = StartOrigin();
  origin->PutOracle("dir/file", 123456);
  Mount& mount = Attach(origin->url("dir"));
  EXPECT_EQ(CheckOracleFile(mount.File("file"), 123456), "");
}

TEST_F(SourceTest, ALocalDirectoryIsASourceToo) {
  const TempDir local;
  WriteOracleFile(local / "dir/file", 3 << 20);
  for (const std::string& source : {"file://" + local.path() + "/", local.path()}) {
    Mount& mount = Attach(source);
    EXPECT_EQ(CheckOracleFile(mount.File("dir/file"), 3 << 20), "");
    EXPECT_EQ(RunCommand({"ls", mount.path()}).out, "dir\n");
  }
}

}  // namespace
}  // namespace brimfs
