#include "backends/confined_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using Way = ConfinedDirectory::Way;

class ConfinedDirectoryTest : public testing::TestWithParam<Way> {
 protected:
  ConfinedDirectoryTest() {
    WriteFile(temp_ / "outside", "secret");
    WriteFile(temp_ / "root/file", "content");
    WriteFile(temp_ / "root/dir/inner", "content");
    std::filesystem::create_symlink("file", temp_ / "root/inside");
    std::filesystem::create_symlink("../outside", temp_ / "root/relative");
    std::filesystem::create_symlink(temp_ / "outside", temp_ / "root/absolute");
    std::filesystem::create_symlink("/proc/self/root", temp_ / "root/magic");
  }

  Code Open(const std::string& path) { return root_.OpenBelow(path, O_RDONLY).code(); }

  TempDir temp_;
  ConfinedDirectory root_{
      UniqueFd((std::filesystem::create_directory(temp_ / "root"),
                open((temp_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))),
      GetParam()};
};

INSTANTIATE_TEST_SUITE_P(BothWays, ConfinedDirectoryTest,
                         testing::Values(Way::kResolveBeneath, Way::kNoLinks));

TEST_P(ConfinedDirectoryTest, WhatIsInsideOpens) {
  for (const char* path : {"", "file", "dir", "dir/inner"})
    EXPECT_EQ(Open(path), Code::kOk) << path;
}

TEST_P(ConfinedDirectoryTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(Open("nothing"), Code::kNotFound);
  EXPECT_EQ(Open("nothing/below"), Code::kNotFound);
}

TEST_P(ConfinedDirectoryTest, NothingLeadsOutside) {
  for (const char* path : {"..", "../outside", "dir/../../outside", "relative", "absolute",
                           "magic/etc/passwd", "/etc/passwd"}) {
    EXPECT_NE(Open(path), Code::kOk) << path;
  }
  EXPECT_EQ(Open("relative"), Code::kDenied);
  EXPECT_EQ(Open("../outside"), Code::kDenied);
}

TEST_P(ConfinedDirectoryTest, LinksInsideAreFollowedWhereTheKernelChecksThem) {
  const Code expected = GetParam() == Way::kResolveBeneath ? Code::kOk : Code::kDenied;
  EXPECT_EQ(Open("inside"), expected);
}

TEST(ConfinedDirectoryOpenTest, AMissingDirectoryIsNotFoundAndAFileIsNone) {
  TempDir temp;
  WriteFile(temp / "file", "");
  EXPECT_EQ(ConfinedDirectory::Open(temp / "nothing").code(), Code::kNotFound);
  EXPECT_EQ(ConfinedDirectory::Open(temp / "file").code(), Code::kNotDirectory);
}

}  // namespace
}  // namespace brimfs
