// The life of the daemon: when the command returns, and how signals, the unmount, a dead
// predecessor and scarce descriptors end it or do not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/command_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr uint64_t kSize = 1 << 20;

class DaemonLifeTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize);
    origin_->PutOracle("slow", kSize);
  }

  void Start(const std::string& options = "driver=mmap") {
    const Ran ran = Brimfs(origin_->url(), {"-o", options});
    ASSERT_EQ(ran.code, 0) << ran.err;
    ASSERT_TRUE(Mounted());
  }

  // The one whose program is ours.
  pid_t Daemon() const {
    for (const pid_t pid : Daemons()) {
      if (ReadFile("/proc/" + std::to_string(pid) + "/comm") == "brimfs\n") return pid;
    }
    ADD_FAILURE() << "no daemon";
    return 0;
  }

  void Signal(int signal) const {
    if (const pid_t daemon = Daemon(); daemon != 0) kill(daemon, signal);
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(DaemonLifeTest, TheCommandReturnsWhenTheMountAnswersAndTheDaemonEndsWithIt) {
  const Ran ran = Brimfs(origin_->url());
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_TRUE(IsMounted(mountpoint_));
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  EXPECT_EQ(Daemons().size(), 1u);
  ASSERT_EQ(RunCommand({"umount", mountpoint_}).code, 0);
  EXPECT_TRUE(AwaitDaemonsEnd());
}

TEST_F(DaemonLifeTest, FusermountUnmountsToo) {
  Start();
  const Ran ran = RunCommand({"fusermount3", "-u", mountpoint_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_FALSE(Mounted());
  EXPECT_TRUE(AwaitDaemonsEnd());
}

TEST_F(DaemonLifeTest, TheDaemonIsASessionOfItsOwnInTheRootDirectory) {
  Start();
  const pid_t daemon = Daemon();
  EXPECT_EQ(getsid(daemon), daemon);
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(daemon) + "/cwd"), "/");
  for (const char* const fd : {"0", "1", "2"}) {
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(daemon) + "/fd/" + fd),
              "/dev/null");
  }
}

// --- SIGTERM ---------------------------------------------------------------------------------

class SigtermTest : public DaemonLifeTest, public ::testing::WithParamInterface<bool> {
 protected:
  // In the background, or in the foreground as a child of ours.
  void StartHere() {
    if (!GetParam()) {
      Start();
      return;
    }
    std::vector<std::string> argv = Arguments(origin_->url());
    argv.insert(argv.end(), {"-f", "-o", CacheOption()});
    foreground_ = std::make_unique<Process>(argv);
    ASSERT_TRUE(AwaitMounted(mountpoint_));
  }

  std::unique_ptr<Process> foreground_;
};

TEST_P(SigtermTest, UnmountsAndEnds) {
  StartHere();
  Signal(SIGTERM);
  EXPECT_TRUE(AwaitUnmounted());
  EXPECT_TRUE(AwaitDaemonsEnd());
  if (foreground_ != nullptr) {
    EXPECT_EQ(foreground_->Wait(seconds(30)), 0) << foreground_->err();
  }
}

TEST_P(SigtermTest, WithAReaderUnmountsAtOnceAndEndsWithTheReader) {
  StartHere();
  Descriptor reader(File("file"));
  reader.AdviseRandom();
  ASSERT_EQ(CheckOracle(reader, {0, 4096}), "");
  Signal(SIGTERM);
  EXPECT_TRUE(AwaitUnmounted());
  EXPECT_EQ(CheckOracle(reader, {kSize / 2, kSize}), "") << "it is served as before";
  // The mountpoint is free for another mount.
  EXPECT_EQ(Brimfs(origin_->url()).code, 0);
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  ASSERT_EQ(umount2(mountpoint_.c_str(), 0), 0);
  EXPECT_EQ(CheckOracle(reader, {0, kSize}), "");
  reader.Close();
  EXPECT_TRUE(AwaitDaemonsEnd());
}

TEST_P(SigtermTest, TheSecondOneEndsItAtOnce) {
  StartHere();
  const Descriptor reader(File("file"));
  reader.AdviseRandom();
  ASSERT_EQ(CheckOracle(reader, {0, 4096}), "");
  Signal(SIGTERM);
  ASSERT_TRUE(AwaitUnmounted());
  Signal(SIGTERM);
  EXPECT_TRUE(AwaitDaemonsEnd());
  reader.DropPages();
  EXPECT_EQ(ReadError(reader, kSize / 2), ENOTCONN);
}

TEST_F(DaemonLifeTest, UnderNohupItOutlivesTheTerminal) {
  std::vector<std::string> argv = {"sh", "-c", "trap '' HUP; exec \"$@\"", "sh"};
  for (const std::string& argument : Arguments(origin_->url())) argv.push_back(argument);
  argv.insert(argv.end(), {"-f", "-o", CacheOption()});
  Process foreground(argv);
  ASSERT_TRUE(AwaitMounted(mountpoint_));
  foreground.Signal(SIGHUP);
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  EXPECT_TRUE(Mounted());
  foreground.Signal(SIGTERM);
  EXPECT_TRUE(AwaitUnmounted());
  EXPECT_EQ(foreground.Wait(seconds(30)), 0) << foreground.err();
}

INSTANTIATE_TEST_SUITE_P(Where, SigtermTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Foreground" : "Background"; });

TEST_F(DaemonLifeTest, SigtermFindsAMountThatWasMoved) {
  MountNamespace inside;  // where nothing is shared: the kernel moves no shared mounts
  if (!inside.status().ok()) GTEST_SKIP() << inside.status().message();
  Start();
  const std::string elsewhere = dir_ / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  const Ran moved = RunCommand({"mount", "--move", mountpoint_, elsewhere});
  ASSERT_EQ(moved.code, 0) << moved.err;
  ASSERT_EQ(RunCommand({"mount", "--bind", elsewhere, mountpoint_}).code, 0);
  Signal(SIGTERM);
  EXPECT_TRUE(AwaitDaemonsEnd());
  EXPECT_FALSE(Mounted());
  EXPECT_FALSE(IsMounted(elsewhere));
}

TEST_F(DaemonLifeTest, SigtermEndsOneWhoseMountIsNowhere) {
  Start();
  Descriptor reader(File("file"));
  reader.AdviseRandom();
  ASSERT_EQ(umount2(mountpoint_.c_str(), MNT_DETACH), 0);
  Signal(SIGTERM);
  EXPECT_EQ(CheckOracle(reader, {0, kSize}), "") << "it is open";
  reader.Close();
  EXPECT_TRUE(AwaitDaemonsEnd());
}

TEST_F(DaemonLifeTest, SigtermEndsOneWhoseMountIsKeptByAWorkingDirectoryOnly) {
  Start();
  const int daemon = static_cast<int>(syscall(SYS_pidfd_open, Daemon(), 0));
  const UniqueFd place(open(mountpoint_.c_str(), O_PATH | O_CLOEXEC));  // as a working directory
  ASSERT_EQ(umount2(mountpoint_.c_str(), MNT_DETACH), 0);
  Signal(SIGTERM);
  pollfd ended{daemon, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 30'000), 1);
  close(daemon);
}

// --- Before the mount is there ---------------------------------------------------------------

TEST_F(DaemonLifeTest, SignalsEndACommandWhoseSourceIsSlow) {
  for (const int signal : {SIGTERM, SIGINT, SIGKILL}) {
    origin_->CloseHeadGate("slow");
    std::vector<std::string> argv = Arguments(origin_->url("slow"));
    argv.insert(argv.end(), {"-o", CacheOption()});
    Process command(argv);
    origin_->AwaitAtGate("slow", 1);
    const TimePoint start = Clock::Steady().Now();
    command.Signal(signal);
    EXPECT_EQ(command.Wait(seconds(30)), 128 + signal);
    EXPECT_TRUE(AwaitDaemonsEnd());
    EXPECT_LT(Clock::Steady().Now() - start, seconds(kSanitized ? 10 : 2));
    EXPECT_FALSE(Mounted());
    origin_->OpenGate("slow");
  }
}

TEST_F(DaemonLifeTest, SigtermEndsAForegroundWhoseSourceIsSlow) {
  origin_->CloseHeadGate("slow");
  std::vector<std::string> argv = Arguments(origin_->url("slow"));
  argv.insert(argv.end(), {"-f", "-o", CacheOption()});
  Process command(argv);
  origin_->AwaitAtGate("slow", 1);
  command.Signal(SIGTERM);
  EXPECT_EQ(command.Wait(seconds(10)), 128 + SIGTERM);
  EXPECT_FALSE(Mounted());
  origin_->OpenGate("slow");
}

// --- A daemon that was killed ----------------------------------------------------------------

TEST_F(DaemonLifeTest, AMountpointOfADeadDaemonIsTakenOver) {
  Start();
  const Descriptor reader(File("file"));
  reader.AdviseRandom();
  Signal(SIGKILL);
  ASSERT_TRUE(AwaitDaemonsEnd());
  EXPECT_TRUE(Mounted()) << "the kernel keeps it";
  EXPECT_EQ(ReadError(reader, kSize / 2), ENOTCONN);
  const Ran ran = Brimfs(origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("took away"));
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  ASSERT_EQ(umount2(mountpoint_.c_str(), 0), 0);
  EXPECT_FALSE(Mounted()) << "the dead one is gone";
}

TEST_F(DaemonLifeTest, AutoUnmountTakesAwayTheMountOfAKilledDaemon) {
  Start("auto_unmount");
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  Signal(SIGKILL);
  EXPECT_TRUE(AwaitUnmounted());
  EXPECT_TRUE(AwaitDaemonsEnd()) << "fusermount3 too";
}

TEST_F(DaemonLifeTest, AutoUnmountLeavesTheNextMountAlone) {
  Start("auto_unmount");
  const Descriptor reader(File("file"));
  Signal(SIGTERM);
  ASSERT_TRUE(AwaitUnmounted());
  const std::vector<pid_t> first = Daemons();
  Start();
  for (const pid_t pid : first) kill(pid, SIGTERM);  // the second one ends it
  ASSERT_TRUE(AwaitEnd(first));
  EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
}

// --- What it is given ------------------------------------------------------------------------

TEST_F(DaemonLifeTest, DescriptorsThatAreClosedAtTheStartHarmNothing) {
  for (const char* const closed : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"}) {
    const Ran ran = Shell(std::string("\"$1\" \"$2\" \"$3\" -o \"$4\" ") + closed,
                          {BrimfsProgram(), origin_->url(), mountpoint_, CacheOption()});
    EXPECT_EQ(ran.code, 0) << closed << ran.err;
    EXPECT_EQ(CheckOracleFile(File("file"), kSize), "") << closed;
    ASSERT_EQ(umount2(mountpoint_.c_str(), 0), 0) << closed;
    EXPECT_TRUE(AwaitDaemonsEnd());
  }
}

TEST_F(DaemonLifeTest, ReadsAThousandFilesWithFewDescriptors) {
  constexpr int kFiles = 1000;
  for (int i = 0; i < kFiles; ++i) {
    origin_->PutOracle("many/" + std::to_string(i), 5000 + static_cast<uint64_t>(i));
  }
  const Ran ran = Shell("ulimit -n 256; ulimit -Sn 64; exec \"$1\" \"$2\" \"$3\" -o \"$4\"",
                        {BrimfsProgram(), origin_->url(), mountpoint_, CacheOption()});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const std::string limits = ReadFile("/proc/" + std::to_string(Daemon()) + "/limits");
  EXPECT_THAT(limits, HasSubstr("Max open files            256                  256"));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kFiles; ++i) {
      ASSERT_EQ(CheckOracleFile(File("many/" + std::to_string(i)), 5000 + static_cast<uint64_t>(i)),
                "")
          << i;
    }
  }
}

// --- systemd ---------------------------------------------------------------------------------

class ReadinessTest : public DaemonLifeTest, public ::testing::WithParamInterface<bool> {
 protected:
  // Listens; what NOTIFY_SOCKET is to be.
  std::string Listen() {
    socket_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const std::string name = GetParam() ? "@" + dir_.path() : dir_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    const timeval patience{30, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return name;
  }

  std::string Receive() const {
    std::string message(4096, '\0');
    const ssize_t length = recv(socket_.get(), message.data(), message.size(), 0);
    message.resize(length < 0 ? 0 : static_cast<size_t>(length));
    return message;
  }

  UniqueFd socket_;
};

TEST_P(ReadinessTest, TheServiceManagerHearsThatItIsThereAndThatItEnds) {
  const std::string name = Listen();
  std::vector<std::string> argv = Arguments(origin_->url());
  argv.insert(argv.end(), {"-o", CacheOption()});
  argv.insert(argv.begin(), {"env", "NOTIFY_SOCKET=" + name});
  const Ran ran = RunCommand(argv);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const pid_t daemon = Daemon();
  const std::string ready = Receive();
  EXPECT_THAT(ready, HasSubstr("READY=1\n"));
  EXPECT_THAT(ready, HasSubstr("MAINPID=" + std::to_string(daemon) + "\n"));
  EXPECT_THAT(ready, HasSubstr("STATUS=" + origin_->url()));
  EXPECT_TRUE(IsMounted(mountpoint_));
  Signal(SIGTERM);
  EXPECT_THAT(Receive(), HasSubstr("STOPPING=1\n"));
}

INSTANTIATE_TEST_SUITE_P(Sockets, ReadinessTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Abstract" : "File"; });

}  // namespace
}  // namespace brimfs
