#include "core/journal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "tests/support/datagram_socket.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

TEST(JournalTest, IsOnlyThereIfSomebodyListens) {
  const TempDir dir;
  EXPECT_EQ(Journal::Open(dir / "socket").code(), Code::kNotFound);
}

TEST(JournalTest, TakesFieldsAsTheyAre) {
  const TempDir dir;
  DatagramSocket socket(dir / "socket");
  const Result<Journal> journal = Journal::Open(dir / "socket");
  ASSERT_TRUE(journal.ok()) << journal.status().message();
  EXPECT_TRUE(journal->Send("MESSAGE=a\nPRIORITY=4\n"));
  EXPECT_EQ(socket.Receive(), "MESSAGE=a\nPRIORITY=4\n");
}

TEST(JournalTest, GoesOnWithAJournalThatWasStartedAnew) {
  const TempDir dir;
  auto socket = std::make_unique<DatagramSocket>(dir / "socket");
  const Result<Journal> journal = Journal::Open(dir / "socket");
  ASSERT_TRUE(journal.ok());
  socket.reset();
  EXPECT_FALSE(journal->Send("MESSAGE=lost\n"));
  socket = std::make_unique<DatagramSocket>(dir / "socket");
  EXPECT_TRUE(journal->Send("MESSAGE=b\n"));
  EXPECT_EQ(socket->Receive(), "MESSAGE=b\n");
}

TEST(JournalTest, KnowsTheStreamThatSystemdNames) {
  struct stat file {};
  ASSERT_EQ(fstat(STDERR_FILENO, &file), 0);
  const std::string name = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
  EXPECT_TRUE(Journal::IsStream(name.c_str(), STDERR_FILENO));
  EXPECT_FALSE(Journal::IsStream((name + "1").c_str(), STDERR_FILENO));
  EXPECT_FALSE(Journal::IsStream(nullptr, STDERR_FILENO));
}

}  // namespace
}  // namespace brimfs
