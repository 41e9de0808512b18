// brimfs evict, pin and unpin on a running mount, at a terminal and in a pipe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

#include "tests/e2e/e2e_test.h"
#include "tests/support/pseudo_terminal.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMiB = 1 << 20;

// While it lives nothing can be recorded in a cache directory: who wants to waits, up to ten
// seconds.
class BusyCatalogue {
 public:
  explicit BusyCatalogue(const std::string& cache)
      : process_({"python3", "-c",
                  "import sqlite3, sys, time\n"
                  "c = sqlite3.connect(sys.argv[1] + '/catalogue.db', isolation_level=None)\n"
                  "c.execute('BEGIN IMMEDIATE')\n"
                  "print('busy', flush=True)\n"
                  "time.sleep(100)\n",
                  cache}) {
    while (process_.out().empty()) {
      EXPECT_EQ(process_.Wait(std::chrono::milliseconds(10)), std::nullopt) << process_.err();
      if (testing::Test::HasFailure()) return;
    }
  }

 private:
  Process process_;
};

class KeepCommandsTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    for (const char* const name : {"one", "two", "three"}) {
      origin_->PutOracle("dir/" + std::string(name), kMiB);
    }
  }
  void TearDown() override {
    E2eTest::TearDown();
    origin_.reset();
  }

  static Ran Brimfs(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BrimfsProgram());
    return RunCommand(std::move(arguments));
  }

  // All of it, and it is recorded: who pins sees to that.
  static void FillAndPin(const Mount& mount) {
    ASSERT_EQ(Brimfs({"fill", "-q", mount.path()}).code, 0);
    ASSERT_EQ(Brimfs({"pin", "-q", mount.path()}).code, 0);
  }

  static bool ShowsFiles(const std::string& shown) {
    return LastLine(shown).find(" files") != std::string::npos;
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(KeepCommandsTest, CtrlCStopsAnEvictAndTheMountGoesOnWithNoOtherFile) {
  Mount& mount = Attach(origin_->url());
  FillAndPin(mount);
  ASSERT_EQ(Brimfs({"unpin", "-q", mount.path()}).code, 0);
  {
    const BusyCatalogue busy(mount.cache());
    PseudoTerminal evict({BrimfsProgram(), "evict", mount.path()}, 80);
    EXPECT_TRUE(evict.Await(ShowsFiles)) << evict.shown();
    evict.Type("\x03");
    EXPECT_EQ(evict.Wait(), 130);
    EXPECT_THAT(evict.shown(), HasSubstr("brimfs evict: stopped; what was done is kept\r\n"));
    EXPECT_THAT(evict.shown(), Not(HasSubstr("evicted")));
  }
  const Ran rest = Brimfs({"evict", mount.path()});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.out, testing::AnyOf(HasSubstr(": 2 files, 2.0M evicted"),
                                       HasSubstr(": 3 files, 3.0M evicted")));
}

TEST_F(KeepCommandsTest, CtrlCStopsAnUnpin) {
  Mount& mount = Attach(origin_->url());
  FillAndPin(mount);
  {
    const BusyCatalogue busy(mount.cache());
    PseudoTerminal unpin({BrimfsProgram(), "unpin", mount.path()}, 80);
    EXPECT_TRUE(unpin.Await(ShowsFiles)) << unpin.shown();
    unpin.Type("\x03");
    EXPECT_EQ(unpin.Wait(), 130);
  }
  EXPECT_THAT(Brimfs({"unpin", mount.path()}).out,
              testing::AnyOf(HasSubstr(": 2 files unpinned"), HasSubstr(": 3 files unpinned")));
}

TEST_F(KeepCommandsTest, CtrlCStopsAPinThatWaitsForTheSource) {
  origin_->SetIndex(Origin::Index::kNames);  // each file is asked for
  Mount& mount = Attach(origin_->url());
  origin_->CloseHeadGate("dir/two");
  PseudoTerminal pin({BrimfsProgram(), "pin", mount.path()}, 80);
  origin_->AwaitAtGate("dir/two", 1);
  EXPECT_TRUE(pin.Await(ShowsFiles)) << pin.shown();
  pin.Type("\x03");
  EXPECT_EQ(pin.Wait(), 130);
  origin_->OpenGate("dir/two");
}

TEST_F(KeepCommandsTest, SigtermStopsAnEvictInAPipe) {
  Mount& mount = Attach(origin_->url());
  FillAndPin(mount);
  ASSERT_EQ(Brimfs({"unpin", "-q", mount.path()}).code, 0);
  const BusyCatalogue busy(mount.cache());
  Process evict({BrimfsProgram(), "evict", mount.path()});
  // Its thread in the mount is there once it asks.
  while (Shell("cat /proc/$1/task/*/comm", {std::to_string(mount.daemon().pid())})
             .out.find("control client") == std::string::npos) {
    ASSERT_EQ(evict.Wait(std::chrono::milliseconds(10)), std::nullopt) << evict.err();
  }
  evict.Signal(SIGTERM);
  EXPECT_EQ(evict.Wait(), 128 + SIGTERM);
}

TEST_F(KeepCommandsTest, ANameDoesNotDrawOnTheTerminal) {
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(Brimfs({"fill", "-q", mount.path()}).code, 0);
  const TempDir dir;
  const std::string name = dir / "e\x1b[2Jvil";
  std::filesystem::create_directory_symlink(mount.File("dir"), name);
  for (const char* const command : {"pin", "unpin", "evict"}) {
    const Ran ran = Brimfs({command, name});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("e\\x1b[2Jvil: 3 files")) << command;
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("\x1b")));
  }
}

TEST_F(KeepCommandsTest, AMountWhoseSocketWasRemovedIsAskedOverANewOne) {
  Mount& mount = Attach(origin_->url());
  const std::string get = "getfattr --only-values -n user.brimfs.control \"$1\"";
  const std::string socket = Shell(get, {mount.path()}).out;
  ASSERT_TRUE(std::filesystem::remove(socket));
  const Ran ran = Brimfs({"status", mount.path()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(Shell(get, {mount.path()}).out, socket);
}

}  // namespace
}  // namespace brimfs
