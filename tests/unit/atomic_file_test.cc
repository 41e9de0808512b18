#include "fs/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::HasSubstr;

class AtomicFileTest : public ::testing::Test {
 protected:
  static constexpr auto kFail = AtomicFile::IfThere::kFail;
  static constexpr auto kReplace = AtomicFile::IfThere::kReplace;

  static void Write(AtomicFile& file, const std::string& text) {
    ASSERT_EQ(write(file.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  size_t Names() const {
    const std::filesystem::directory_iterator names(dir_.path());
    return static_cast<size_t>(std::distance(begin(names), end(names)));
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "file";
};

TEST_F(AtomicFileTest, ItHasItsNameOnceItIsPublished) {
  const auto file = AtomicFile::Create(path_, kFail);
  ASSERT_TRUE(file.ok()) << file.status().message();
  Write(**file, "content");
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE((*file)->Publish().ok());
  EXPECT_EQ(ReadFile(path_), "content");
  EXPECT_EQ(Names(), 1u);
}

TEST_F(AtomicFileTest, OneThatIsNotPublishedLeavesNothing) {
  { Write(**AtomicFile::Create(path_, kFail), "content"); }
  EXPECT_EQ(Names(), 0u);
}

TEST_F(AtomicFileTest, ItsModeIsWhatTheUmaskLeaves) {
  const mode_t before = umask(0137);
  EXPECT_TRUE((*AtomicFile::Create(path_, kFail))->Publish().ok());
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST_F(AtomicFileTest, WhatIsThereIsKept) {
  WriteFile(path_, "mine");
  EXPECT_THAT(AtomicFile::Create(path_, kFail).status().message(), HasSubstr("--force"));
  EXPECT_EQ(ReadFile(path_), "mine");
}

TEST_F(AtomicFileTest, WhatComesMeanwhileIsKeptToo) {
  const auto file = AtomicFile::Create(path_, kFail);
  ASSERT_TRUE(file.ok());
  WriteFile(path_, "mine");
  EXPECT_EQ((*file)->Publish().code(), Code::kInvalidArgument);
  EXPECT_EQ(ReadFile(path_), "mine");
  EXPECT_EQ(Names(), 1u);
}

TEST_F(AtomicFileTest, ItReplacesInOneStepIfItMay) {
  WriteFile(path_, "old");
  const auto file = AtomicFile::Create(path_, kReplace);
  ASSERT_TRUE(file.ok());
  Write(**file, "new");
  EXPECT_EQ(ReadFile(path_), "old");
  EXPECT_TRUE((*file)->Publish().ok());
  EXPECT_EQ(ReadFile(path_), "new");
  EXPECT_EQ(Names(), 1u);
}

TEST_F(AtomicFileTest, ADirectoryIsNeverReplaced) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(AtomicFile::Create(path_, kReplace).code(), Code::kIsDirectory);
}

TEST_F(AtomicFileTest, NeitherAPipeNorTheWayToADeviceIsReplaced) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/null", dir_ / "null");
  for (const auto if_there : {kFail, kReplace}) {
    for (const std::string& path : {path_, dir_ / "null"}) {
      EXPECT_THAT(AtomicFile::Create(path, if_there).status().message(),
                  HasSubstr("no regular file"));
    }
  }
}

TEST_F(AtomicFileTest, WhereItCannotBeIsSaid) {
  EXPECT_THAT(AtomicFile::Create(dir_ / "none/file", kFail).status().message(), HasSubstr("none"));
}

}  // namespace
}  // namespace brimfs
