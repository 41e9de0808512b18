// brimfs fill when there is much to fill, and when a mount goes away under it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/unique_fd.h"
#include "tests/e2e/own_mounts_test.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;

// Of all threads, so far.
Duration ProcessorTime(const Process& process) {
  clockid_t clock{};
  timespec time{};
  EXPECT_EQ(clock_getcpuclockid(process.pid(), &clock), 0);
  EXPECT_EQ(clock_gettime(clock, &time), 0);
  return seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Files in `directory` that `process` has open.
size_t OpenIn(const Process& process, const std::string& directory) {
  size_t count = 0;
  std::error_code gone;
  const std::string fds = "/proc/" + std::to_string(process.pid()) + "/fd";
  for (const auto& fd : std::filesystem::directory_iterator(fds, gone)) {
    const std::string file = std::filesystem::read_symlink(fd.path(), gone);
    count += file.starts_with(directory + "/") ? 1 : 0;
  }
  return count;
}

std::string SocketOf(const Mount& mount) {
  char value[4096];
  const ssize_t size = getxattr(mount.path().c_str(), "user.brimfs.control", value, sizeof value);
  EXPECT_GT(size, 0);
  return {value, static_cast<size_t>(std::max<ssize_t>(0, size))};
}

// Is where the socket of a mount was, and closes each connection without an answer, as a mount does
// that has waited long enough for a request. After `times` the mount's own is back.
class ClosingSocket {
 public:
  ClosingSocket(const std::string& path, int times) : path_(path), real_(path + ".real") {
    std::filesystem::rename(path_, real_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_.get(), 8), 0);
    thread_ = std::thread([this, times] { CloseEach(times); });
  }
  ~ClosingSocket() {
    shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
    if (std::filesystem::exists(real_)) std::filesystem::rename(real_, path_);
  }

 private:
  void CloseEach(int times) {
    for (int left = times; left > 0;) {
      const UniqueFd client(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client.valid()) return;
      char request[4096];
      // A mount that starts looks which of the sockets beside its own are dead, and asks nothing.
      if (recv(client.get(), request, sizeof request, 0) <= 0) continue;
      if (--left == 0) std::filesystem::rename(real_, path_);
    }
  }

  const std::string path_;
  const std::string real_;
  const UniqueFd fd_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

class FillCommandTest : public OwnMountsTest {
 protected:
  void SetUp() override {
    OwnMountsTest::SetUp();
    if (IsSkipped()) return;
    origin_->PutOracle("file", 2 * kMiB);
  }
};

TEST_F(FillCommandTest, ManyFilesThatDoNotComeAreWaitedForWithoutWork) {
  std::vector<std::string> files;
  for (int i = 0; i < 60; ++i) {
    files.push_back("many/" + std::to_string(i));
    origin_->PutOracle(files.back(), 64 << 10);
    origin_->CloseGate(files.back());
  }
  const Mount& mount = Attach(origin_->url());
  Process fill({BrimfsProgram(), "fill", mount.path() + "/many"});
  // 32 are asked for, and 16 are the next.
  const TimePoint deadline = Clock::Steady().Now() + seconds(60);
  while (OpenIn(fill, mount.path()) < 48) {
    ASSERT_EQ(fill.Wait(milliseconds(10)), std::nullopt) << fill.err();
    ASSERT_LT(Clock::Steady().Now(), deadline);
  }
  const Duration before = ProcessorTime(fill);
  EXPECT_EQ(fill.Wait(seconds(1)), std::nullopt);
  EXPECT_LT(ProcessorTime(fill) - before, milliseconds(100));
  for (const std::string& file : files) origin_->OpenGate(file);
  EXPECT_EQ(fill.Wait(), 0) << fill.err();
  const std::string out = fill.out();
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 60);
}

TEST_F(FillCommandTest, AMountThatGoesAwayFailsItsOwnFilesAndNoOthers) {
  origin_->PutOracle("other/file", 4 * kMiB);
  Mount& gone = Attach(origin_->url());
  Mount& other = Attach(origin_->url("other") + "/");
  origin_->CloseGate("file", kMiB);
  origin_->CloseGate("other/file", kMiB);
  Process fill({BrimfsProgram(), "fill", gone.File("file"), other.File("file")});
  origin_->AwaitAtGate("file", 1);
  origin_->AwaitAtGate("other/file", 1);
  gone.daemon().Signal(SIGTERM);
  const std::string line =
      "brimfs fill: " + gone.File("file") + ": the mount has closed the connection\n";
  while (fill.err() != line) {
    ASSERT_EQ(fill.Wait(milliseconds(10)), std::nullopt) << fill.err();
    ASSERT_TRUE(line.starts_with(fill.err())) << fill.err();
  }
  origin_->OpenGate("other/file");
  EXPECT_EQ(fill.Wait(), 1);
  EXPECT_EQ(fill.out(), other.File("file") + ": 4.0M filled\n");
  EXPECT_EQ(fill.err(), line);
  EXPECT_EQ(gone.daemon().Wait(), 0);
  origin_->OpenGate("file");
}

TEST_F(FillCommandTest, ARequestThatMeetsAClosingConnectionIsAskedOnceMore) {
  const Mount& mount = Attach(origin_->url());
  const ClosingSocket closing(SocketOf(mount), 1);
  const Ran ran = RunCommand({BrimfsProgram(), "fill", mount.File("file")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, mount.File("file") + ": 2.0M filled\n");
}

TEST_F(FillCommandTest, ARequestThatIsNeverAnsweredFailsItsFile) {
  const Mount& mount = Attach(origin_->url());
  const ClosingSocket closing(SocketOf(mount), 3);
  const Ran ran = RunCommand({BrimfsProgram(), "fill", mount.File("file")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "brimfs fill: " + mount.File("file") + ": the mount has closed the connection\n");
}

}  // namespace
}  // namespace brimfs
