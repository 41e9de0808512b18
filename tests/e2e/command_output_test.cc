// Commands whose output goes nowhere, is full or is not read, and that are told to end or, under
// nohup(1), not to.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "core/unique_fd.h"
#include "tests/e2e/own_mounts_test.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

// A pipe that is full and that nobody reads.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(mkfifo(path().c_str(), 0600), 0);
    fd_ = UniqueFd(open(path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    const std::string bytes(4096, '.');
    while (write(fd_.get(), bytes.data(), bytes.size()) > 0) {
    }
  }
  std::string path() const { return dir_ / "pipe"; }

 private:
  const TempDir dir_;
  UniqueFd fd_;
};

// Whether a thread of `process` is in write(2) to standard output.
bool Writes(const Process& process) {
  const std::string tasks = "/proc/" + std::to_string(process.pid()) + "/task";
  const std::string call = std::to_string(SYS_write) + " 0x1 ";
  std::error_code ended;
  for (const auto& task : std::filesystem::directory_iterator(tasks, ended)) {
    if (ReadFile(task.path() / "syscall").starts_with(call)) return true;
  }
  return false;
}

bool AwaitWrite(Process& process) {
  const TimePoint deadline = Clock::Steady().Now() + seconds(30);
  while (Clock::Steady().Now() < deadline && !process.Wait(milliseconds(5))) {
    if (Writes(process)) return true;
  }
  return false;
}

class CommandOutputTest : public OwnMountsTest {
 protected:
  void SetUp() override {
    OwnMountsTest::SetUp();
    if (IsSkipped()) return;
    origin_->PutOracle("file", 4 * kMiB);
    mount_ = &Attach(origin_->url());
  }

  // All that print something.
  std::vector<std::vector<std::string>> Commands() const {
    const std::string file = mount_->File("file");
    return {{"status"},
            {"status", "--json", file},
            {"status", "--watch", "--json", file},
            {"map", file},
            {"fill", file},
            {"pin", file},
            {"unpin", file},
            {"evict", file},
            {"ls", "-o", "config=none", origin_->url()},
            {"doctor", "-o", "config=none", origin_->url("file")},
            {"cache", mount_->cache()},
            {"check", "-n", mount_->cache()},
            {"completion", "options"},
            {"status", "--help"},
            {"--version"}};
  }

  static std::vector<std::string> Brimfs(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BrimfsProgram());
    return arguments;
  }

  // Started so that it ignores SIGHUP and SIGINT: as by nohup(1), and in the background of a
  // script.
  static std::vector<std::string> IgnoringSignals(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh"};
    for (const std::string& argument : Brimfs(arguments)) argv.push_back(argument);
    return argv;
  }

  Mount* mount_ = nullptr;
};

TEST_F(CommandOutputTest, AFullDiskIsAnErrorThatIsSaid) {
  for (const std::vector<std::string>& command : Commands()) {
    Process process(Brimfs(command),
                    {.environment = {}, .keep_fds = {}, .stdout_file = "/dev/full"});
    const int code = process.Wait(seconds(60)).value_or(-1);
    EXPECT_EQ(code, command[0] == "check" ? 8 : command[0] == "--version" ? 2 : 1) << command[0];
    const std::string err = process.err();
    EXPECT_THAT(err, HasSubstr("write error: No space left on device\n")) << command[0];
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
  }
}

TEST_F(CommandOutputTest, AReaderWhoHasGoneEndsThemAsItEndsOtherTools) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd write_end(ends[1]);
  close(ends[0]);
  for (const std::vector<std::string>& command : Commands()) {
    std::vector<std::string> argv = {"bash", "-c",
                                     "exec \"$@\" >&" + std::to_string(write_end.get()), "bash"};
    for (const std::string& argument : Brimfs(command)) argv.push_back(argument);
    Process process(argv, {.environment = {}, .keep_fds = {write_end.get()}, .stdout_file = {}});
    EXPECT_EQ(process.Wait(seconds(60)), 128 + SIGPIPE) << command[0];
    EXPECT_EQ(process.err(), "");
  }
}

TEST_F(CommandOutputTest, ASignalEndsWhatWaitsForAReader) {
  const FullPipe pipe;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process fill(Brimfs({"fill", mount_->File("file")}),
                 {.environment = {}, .keep_fds = {}, .stdout_file = pipe.path()});
    Process watch(Brimfs({"status", "--watch", "--json", mount_->path()}),
                  {.environment = {}, .keep_fds = {}, .stdout_file = pipe.path()});
    for (Process* const process : {&fill, &watch}) {
      ASSERT_TRUE(AwaitWrite(*process));
      process->Signal(signal);
    }
    EXPECT_EQ(fill.Wait(seconds(30)), 128 + signal);
    EXPECT_EQ(fill.err(), "brimfs fill: stopped; what came is kept\n");
    EXPECT_EQ(watch.Wait(seconds(30)), 0);
    EXPECT_EQ(watch.err(), "");
  }
}

TEST_F(CommandOutputTest, ASignalEndsAFillAlsoIfItsErrorsAreNotRead) {
  const FullPipe pipe;
  std::vector<std::string> argv = {"sh", "-c", "exec \"$@\" 2>&1", "sh"};
  for (const std::string& argument : Brimfs({"fill", mount_->File("file")})) {
    argv.push_back(argument);
  }
  Process fill(argv, {.environment = {}, .keep_fds = {}, .stdout_file = pipe.path()});
  ASSERT_TRUE(AwaitWrite(fill));
  fill.Signal(SIGTERM);
  EXPECT_EQ(fill.Wait(seconds(30)), 128 + SIGTERM);
}

TEST_F(CommandOutputTest, AFillUnderNohupGoesOnWhenTheTerminalHasGone) {
  origin_->CloseGate("file", kMiB);
  Process fill(IgnoringSignals({"fill", mount_->File("file")}));
  origin_->AwaitAtGate("file", 1);
  fill.Signal(SIGHUP);
  fill.Signal(SIGINT);
  origin_->OpenGate("file");
  EXPECT_EQ(fill.Wait(seconds(60)), 0);
  EXPECT_EQ(fill.out(), mount_->File("file") + ": 4.0M filled\n");
  EXPECT_EQ(fill.err(), "");
}

TEST_F(CommandOutputTest, AWatchInTheBackgroundOfAScriptGoesOnAfterCtrlC) {
  Process watch(IgnoringSignals({"status", "--watch", "--json", mount_->path()}));
  const auto await_lines = [&](int count) {
    for (std::string out; std::count(out.begin(), out.end(), '\n') < count; out = watch.out()) {
      ASSERT_EQ(watch.Wait(milliseconds(20)), std::nullopt) << watch.err();
    }
  };
  await_lines(1);
  watch.Signal(SIGINT);
  watch.Signal(SIGHUP);
  await_lines(3);
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait(seconds(30)), 0);
}

TEST_F(CommandOutputTest, AGetUnderNohupGoesOnWhenTheTerminalHasGone) {
  const TempDir dir;
  origin_->CloseGate("file", kMiB);
  Process get(IgnoringSignals({"get", "-o", "config=none", origin_->url("file"), dir / "copy"}));
  origin_->AwaitAtGate("file", 1);
  get.Signal(SIGHUP);
  get.Signal(SIGINT);
  origin_->OpenGate("file");
  EXPECT_EQ(get.Wait(seconds(60)), 0) << get.err();
  EXPECT_EQ(std::filesystem::file_size(dir / "copy"), 4 * kMiB);
}

}  // namespace
}  // namespace brimfs
