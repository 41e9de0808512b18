#include "core/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace brimfs {
namespace {

TEST(StatusTest, EveryCodeHasItsErrno) {
  EXPECT_EQ(ToErrno(Code::kOk), 0);
  EXPECT_EQ(ToErrno(Code::kEof), 0);
  EXPECT_EQ(ToErrno(Code::kInterrupted), EINTR);
  EXPECT_EQ(ToErrno(Code::kDenied), EACCES);
  EXPECT_EQ(ToErrno(Code::kStale), ESTALE);
  EXPECT_EQ(ToErrno(Code::kNoSpace), ENOSPC);
  EXPECT_EQ(ToErrno(Code::kTimedOut), ETIMEDOUT);
  EXPECT_EQ(ToErrno(Code::kNotFound), ENOENT);
  EXPECT_EQ(ToErrno(Code::kReadOnly), EROFS);
  EXPECT_EQ(ToErrno(Code::kUnavailable), EIO);
  EXPECT_EQ(ToErrno(Code::kIo), EIO);
}

TEST(StatusTest, NamesAreStable) {
  EXPECT_STREQ(CodeName(Code::kOk), "ok");
  EXPECT_STREQ(CodeName(Code::kStale), "stale");
  EXPECT_STREQ(CodeName(Code::kIo), "io");
}

TEST(StatusTest, ErrnosOfTheCacheDiskBecomeCodes) {
  EXPECT_EQ(FromErrno(ENOSPC), Code::kNoSpace);
  EXPECT_EQ(FromErrno(EDQUOT), Code::kNoSpace);
  EXPECT_EQ(FromErrno(EPERM), Code::kDenied);
  EXPECT_EQ(FromErrno(EOPNOTSUPP), Code::kUnsupported);
  EXPECT_EQ(FromErrno(EIO), Code::kIo);
}

TEST(StatusTest, AStaleCacheDiskIsNotAChangedObject) {
  EXPECT_EQ(FromErrno(ESTALE), Code::kIo);
  EXPECT_EQ(FromErrno(ENODEV), Code::kIo);
}

TEST(StatusTest, FromErrnoSaysWhatAndWhy) {
  const Status status = Status::FromErrno(ENOSPC, "writing");
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.ToString(), "no-space: writing: No space left on device");
}

TEST(ResultTest, HoldsWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(**result, 7);
  EXPECT_EQ(result.code(), Code::kOk);
}

TEST(ResultTest, HoldsTheReasonThereIsNothing) {
  const Result<int> result = Status(Code::kStale, "changed");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(), "changed");
}

Status ReturnsEarly(bool* went_on) {
  BRIMFS_RETURN_IF_ERROR(Status(Code::kBusy));
  *went_on = true;
  return OkStatus();
}

TEST(StatusTest, ReturnIfErrorLeavesTheFunction) {
  bool went_on = false;
  EXPECT_EQ(ReturnsEarly(&went_on).code(), Code::kBusy);
  EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace brimfs
