#include "core/log.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST_F(LogTest, ALineSaysWhatItIsAbout) {
  CaptureStderr();
  SetLogMount("/mnt/a\nb");
  Log(LogLevel::kInfo, "first");
  {
    const LogScope scope("http://h/a");
    Log(LogLevel::kInfo, "second");
    SetLogRequest("4FE\n");
    Log(LogLevel::kInfo, "http://h/a: third");
    {
      const LogScope inner("http://h/b");
      Log(LogLevel::kInfo, "fourth, of /mnt/a\nb");
    }
    Log(LogLevel::kInfo, "fifth [request 4FE\n]");
  }
  SetLogRequest("of nothing");
  Log(LogLevel::kInfo, "sixth");
  SetLogMount("");
  EXPECT_EQ(GetCapturedStderr(),
            "brimfs: info: first [mount /mnt/a\\x0ab]\n"
            "brimfs: info: second [mount /mnt/a\\x0ab, object http://h/a]\n"
            "brimfs: info: http://h/a: third [mount /mnt/a\\x0ab, request 4FE\\x0a]\n"
            "brimfs: info: fourth, of /mnt/a\\x0ab [object http://h/b]\n"
            "brimfs: info: fifth [request 4FE\\x0a] [mount /mnt/a\\x0ab, object http://h/a]\n"
            "brimfs: info: sixth [mount /mnt/a\\x0ab]\n");
}

TEST_F(LogTest, RepeatedLinesAreCountedAndTheCountIsSaid) {
  CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    const LogScope scope("http://h/" + std::string(1, static_cast<char>('a' + i % 26)));
    Log(LogLevel::kWarning, "no answer in " + std::to_string(i) + " s");
  }
  Log(LogLevel::kError, "another");
  FlushLog();
  std::string log = GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 12);
  EXPECT_NE(log.find("brimfs: warning: no answer in 9 s [object http://h/j]\n"), std::string::npos);
  EXPECT_EQ(log.find("no answer in 10 s"), std::string::npos);
  EXPECT_TRUE(
      log.ends_with("brimfs: error: another\n"
                    "brimfs: warning: no answer in 99 s [object http://h/v] (repeated 90 "
                    "times)\n"))
      << log;
}

TEST_F(LogTest, NothingIsKeptBackThatWasAskedFor) {
  SetLogLevel(LogLevel::kDebug);
  CaptureStderr();
  for (int i = 0; i < 100; ++i) Log(LogLevel::kDebug, "request");
  const std::string log = GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 100);
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
