// The commands on a running mount at a terminal: bars, widths, Ctrl-C.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/pseudo_terminal.h"

namespace brimfs {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMiB = 1 << 20;

// Of UTF-8 text.
size_t Columns(const std::string& text) {
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return columns;
}

class MountTerminalTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", 16 * kMiB);
  }
  void TearDown() override {
    E2eTest::TearDown();
    origin_.reset();
  }

  static uint64_t FilledOf(const std::string& path) {
    const Ran ran = RunCommand({BrimfsProgram(), "status", "--json", path});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return nlohmann::json::parse(ran.out).at("files").at(0).at("filled");
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(MountTerminalTest, AFillDrawsABarThatFollowsTheWidthAndEndsWithALine) {
  Mount& mount = Attach(origin_->url());
  origin_->CloseGate("file", 8 * kMiB);
  PseudoTerminal fill({BrimfsProgram(), "fill", mount.path()}, 100, {"LC_ALL=C.UTF-8"});
  EXPECT_TRUE(fill.Await([](const std::string& shown) {
    return LastLine(shown).find("0/1 files") != std::string::npos &&
           LastLine(shown).find("/16.0M") != std::string::npos;
  })) << fill.shown();
  EXPECT_THAT(fill.shown(), HasSubstr("▏"));
  EXPECT_GT(Columns(LastLine(fill.shown())), 60u);

  fill.Resize(40);
  EXPECT_TRUE(fill.Await([](const std::string& shown) {
    return shown.ends_with("\x1b[K") && Columns(LastLine(shown)) < 40;
  })) << fill.shown();
  origin_->OpenGate("file");
  EXPECT_EQ(fill.Wait(), 0);
  EXPECT_THAT(LastLine(fill.shown()), HasSubstr("100%  16.0M/16.0M"));
  EXPECT_TRUE(fill.shown().ends_with("\n"));
}

TEST_F(MountTerminalTest, CtrlCStopsAFillWithinASecondAndKeepsWhatCame) {
  Mount& mount = Attach(origin_->url());
  origin_->CloseGate("file", 8 * kMiB);
  PseudoTerminal fill({BrimfsProgram(), "fill", mount.path()}, 80);
  origin_->AwaitAtGate("file", 1);
  EXPECT_TRUE(fill.Await([](const std::string& shown) {
    return shown.find("8.0M/16.0M") != std::string::npos;
  })) << fill.shown();
  const TimePoint pressed = Clock::Steady().Now();
  fill.Type("\x03");
  EXPECT_EQ(fill.Wait(), 130);
  const Duration took = Clock::Steady().Now() - pressed;
  EXPECT_LT(took, kSanitized ? std::chrono::seconds(10) : std::chrono::seconds(1));
  EXPECT_THAT(fill.shown(), HasSubstr("stopped; what came is kept"));
  EXPECT_LE(FilledOf(mount.File("file")), 8 * kMiB);
  EXPECT_GT(FilledOf(mount.File("file")), 0u);
  origin_->OpenGate("file");
  EXPECT_EQ(RunCommand({BrimfsProgram(), "fill", "-q", mount.path()}).code, 0);
  EXPECT_EQ(FilledOf(mount.File("file")), 16 * kMiB);
}

TEST_F(MountTerminalTest, AResumedFillHasTheRateOfWhatComesNow) {
  Mount& mount = Attach(origin_->url());
  const Descriptor reader(mount.File("file"));
  ASSERT_EQ(CheckOracle(reader, {0, 4 * kMiB}), "");
  origin_->CloseGate("file");
  PseudoTerminal fill({BrimfsProgram(), "fill", mount.path()}, 80);
  EXPECT_TRUE(fill.Await([](const std::string& shown) {
    return shown.find("M/16.0M  0B/s") != std::string::npos;
  })) << fill.shown();
  for (const char* const rate : {"K/s", "M/s", "G/s"}) {
    EXPECT_THAT(fill.shown(), Not(HasSubstr(rate)));
  }
  origin_->OpenGate("file");
  EXPECT_EQ(fill.Wait(), 0);
}

TEST_F(MountTerminalTest, CtrlCWorksWhileTheSourceDoesNotAnswer) {
  origin_->SetIndex(Origin::Index::kNames);  // each file is asked for
  Mount& mount = Attach(origin_->url());
  origin_->CloseHeadGate("file");
  PseudoTerminal fill({BrimfsProgram(), "fill", mount.path()}, 80);
  origin_->AwaitAtGate("file", 1);
  fill.Type("\x03");
  EXPECT_EQ(fill.Wait(), 130);
  origin_->OpenGate("file");
}

TEST_F(MountTerminalTest, QuietDrawsNothing) {
  Mount& mount = Attach(origin_->url());
  PseudoTerminal fill({BrimfsProgram(), "fill", "--quiet", mount.path()}, 80);
  EXPECT_EQ(fill.Wait(), 0);
  EXPECT_EQ(fill.shown(), "");
}

TEST_F(MountTerminalTest, AMapHasTheWidthOfTheTerminalAndItsCharacters) {
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(RunCommand({BrimfsProgram(), "fill", "-q", mount.path()}).code, 0);
  for (const int columns : {50, 120}) {
    PseudoTerminal map({BrimfsProgram(), "map", mount.File("file")}, columns, {"LC_ALL=C.UTF-8"});
    EXPECT_EQ(map.Wait(), 0);
    const std::string row = map.shown().substr(0, map.shown().find('\r'));
    EXPECT_EQ(Columns(row), static_cast<size_t>(columns)) << row;
    EXPECT_THAT(row, HasSubstr("▕█"));
  }
  PseudoTerminal plain({BrimfsProgram(), "map", mount.File("file")}, 50, {"LC_ALL=C"});
  EXPECT_EQ(plain.Wait(), 0);
  EXPECT_THAT(plain.shown(), HasSubstr("|###"));
}

TEST_F(MountTerminalTest, WatchDrawsOverWhatItHasShownAndCtrlCEndsItWell) {
  Mount& mount = Attach(origin_->url());
  PseudoTerminal watch({BrimfsProgram(), "status", "--watch", mount.path()}, 80);
  const auto times = [](const std::string& shown) {
    size_t count = 0;
    for (size_t at = 0; (at = shown.find("\x1b[H", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_TRUE(watch.Await([&](const std::string& shown) { return times(shown) >= 3; }));
  watch.Type("\x03");
  EXPECT_EQ(watch.Wait(), 0);
  EXPECT_THAT(watch.shown(), HasSubstr("  driver"));
}

}  // namespace
}  // namespace brimfs
