#include "backends/aws_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(SplitWordsTest, WordsAreSplitAsAShellQuotesThem) {
  EXPECT_THAT(*SplitWords("  /opt/bin/keys --user \t ann\n"),
              ElementsAre("/opt/bin/keys", "--user", "ann"));
  EXPECT_THAT(*SplitWords(R"("/opt/my keys/get" 'it is' a\ b "" x"y"'z')"),
              ElementsAre("/opt/my keys/get", "it is", "a b", "", "xyz"));
  EXPECT_THAT(*SplitWords(R"(p "a \"quoted\" \\ \n" 'no \ escape')"),
              ElementsAre("p", R"(a "quoted" \ \n)", R"(no \ escape)"));
}

TEST(SplitWordsTest, NothingElseOfAShellIsThere) {
  EXPECT_THAT(*SplitWords("p $HOME `id` *.txt | x; y > z"),
              ElementsAre("p", "$HOME", "`id`", "*.txt", "|", "x;", "y", ">", "z"));
}

TEST(SplitWordsTest, AnOpenQuoteOrNoWordIsRefused) {
  for (const char* command : {"p 'a", "p \"a", "", "  ", "''"}) {
    EXPECT_EQ(SplitWords(command).code(), Code::kInvalidArgument) << command;
  }
}

class AwsProcessTest : public testing::Test {
 protected:
  AwsProcessTest() { limits_.deadline = Clock::Steady().Now() + seconds(60); }

  Result<std::string> RunShell(const std::string& line, Duration patience = seconds(60)) {
    return RunForOutput({"sh", "-c", line}, patience, limits_);
  }

  // Until the shell has written its number there.
  pid_t AwaitPid() const {
    for (;;) {
      const std::string text = ReadFile(dir_ / "pid");
      if (text.ends_with('\n')) return std::stoi(text);
      std::this_thread::yield();
    }
  }

  const TempDir dir_;
  CallLimits limits_;
};

TEST_F(AwsProcessTest, TheOutputIsCaughtAndTheErrorsAreNot) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(*RunShell("printf out; printf s3cret >&2"), "out");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(AwsProcessTest, TheInputIsEmpty) { EXPECT_EQ(*RunShell("cat; printf end"), "end"); }

TEST_F(AwsProcessTest, SignalsAreAsAProgramExpectsThem) {
  signal(SIGPIPE, SIG_IGN);  // as libcurl wants it of us
  const auto ignored = RunShell("grep SigIgn /proc/self/status");
  ASSERT_TRUE(ignored.ok());
  const auto mask = std::stoull(ignored->substr(ignored->find('\t') + 1), nullptr, 16);
  EXPECT_EQ(mask & (1ull << (SIGPIPE - 1)), 0u);
}

TEST_F(AwsProcessTest, AProgramThatFailsIsNamedWithoutWhatItSaid) {
  const Status failed = RunShell("echo s3cret; exit 3").status();
  EXPECT_EQ(failed.code(), Code::kDenied);
  EXPECT_THAT(failed.message(), HasSubstr("sh: ended with an error"));
  EXPECT_THAT(failed.message(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(RunShell("kill -9 $$").code(), Code::kDenied);
  const Status missing = RunForOutput({"/no/such/program", "s3cret"}, seconds(1), limits_).status();
  EXPECT_EQ(missing.code(), Code::kDenied);
  EXPECT_THAT(missing.message(), HasSubstr("/no/such/program"));
  EXPECT_THAT(missing.message(), Not(HasSubstr("s3cret")));
}

TEST_F(AwsProcessTest, EndlessOutputIsCutOff) {
  EXPECT_EQ(RunShell("yes").code(), Code::kProtocol);
}

TEST_F(AwsProcessTest, OneThatHangsIsKilledWithWhatItHasStarted) {
  const auto ran =
      RunShell("sleep 1000 & echo $! > " + (dir_ / "pid") + "; wait", milliseconds(200));
  EXPECT_EQ(ran.code(), Code::kTimedOut);
  const pid_t started = AwaitPid();
  // Its parent is gone too: whoever adopts it takes note at some time.
  const auto is_dead = [started] {
    const std::string stat = ReadFile("/proc/" + std::to_string(started) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  };
  const TimePoint until = Clock::Steady().Now() + seconds(30);
  while (!is_dead() && Clock::Steady().Now() < until) std::this_thread::yield();
  EXPECT_TRUE(is_dead());
}

TEST_F(AwsProcessTest, StopEndsTheWaitAtOnce) {
  std::stop_source stop;
  limits_.stop = stop.get_token();
  TimePoint stopped;
  std::thread stopper([&] {
    AwaitPid();
    stopped = Clock::Steady().Now();
    stop.request_stop();
  });
  EXPECT_EQ(RunShell("echo $$ > " + (dir_ / "pid") + "; sleep 1000").code(), Code::kInterrupted);
  stopper.join();
  EXPECT_LT(Clock::Steady().Now() - stopped, milliseconds(100));
}

TEST_F(AwsProcessTest, WhatAnAgentLeftBehindHoldsOpenIsNotWaitedFor) {
  const TimePoint begun = Clock::Steady().Now();
  EXPECT_EQ(*RunShell("echo keys; sleep 20 & echo $! > " + (dir_ / "pid")), "keys\n");
  EXPECT_LT(Clock::Steady().Now() - begun, seconds(10));
  const pid_t agent = AwaitPid();
  EXPECT_EQ(kill(agent, SIGKILL), 0) << "an agent lives on";
}

TEST_F(AwsProcessTest, KeysArePrintedAsJson) {
  const std::string program = dir_ / "my keys";
  WriteFile(program,
            "#!/bin/sh\nprintf '{\"Version\": 1, \"AccessKeyId\": \"%s\", "
            "\"SecretAccessKey\": \"s\"}' \"$1\"\n");
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  const auto keys = KeysOfProcess("'" + program + "' \"of $USER\"", seconds(60), limits_);
  EXPECT_THAT(keys.status().message(), HasSubstr("holds a space")) << "the words are not expanded";
  EXPECT_EQ(KeysOfProcess("'" + program + "' AKID", seconds(60), limits_)->access_key_id, "AKID");
}

}  // namespace
}  // namespace brimfs
