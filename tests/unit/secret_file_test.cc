#include "backends/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

class SecretFileTest : public testing::Test {
 protected:
  SecretFileTest() {
    WriteFile(file_, "s3cret");
    chmod(file_.c_str(), 0600);
  }

  // Refused by both functions, with the name and without the content.
  Status Refused(const std::string& path) {
    const Status status = ReadSecretFile(path).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(CheckSecretFile(path).status().message(), status.message());
    EXPECT_THAT(status.message(), HasSubstr(path));
    EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
    return status;
  }

  const TempDir dir_;
  const std::string file_ = dir_ / "secret";
};

TEST_F(SecretFileTest, OneOfOursIsRead) {
  for (const mode_t mode : {0600, 0400, 0700}) {
    chmod(file_.c_str(), mode);
    const auto file = ReadSecretFile(file_);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(file->text, "s3cret");
    EXPECT_EQ(file->stamp, *CheckSecretFile(file_));
  }
}

TEST_F(SecretFileTest, OneThatOthersMayUseIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0640, 0620, 0604, 0602, 0601}) {
    chmod(file_.c_str(), mode);
    const Status status = Refused(file_);
    EXPECT_EQ(status.code(), Code::kDenied);
    EXPECT_THAT(status.message(), HasSubstr("chmod 600"));
  }
}

TEST_F(SecretFileTest, OneOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(chown(file_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(Refused(file_).message(), HasSubstr("65534"));
}

TEST_F(SecretFileTest, ASymbolicLinkIsNotFollowed) {
  const std::string link = dir_ / "link";
  ASSERT_EQ(symlink(file_.c_str(), link.c_str()), 0);
  EXPECT_THAT(Refused(link).message(), HasSubstr("symbolic link"));
}

TEST_F(SecretFileTest, WhatIsNoFileIsRefusedWithoutWaiting) {
  const std::string pipe = dir_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(Refused(pipe).code(), Code::kInvalidArgument);
  EXPECT_EQ(Refused(dir_.path()).code(), Code::kInvalidArgument);
  EXPECT_EQ(Refused(dir_ / "missing").code(), Code::kNotFound);
}

TEST_F(SecretFileTest, AHugeFileIsRefused) {
  ASSERT_EQ(truncate(file_.c_str(), 64 * 1024 + 1), 0);
  EXPECT_EQ(Refused(file_).code(), Code::kInvalidArgument);
}

TEST_F(SecretFileTest, AChangeChangesTheStamp) {
  const auto before = CheckSecretFile(file_);
  const std::string other = dir_ / "other";
  WriteFile(other, "s3cret");
  chmod(other.c_str(), 0600);
  ASSERT_EQ(rename(other.c_str(), file_.c_str()), 0);
  EXPECT_NE(*before, *CheckSecretFile(file_));
}

}  // namespace
}  // namespace brimfs
