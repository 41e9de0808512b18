#include "core/log.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using namespace std::string_literals;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

TEST(EscapeForLogTest, LeavesTextAlone) {
  EXPECT_EQ(EscapeForLog("a name.txt"), "a name.txt");
  EXPECT_EQ(EscapeForLog("Größe 日本 😀"), "Größe 日本 😀");
}

TEST(EscapeForLogTest, EscapesControlBytesAndBackslashes) {
  EXPECT_EQ(EscapeForLog("a\nb\x1b[31m\x7f"s), "a\\x0ab\\x1b[31m\\x7f");
  EXPECT_EQ(EscapeForLog("\0"s), "\\x00");
  EXPECT_EQ(EscapeForLog("a\\x0a"), "a\\x5cx0a");
}

TEST(EscapeForLogTest, EscapesControlCharactersOfTwoBytes) {
  EXPECT_EQ(EscapeForLog("\xc2\x9b"
                         "31m"),
            "\\xc2\\x9b31m");
}

TEST(EscapeForLogTest, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(EscapeForLog("\xff"), "\\xff");
  EXPECT_EQ(EscapeForLog("\xc3"), "\\xc3");           // cut off
  EXPECT_EQ(EscapeForLog("\xc3("), "\\xc3(");         // no continuation
  EXPECT_EQ(EscapeForLog("\xc0\xaf"), "\\xc0\\xaf");  // overlong
  EXPECT_EQ(EscapeForLog("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(EscapeForLog("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(EscapeForLog("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

class LogTest : public testing::Test {
 protected:
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }
};

TEST_F(LogTest, AHostileNameCannotForgeALine) {
  CaptureStderr();
  Log(LogLevel::kWarning, "no such name: x\nbrimfs: error: forged");
  EXPECT_EQ(GetCapturedStderr(), "brimfs: warning: no such name: x\\x0abrimfs: error: forged\n");
}

TEST_F(LogTest, BracesAreNotAFormat) {
  CaptureStderr();
  Log(LogLevel::kError, "{} {0} {");
  EXPECT_EQ(GetCapturedStderr(), "brimfs: error: {} {0} {\n");
}

TEST_F(LogTest, WhatIsLessThanTheLevelIsDropped) {
  CaptureStderr();
  Log(LogLevel::kDebug, "hidden");
  SetLogLevel(LogLevel::kDebug);
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
  Log(LogLevel::kDebug, "shown");
  SetLogLevel(LogLevel::kError);
  EXPECT_FALSE(LogEnabled(LogLevel::kWarning));
  EXPECT_EQ(GetCapturedStderr(), "brimfs: debug: shown\n");
}

TEST_F(LogTest, OnceIsOnceForAKey) {
  CaptureStderr();
  LogOnce("LogTest.key", LogLevel::kInfo, "first");
  LogOnce("LogTest.key", LogLevel::kInfo, "second");
  LogOnce("LogTest.other", LogLevel::kInfo, "third");
  EXPECT_EQ(GetCapturedStderr(), "brimfs: info: first\nbrimfs: info: third\n");
}

}  // namespace
}  // namespace brimfs
