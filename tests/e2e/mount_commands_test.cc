// The commands on a running mount in a pipe: what they do, say and exit with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/lines.h"

namespace brimfs {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr uint64_t kMiB = 1 << 20;

std::string ControlOf(const std::string& path) {
  char value[4096];
  const ssize_t size = getxattr(path.c_str(), "user.brimfs.control", value, sizeof value);
  return size < 0 ? "" : std::string(value, static_cast<size_t>(size));
}

class MountCommandsTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("big", 16 * kMiB);
    origin_->PutOracle("dir/one", kMiB);
    origin_->PutOracle("dir/sub/two", 2 * kMiB);
  }
  void TearDown() override {
    E2eTest::TearDown();
    origin_.reset();
  }

  static Ran Brimfs(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BrimfsProgram());
    return RunCommand(std::move(arguments));
  }

  static json FileStatusOf(const std::string& path) {
    const Ran ran = Brimfs({"status", "--json", path});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return json::parse(ran.out).at("files").at(0);
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(MountCommandsTest, FillBringsInATreeWithALineAFileAndAsksNothingAgain) {
  Mount& mount = Attach(origin_->url());
  const Ran ran = Brimfs({"fill", mount.path()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(Lines(ran.out), UnorderedElementsAre(mount.File("big") + ": 16.0M filled",
                                                   mount.File("dir/one") + ": 1.0M filled",
                                                   mount.File("dir/sub/two") + ": 2.0M filled"));
  EXPECT_EQ(origin_->counters().paths.at("big").body_bytes, 16 * kMiB);
  const Ran again = Brimfs({"fill", "-q", mount.path()});
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.out + again.err, "");
  EXPECT_EQ(CheckOracleFile(mount.File("big"), 16 * kMiB), "");
  EXPECT_EQ(CheckOracleFile(mount.File("dir/sub/two"), 2 * kMiB), "");
  EXPECT_EQ(origin_->counters().paths.at("big").body_bytes, 16 * kMiB);
}

TEST_F(MountCommandsTest, StatusOfAFileSaysWhatIsFilledAndWhoReads) {
  Mount& mount = Attach(origin_->url());
  EXPECT_EQ(FileStatusOf(mount.File("big")).at("state"), "untouched");
  const Descriptor open(mount.File("big"));
  open.AdviseRandom();
  EXPECT_EQ(CheckOracle(open, {8 * kMiB, 8 * kMiB + 4096}), "");
  const json file = FileStatusOf(mount.File("big"));
  EXPECT_EQ(file.at("path"), mount.File("big"));
  EXPECT_EQ(file.at("url"), origin_->url("big"));
  EXPECT_EQ(file.at("length"), 16 * kMiB);
  EXPECT_GE(file.at("filled"), 4096);
  EXPECT_LT(file.at("filled"), 16 * kMiB);
  EXPECT_EQ(file.at("ranges").at(0).at(0), 8 * kMiB);
  EXPECT_EQ(file.at("readers"), 1);
  EXPECT_EQ(file.at("state"), "active");
  EXPECT_EQ(file.at("pinned"), false);
  EXPECT_NE(file.at("version"), "");
  const Ran text = Brimfs({"status", mount.File("big")});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr(mount.File("big") + "\n"));
  EXPECT_THAT(text.out, HasSubstr("  readers  1\n"));
}

TEST_F(MountCommandsTest, StatusWithoutAPathShowsEveryMountAndWithADirectoryItsOwn) {
  Mount& first = Attach(origin_->url());
  Mount& second = Attach(origin_->url("dir") + "/", {"driver=memory"});
  EXPECT_EQ(CheckOracleFile(second.File("one"), kMiB), "");
  const json all = json::parse(Brimfs({"status", "--json"}).out);
  std::vector<std::string> mountpoints;
  for (const json& mount : all.at("mounts")) mountpoints.push_back(mount.at("mountpoint"));
  EXPECT_THAT(mountpoints, testing::IsSupersetOf({first.path(), second.path()}));

  const json one = json::parse(Brimfs({"status", "--json", second.path()}).out).at("mounts").at(0);
  EXPECT_EQ(one.at("mountpoint"), second.path());
  EXPECT_EQ(one.at("driver"), "memory");
  EXPECT_EQ(one.at("cache"), "");
  EXPECT_EQ(one.at("pid"), second.daemon().pid());
  EXPECT_EQ(one.at("bytes_fetched"), kMiB);
  EXPECT_EQ(one.at("bytes_read"), kMiB);
  EXPECT_EQ(one.at("memory_limit"), 256 * kMiB);
  EXPECT_GE(one.at("requests"), 1);
  const Ran text = Brimfs({"status", first.path()});
  EXPECT_THAT(text.out, HasSubstr(origin_->url() + " on " + first.path() + "\n"));
  EXPECT_THAT(text.out, HasSubstr("  cache         " + first.cache() + "\n"));
}

TEST_F(MountCommandsTest, WatchSaysALineASecondUntilItIsInterrupted) {
  Mount& mount = Attach(origin_->url());
  Process watch({BrimfsProgram(), "status", "--watch", "--json", mount.path()});
  while (Lines(watch.out()).size() < 2) {
    ASSERT_EQ(watch.Wait(std::chrono::milliseconds(20)), std::nullopt) << watch.err();
  }
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(), 0);
  for (const std::string& line : Lines(watch.out())) {
    EXPECT_EQ(json::parse(line).at("mounts").size(), 1u);
  }
}

TEST_F(MountCommandsTest, EvictLetsGoAndKeepsWhatIsOpenAndSaysSo) {
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(Brimfs({"fill", "-q", mount.path()}).code, 0);
  {
    const Descriptor open(mount.File("big"));
    const Ran ran = Brimfs({"evict", mount.path()});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, mount.path() + ": 2 files, 3.0M evicted\n");
    EXPECT_EQ(ran.err, "brimfs evict: " + mount.File("big") + ": open; it stays\n");
  }
  EXPECT_EQ(FileStatusOf(mount.File("dir/one")).at("filled"), 0);
  EXPECT_EQ(FileStatusOf(mount.File("big")).at("filled"), 16 * kMiB);
  EXPECT_EQ(CheckOracleFile(mount.File("dir/one"), kMiB), "") << "it is fetched again";
}

TEST_F(MountCommandsTest, APinKeepsAFileOverEvictAndRemountUntilItIsUndone) {
  const TempDir cache;
  const std::vector<std::string> options = {"cache=" + cache.path()};
  Mount& mount = Attach(origin_->url(), options);
  EXPECT_EQ(Brimfs({"pin", mount.File("dir")}).out, mount.File("dir") + ": 2 files pinned\n");
  ASSERT_EQ(Brimfs({"fill", "-q", mount.path()}).code, 0);
  const Ran kept = Brimfs({"evict", mount.path()});
  EXPECT_EQ(kept.code, 1);
  EXPECT_EQ(kept.out, mount.path() + ": 1 file, 16.0M evicted\n");
  EXPECT_THAT(kept.err, HasSubstr(mount.File("dir/one") + ": pinned; it stays\n"));
  const Ran one = Brimfs({"evict", mount.File("dir/one")});
  EXPECT_EQ(one.code, 1);
  EXPECT_EQ(one.out, "") << "nothing was evicted";
  EXPECT_THAT(one.err, HasSubstr("pinned; it stays"));
  Detach(mount);

  const json listed = json::parse(Brimfs({"cache", "--json", cache.path()}).out);
  EXPECT_EQ(listed.at("entries").size(), 2u);
  for (const json& entry : listed.at("entries")) EXPECT_EQ(entry.at("pinned"), true);

  Mount& again = Attach(origin_->url(), options);
  EXPECT_EQ(FileStatusOf(again.File("dir/one")).at("pinned"), true);
  EXPECT_EQ(FileStatusOf(again.File("dir/one")).at("state"), "stored");
  EXPECT_EQ(Brimfs({"unpin", again.path()}).out, again.path() + ": 2 files unpinned\n");
  EXPECT_EQ(Brimfs({"evict", again.path()}).code, 0);
  EXPECT_EQ(FileStatusOf(again.File("dir/one")).at("filled"), 0);
}

TEST_F(MountCommandsTest, MapIsAsWideAsColumnsSaysAndEightyInAPipe) {
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(Brimfs({"fill", "-q", mount.File("dir/one")}).code, 0);
  const Ran full =
      Shell("env -u COLUMNS LC_ALL=C \"$1\" map \"$2\"", {BrimfsProgram(), mount.File("dir/one")});
  EXPECT_EQ(full.code, 0) << full.err;
  EXPECT_EQ(Lines(full.out).at(0), "     0B |" + std::string(70, '#') + "|");
  const Ran empty =
      Shell("COLUMNS=40 LC_ALL=C \"$1\" map \"$2\"", {BrimfsProgram(), mount.File("big")});
  EXPECT_EQ(Lines(empty.out).at(0), "     0B |" + std::string(30, '.') + "|");
  EXPECT_EQ(Lines(empty.out).size(), 9u) << "eight rows, and a legend";
}

TEST_F(MountCommandsTest, WhatIsNotInAMountIsOneLineAndTheOthersAreDone) {
  Mount& mount = Attach(origin_->url());
  const TempDir dir;
  WriteFile(dir / "file", "x");
  ASSERT_EQ(setxattr((dir / "file").c_str(), "user.brimfs.control", "/dev/null", 9, 0), 0);
  for (const char* const command : {"status", "fill", "evict", "pin", "unpin", "map"}) {
    for (const std::string& path : {dir / "file", dir / "missing", std::string("/")}) {
      const Ran ran = Brimfs({command, path});
      EXPECT_EQ(ran.code, 1) << command << " " << path;
      EXPECT_EQ(Lines(ran.err).size(), 1u) << ran.err;
      EXPECT_TRUE(ran.err.starts_with("brimfs " + std::string(command) + ": " + path + ": "))
          << ran.err;
    }
  }
  const Ran both = Brimfs({"fill", dir / "file", mount.File("dir/one")});
  EXPECT_EQ(both.code, 1);
  EXPECT_EQ(both.out, mount.File("dir/one") + ": 1.0M filled\n");
  EXPECT_THAT(both.err, HasSubstr("not in a mount of brimfs"));
}

TEST_F(MountCommandsTest, AFileThatTheSourceRefusesIsOneLineAndTheRestIsFilled) {
  Mount& mount = Attach(origin_->url(), {"timeout=2s"});
  OriginFault refusal;
  refusal.name = "status";
  refusal.argument = "403";
  refusal.phase = OriginFault::Phase::kRanged;
  refusal.path = "dir/one";
  refusal.count = OriginFault::kForEver;
  origin_->Inject(refusal);
  const Ran ran = Brimfs({"fill", mount.File("dir")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(Lines(ran.err).size(), 1u) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("brimfs fill: " + mount.File("dir/one") + ": "));
  EXPECT_EQ(ran.out, mount.File("dir/sub/two") + ": 2.0M filled\n");
}

TEST_F(MountCommandsTest, WrongArgumentsAreTwoAndEveryCommandHasHelp) {
  for (const char* const command : {"status", "fill", "evict", "pin", "unpin", "map"}) {
    const Ran wrong = Brimfs({command, "--nonsense"});
    EXPECT_EQ(wrong.code, 2) << command;
    EXPECT_THAT(wrong.err, HasSubstr("usage: brimfs " + std::string(command)));
    const Ran help = Brimfs({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Usage: brimfs " + std::string(command)));
    if (std::string(command) == "status") continue;
    EXPECT_EQ(Brimfs({command}).code, 2) << command << " without a path";
  }
}

TEST_F(MountCommandsTest, TheSocketIsPrivateHiddenAndGoneAfterTheUnmount) {
  Mount& mount = Attach(origin_->url());
  const std::string socket = ControlOf(mount.path());
  EXPECT_THAT(socket, HasSubstr("/run/brimfs/"));
  EXPECT_EQ(ControlOf(mount.File("big")), socket);
  EXPECT_EQ(std::filesystem::status(socket).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  char names[256];
  EXPECT_EQ(listxattr(mount.File("big").c_str(), names, sizeof names), 0);
  Detach(mount);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST_F(MountCommandsTest, WhatAKilledDaemonLeavesTheNextMountRemoves) {
  std::string dead;
  {
    Mount killed(origin_->url());
    ASSERT_TRUE(killed.started().ok()) << killed.started().message();
    dead = ControlOf(killed.path());
    killed.daemon().Signal(SIGKILL);
    EXPECT_EQ(killed.daemon().Wait(), 128 + SIGKILL);
    const Ran ran = Brimfs({"status", killed.path()});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(Lines(ran.err).size(), 1u) << ran.err;
    (void)killed.Stop();
  }
  // Another test's mount may have been the next one.
  Mount& next = Attach(origin_->url());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_EQ(Brimfs({"status", next.path()}).code, 0);
}

TEST_F(MountCommandsTest, AFillThatIsKilledStopsAndTheDaemonGoesOn) {
  constexpr uint64_t kSize = 512 * kMiB;
  origin_->PutOracle("huge", kSize);
  Mount& mount = Attach(origin_->url());
  const auto status = [&] {
    return json::parse(Brimfs({"status", "--json", mount.path()}).out).at("mounts").at(0);
  };
  origin_->CloseGate("huge", 4 * kMiB);
  Process fill({BrimfsProgram(), "fill", mount.File("huge")});
  origin_->AwaitAtGate("huge", 1);
  EXPECT_GE(status().at("filling"), 1);
  fill.Signal(SIGKILL);
  EXPECT_EQ(fill.Wait(), 128 + SIGKILL);
  const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(60);
  while (status().at("filling") != 0) ASSERT_LT(Clock::Steady().Now(), deadline);
  // What is under way comes to its end, and nothing after it.
  origin_->OpenGate("huge");
  for (json now = status(); now.at("in_flight") != 0 || now.at("queued") != 0; now = status()) {
    ASSERT_LT(Clock::Steady().Now(), deadline) << now;
  }
  EXPECT_LT(FileStatusOf(mount.File("huge")).at("filled"), kSize / 2);
  EXPECT_EQ(CheckOracleFile(mount.File("big"), 16 * kMiB), "");
}

TEST_F(MountCommandsTest, AnEndOfTheDaemonEndsTheFillAndIsNotHeldUpByIt) {
  Mount& mount = Attach(origin_->url());
  origin_->CloseGate("big", 4 * kMiB);
  Process fill({BrimfsProgram(), "fill", mount.File("big")});
  origin_->AwaitAtGate("big", 1);
  mount.daemon().Signal(SIGTERM);
  EXPECT_EQ(fill.Wait(), 1);
  EXPECT_EQ(Lines(fill.err()).size(), 1u) << fill.err();
  EXPECT_EQ(mount.daemon().Wait(), 0);
  origin_->OpenGate("big");
}

TEST_F(MountCommandsTest, NoSecretOfTheSourceIsShown) {
  origin_->Require({.scheme = OriginAuth::Scheme::kBasic, .user = "ann", .password = "canary-1"});
  const TempDir dir;
  WriteFile(dir / "login", "username=ann\npassword=canary-1\n");
  std::filesystem::permissions(dir / "login", std::filesystem::perms(0600));
  Mount& mount =
      Attach(origin_->url("dir") + "/?token=canary-2", {"credentials=" + (dir / "login")});
  EXPECT_EQ(CheckOracleFile(mount.File("one"), kMiB), "");
  for (const std::string& path : {mount.path(), mount.File("one")}) {
    const std::vector<std::vector<std::string>> all = {
        {"status", path}, {"status", "--json", path}, {"fill", path}};
    for (const std::vector<std::string>& arguments : all) {
      const Ran ran = Brimfs(arguments);
      EXPECT_EQ(ran.code, 0) << ran.err;
      EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("canary")));
    }
  }
}

}  // namespace
}  // namespace brimfs
