// Where the lines of a real mount go, and what they say.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/command_test.h"
#include "tests/support/datagram_socket.h"

namespace brimfs {
namespace {

using testing::HasSubstr;

// In a mount namespace of its own: the journal's socket is at one place.
class JournalTest : public InstalledTest {
 protected:
  void SetUp() override {
    InstalledTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories("/run/systemd/journal");
    std::filesystem::remove("/run/systemd/journal/socket");
    journal_ = std::make_unique<DatagramSocket>("/run/systemd/journal/socket");
  }

  // The next message that says this.
  std::string Await(const std::string& text) {
    std::string message;
    do {
      message = journal_->Receive();
    } while (!message.empty() && message.find(text) == std::string::npos);
    return message;
  }

  std::unique_ptr<DatagramSocket> journal_;
};

TEST_F(JournalTest, HearsOfADaemonInFields) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1000);
  ASSERT_EQ(Brimfs(origin->url(), {"-o", "timeout=1s"}).code, 0);
  const std::string mount = "BRIMFS_MOUNT=" + mountpoint_ + "\n";
  const std::string mounted = Await(" is mounted on ");
  EXPECT_THAT(mounted, HasSubstr(mount));
  EXPECT_THAT(mounted, HasSubstr("\nPRIORITY=6\nSYSLOG_IDENTIFIER=brimfs\nSYSLOG_FACILITY=3\n"));

  origin->Inject(*ParseFault("status=500:any:ever"));
  EXPECT_NE(RunCommand({"cat", File("file")}).code, 0);
  const std::string failed = Await("/file: ");
  EXPECT_THAT(failed, HasSubstr("PRIORITY=4\n"));
  EXPECT_THAT(failed, HasSubstr(mount));
  EXPECT_THAT(failed, HasSubstr("BRIMFS_OBJECT=" + origin->url() + "file\n"));
  EXPECT_THAT(failed, HasSubstr("\nBRIMFS_REQUEST="));
}

TEST_F(JournalTest, HearsOfAServiceWhoseStandardErrorItIs) {
  const auto origin = StartOrigin();
  Process daemon({"sh", "-c",
                  "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec \"$0\" -f \"$@\"",
                  BrimfsProgram(), origin->url(), mountpoint_, "-o", CacheOption()});
  EXPECT_THAT(Await(" is mounted on "), HasSubstr("BRIMFS_MOUNT=" + mountpoint_ + "\n"));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_EQ(daemon.err(), "");
}

class LogE2eTest : public CommandTest {};

TEST_F(LogE2eTest, AFailedReadNamesMountObjectAndTheServersRequest) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1000);
  Mount& mount = Attach(origin->url(), {"timeout=1s"});
  origin->Inject(*ParseFault("status=500:any:ever"));
  EXPECT_NE(RunCommand({"cat", mount.File("file")}).code, 0);
  EXPECT_THAT(mount.log(),
              testing::ContainsRegex("/file: .*\\[mount " + mount.path() + ", request [0-9]+\\]"));
}

TEST_F(LogE2eTest, AtLevelErrorNothingIsSaidOfAMount) {
  const auto origin = StartOrigin();
  Mount& mount = Attach(origin->url(), {"log_level=error"});
  Detach(mount);
  EXPECT_EQ(mount.log(), "");
}

TEST_F(LogE2eTest, AtLevelDebugEveryRequestHasALine) {
  const auto origin = StartOrigin();
  origin->PutOracle("file", 1000);
  Mount& mount = Attach(origin->url(), {"log_level=debug"});
  EXPECT_EQ(ReadFile(mount.File("file")).size(), 1000);
  Detach(mount);  // the reader has its bytes before the request has ended
  EXPECT_THAT(mount.log(), HasSubstr("debug: GET " + origin->url() + "file: status 206 in "));
}

}  // namespace
}  // namespace brimfs
