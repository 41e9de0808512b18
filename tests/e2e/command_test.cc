#include "tests/e2e/command_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr auto kPatience = seconds(30);

// False: nothing happened until `deadline`.
bool Poll(int fd, short events, TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
  pollfd wait{fd, events, 0};
  return poll(&wait, 1, std::max(0, static_cast<int>(left.count()))) > 0;
}

bool HasMount(const std::string& directory) {
  return ReadFile("/proc/self/mountinfo").find(" " + directory + " ") != std::string::npos;
}

bool AwaitMount(const std::string& directory, bool there) {
  // POLLPRI says that a mount has come or gone since the file was read last.
  const UniqueFd mounts(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  const TimePoint deadline = Clock::Steady().Now() + kPatience;
  while (HasMount(directory) != there) {
    if (!Poll(mounts.get(), POLLPRI, deadline)) return false;
  }
  return true;
}

}  // namespace

void CommandTest::SetUp() {
  E2eTest::SetUp();
  if (IsSkipped()) return;
  std::filesystem::create_directory(mountpoint_);
}

void CommandTest::TearDown() {
  while (umount2(mountpoint_.c_str(), MNT_DETACH) == 0) {
  }
  EXPECT_TRUE(AwaitDaemonsEnd());
  E2eTest::TearDown();
}

Ran CommandTest::Brimfs(const std::string& source, const std::vector<std::string>& more) {
  std::vector<std::string> argv = Arguments(source);
  argv.insert(argv.end(), {"-o", CacheOption()});
  argv.insert(argv.end(), more.begin(), more.end());
  return RunCommand(argv, seconds(60));
}

bool CommandTest::Mounted() const { return HasMount(mountpoint_); }

bool CommandTest::AwaitMounted(const std::string& directory) { return AwaitMount(directory, true); }

bool CommandTest::AwaitUnmounted() const { return AwaitMount(mountpoint_, false); }

std::vector<pid_t> CommandTest::Daemons() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const std::string line = ReadFile(entry.path() / "cmdline");
    if (line.find(mountpoint_) != std::string::npos) found.push_back(pid);
  }
  return found;
}

bool CommandTest::AwaitEnd(const std::vector<pid_t>& processes) {
  const TimePoint deadline = Clock::Steady().Now() + kPatience;
  for (const pid_t pid : processes) {
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (process.valid() && !Poll(process.get(), POLLIN, deadline)) return false;
  }
  return true;
}

void InstalledTest::SetUp() {
  CommandTest::SetUp();
  if (IsSkipped()) return;
  if (!namespace_.status().ok()) GTEST_SKIP() << namespace_.status().message();
  const Status installed = namespace_.Install();
  ASSERT_TRUE(installed.ok()) << installed.message();
  ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
}

}  // namespace brimfs
