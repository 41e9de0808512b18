// brimfs status where mounts are covered, bound, dead or silent, and names are hostile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/lines.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/pseudo_terminal.h"

namespace brimfs {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> MountpointsIn(const std::string& answer) {
  const json all = json::parse(answer);
  std::vector<std::string> mountpoints;
  for (const json& mount : all.at("mounts")) mountpoints.push_back(mount.at("mountpoint"));
  return mountpoints;
}

// In a namespace where no other mounts of brimfs are.
class StatusTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    namespace_.emplace();
    if (!namespace_->status().ok()) GTEST_SKIP() << namespace_->status().message();
    origin_ = StartOrigin();
    origin_->PutOracle("file", 1000);
  }
  void TearDown() override {
    while (!over_.empty()) Uncover();
    E2eTest::TearDown();
    origin_.reset();
    namespace_.reset();
  }

  // Mounts something on `place`, to be unmounted at the end.
  void Bind(const std::string& what, const std::string& place) {
    ASSERT_EQ(mount(what.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
    over_.push_back(place);
  }
  void Cover(const std::string& place) {
    ASSERT_EQ(mount("tmpfs", place.c_str(), "tmpfs", 0, nullptr), 0);
    over_.push_back(place);
  }
  void Uncover() {
    EXPECT_EQ(umount2(over_.back().c_str(), MNT_DETACH), 0) << over_.back();
    over_.pop_back();
  }

  static Ran Status(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {BrimfsProgram(), "status"});
    return RunCommand(std::move(arguments));
  }
  static std::vector<std::string> Watching(std::vector<std::string> paths = {}) {
    paths.insert(paths.begin(), {BrimfsProgram(), "status", "--watch", "--json"});
    return paths;
  }

  // Until `enough` of the lines that came since the last call; false if the command has ended, or a
  // minute has passed.
  template <typename F>
  bool Await(Process& watch, const F& enough) {
    const TimePoint deadline = Clock::Steady().Now() + std::chrono::minutes(1);
    while (Clock::Steady().Now() < deadline) {
      const std::vector<std::string> lines = Lines(watch.out());
      for (; seen_ < lines.size(); ++seen_) {
        if (enough(lines[seen_])) return true;
      }
      if (watch.Wait(std::chrono::milliseconds(20))) return false;
    }
    return false;
  }
  // Until it shows just these mounts.
  bool AwaitMounts(Process& watch, const std::vector<std::string>& mountpoints) {
    seen_ = Lines(watch.out()).size();
    return Await(watch,
                 [&](const std::string& line) { return MountpointsIn(line) == mountpoints; });
  }

  // As a daemon ends that is killed; what it leaves is unmounted at the end.
  static void Kill(Mount& mount) {
    mount.daemon().Signal(SIGKILL);
    EXPECT_EQ(mount.daemon().Wait(), 128 + SIGKILL);
  }

  std::optional<MountNamespace> namespace_;
  std::unique_ptr<Origin> origin_;
  std::vector<std::string> over_;
  size_t seen_ = 0;  // lines of a watch
};

TEST_F(StatusTest, OfTwoMountsOnOnePlaceTheUpperIsShownOnce) {
  const Mount& lower = Attach(origin_->url());
  const Mount& upper = Attach(origin_->url());
  Bind(upper.path(), lower.path());
  const Ran ran = Status({"--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(MountpointsIn(ran.out), ElementsAre(upper.path()));
}

TEST_F(StatusTest, ACoveredMountIsLeftOutUnlessAnotherPathLeadsToIt) {
  const Mount& covered = Attach(origin_->url());
  const TempDir elsewhere;
  Cover(covered.path());
  const Ran alone = Status();
  EXPECT_EQ(alone.code, 0);
  EXPECT_EQ(alone.err, "");
  EXPECT_EQ(alone.out, "There is no mount of brimfs that you may enter; what is on " +
                           covered.path() + " is covered.\n");

  const Mount& other = Attach(origin_->url());
  const Ran beside = Status({"--json"});
  EXPECT_EQ(beside.code, 0);
  EXPECT_EQ(beside.err, "");
  EXPECT_THAT(MountpointsIn(beside.out), ElementsAre(other.path()));

  Uncover();
  Bind(covered.path(), elsewhere.path());
  Cover(covered.path());
  EXPECT_THAT(MountpointsIn(Status({"--json"}).out), ElementsAre(covered.path(), other.path()));
}

TEST_F(StatusTest, ABindMountOfOneFileLeadsToItsMount) {
  const Mount& mount = Attach(origin_->url());
  const TempDir dir;
  WriteFile(dir / "one", "");
  Bind(mount.File("file"), dir / "one");
  Cover(mount.path());
  const Ran ran = Status({"--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(MountpointsIn(ran.out), ElementsAre(mount.path()));
  EXPECT_THAT(json::parse(ran.out).at("files"), IsEmpty());
  const Ran file = Status({"--json", dir / "one"});
  EXPECT_EQ(json::parse(file.out).at("files").at(0).at("length"), 1000);
}

TEST_F(StatusTest, ADeadMountIsOneLineAndTheWatchOfTheOthersGoesOn) {
  const Mount& alive = Attach(origin_->url());
  Mount dead(origin_->url());
  ASSERT_TRUE(dead.started().ok()) << dead.started().message();
  Kill(dead);
  const Ran once = Status({"--json"});
  EXPECT_EQ(once.code, 1);
  EXPECT_THAT(MountpointsIn(once.out), ElementsAre(alive.path()));

  Process watch(Watching());
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(AwaitMounts(watch, {alive.path()})) << watch.err();
  }
  EXPECT_THAT(Lines(watch.err()), ElementsAre("brimfs status: " + dead.path() +
                                              ": Transport endpoint is not connected"))
      << "once, and not each second";
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(), 1) << "something could not be shown";
}

TEST_F(StatusTest, AWatchGoesOnWhenAMountDiesAndShowsWhatIsMountedInItsPlace) {
  Mount first(origin_->url());
  ASSERT_TRUE(first.started().ok()) << first.started().message();
  const Mount& second = Attach(origin_->url());
  Process watch(Watching({first.path()}));
  EXPECT_TRUE(AwaitMounts(watch, {first.path()})) << watch.err();
  Kill(first);
  EXPECT_TRUE(AwaitMounts(watch, {})) << watch.err();
  Bind(second.path(), first.path());
  EXPECT_TRUE(AwaitMounts(watch, {second.path()})) << watch.err();
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait(), 1);
  Uncover();
}

TEST_F(StatusTest, AWatchIsHeldUpOnceByAMountThatDoesNotAnswer) {
  Mount& silent = Attach(origin_->url());
  const Mount& quick = Attach(origin_->url());
  silent.daemon().Signal(SIGSTOP);
  Process watch(Watching());
  EXPECT_TRUE(AwaitMounts(watch, {quick.path()})) << watch.err();
  const TimePoint begin = Clock::Steady().Now();
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(AwaitMounts(watch, {quick.path()})) << watch.err();
  }
  if (!kSanitized) {
    EXPECT_LT(Clock::Steady().Now() - begin, std::chrono::seconds(12)) << "five each time";
  }
  EXPECT_THAT(Lines(watch.err()),
              ElementsAre("brimfs status: " + silent.path() + ": does not answer"));
  silent.daemon().Signal(SIGCONT);
  EXPECT_TRUE(AwaitMounts(watch, {silent.path(), quick.path()})) << watch.err();
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(), 1);
}

TEST_F(StatusTest, AWatchOfAWrongPathEndsAtOnceAndSaysWhy) {
  const Mount& mount = Attach(origin_->url());
  const std::string missing = mount.File("missing");
  const std::string line = "brimfs status: " + missing + ": No such file or directory";
  Process watch(Watching({mount.path(), missing}));
  EXPECT_EQ(watch.Wait(), 1);
  EXPECT_EQ(watch.out(), "");
  EXPECT_THAT(Lines(watch.err()), ElementsAre(line));

  PseudoTerminal shown({BrimfsProgram(), "status", "--watch", mount.path(), missing}, 80);
  EXPECT_EQ(shown.Wait(), 1);
  EXPECT_EQ(shown.shown(), line + "\r\n");
}

TEST_F(StatusTest, AtATerminalAWatchDrawsWhatCannotBeShownAmongTheRest) {
  const Mount& alive = Attach(origin_->url());
  Mount dead(origin_->url());
  ASSERT_TRUE(dead.started().ok()) << dead.started().message();
  Kill(dead);
  PseudoTerminal watch({BrimfsProgram(), "status", "--watch"}, 200);
  const auto twice = [](const std::string& shown) {
    const size_t second = shown.find("\x1b[H", shown.find("\x1b[J") + 1);
    return second != std::string::npos && shown.find("\x1b[J", second) != std::string::npos;
  };
  EXPECT_TRUE(watch.Await(twice)) << watch.shown();
  const std::string last = watch.shown().substr(watch.shown().rfind("\x1b[H"));
  EXPECT_THAT(last, HasSubstr(" on " + alive.path() + "\x1b[K\r\n"));
  EXPECT_THAT(last, HasSubstr(dead.path() + ": Transport endpoint is not connected\x1b[K\r\n"));
  watch.Type("\x03");
  EXPECT_EQ(watch.Wait(), 1);
}

TEST_F(StatusTest, AtATerminalAWatchOfMoreThanItHoldsDoesNotScroll) {
  (void)Attach(origin_->url());
  (void)Attach(origin_->url());
  PseudoTerminal watch({BrimfsProgram(), "status", "--watch"}, 200, {"LC_ALL=C"});
  EXPECT_TRUE(watch.Await([](const std::string& shown) {
    return shown.find("\x1b[J") != std::string::npos;
  })) << watch.shown();
  const std::string& shown = watch.shown();
  EXPECT_EQ(Lines(shown.substr(0, shown.find("\x1b[J"))).size(), 23u) << "of 24";
  EXPECT_THAT(shown, HasSubstr("\n...\x1b[K\r\n"));
  watch.Type("\x03");
  EXPECT_EQ(watch.Wait(), 0);
}

TEST_F(StatusTest, HostileNamesNeitherDrawNorForgeLines) {
  const std::string hostile = "a\x1b[2Jb\nfile\n  pinned  yes\xc2\x9b\\";
  for (const std::string& name : {hostile, std::string("x\xfe"), std::string("x\xff")}) {
    origin_->PutBytes(name, "bytes");
  }
  Mount& mount = Attach(origin_->url());
  const std::string shown = mount.path() + R"(/a\x1b[2Jb\x0afile\x0a  pinned  yes\xc2\x9b\x5c)";
  const Ran text = Status({mount.File(hostile)});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(Lines(text.out).size(), 10u) << text.out;
  EXPECT_EQ(Lines(text.out).at(0), shown);

  const Ran all = Status({"--json", mount.File(hostile), mount.File("x\xfe"), mount.File("x\xff")});
  EXPECT_EQ(all.code, 0) << all.err;
  const json files = json::parse(all.out).at("files");
  std::vector<std::string> paths;
  for (const json& file : files) paths.push_back(file.at("path"));
  EXPECT_THAT(paths, ElementsAre(shown, mount.File("x\\xfe"), mount.File("x\\xff")));

  const Ran missing = Status({mount.File("no\nsuch\xff")});
  EXPECT_EQ(missing.err,
            "brimfs status: " + mount.File("no\\x0asuch\\xff") + ": No such file or directory\n");
}

TEST_F(StatusTest, WhatAMountSaysOfANameIsEscapedOnce) {
  const std::string hostile = "a\nb\x1b[2J\xff";
  origin_->PutBytes(hostile, "bytes");
  Mount& mount = Attach(origin_->url());
  const Descriptor open(mount.File(hostile));
  ASSERT_EQ(ReadFile(mount.File(hostile)), "bytes");
  const Ran evict = RunCommand({BrimfsProgram(), "evict", mount.path()});
  EXPECT_EQ(evict.err, "brimfs evict: " + mount.path() + "/a\\x0ab\\x1b[2J\\xff: open; it stays\n");
}

}  // namespace
}  // namespace brimfs
