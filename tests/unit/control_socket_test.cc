#include "fs/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "fs/line_socket.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

namespace files = std::filesystem;

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

size_t EntriesIn(const std::string& directory) {
  return static_cast<size_t>(
      std::distance(files::directory_iterator(directory), files::directory_iterator()));
}

// A socket that a process that was killed has left.
void LeaveDeadSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

TEST(ControlDirectoriesTest, RootHasRunUsersTheirRuntimeDirectoryAndAllTheCache) {
  const auto root = ControlDirectories(0, "/run/user/0", "/cache");
  ASSERT_EQ(root.size(), 2u);
  EXPECT_EQ(root[0].path, "/run/brimfs");
  EXPECT_EQ(root[0].mode, 0711u);
  EXPECT_EQ(root[1].path, "/cache/control");
  EXPECT_EQ(root[1].mode, 0700u);
  const auto user = ControlDirectories(1000, "/run/user/1000", "/cache");
  ASSERT_EQ(user.size(), 2u);
  EXPECT_EQ(user[0].path, "/run/user/1000/brimfs");
  EXPECT_EQ(user[0].mode, 0700u);
  for (const char* const runtime : {"", "not/absolute"}) {
    const auto without = ControlDirectories(1000, runtime, "/cache");
    ASSERT_EQ(without.size(), 1u) << runtime;
    EXPECT_EQ(without[0].path, "/cache/control");
  }
}

class ControlSocketTest : public testing::Test {
 protected:
  Result<ControlSocket> Listen(mode_t mode = 0600) {
    return ControlSocket::Listen({{directory_, 0700}}, mode);
  }

  const TempDir dir_;
  const std::string directory_ = dir_ / "control";
};

TEST_F(ControlSocketTest, ListensUnderARandomNameWithItsModeAndIsGoneAfterwards) {
  std::string first_path;
  {
    const Result<ControlSocket> first = Listen();
    const Result<ControlSocket> second = Listen(0666);
    ASSERT_TRUE(first.ok()) << first.status().message();
    ASSERT_TRUE(second.ok()) << second.status().message();
    first_path = first->path();
    EXPECT_NE(first->path(), second->path());
    EXPECT_EQ(ModeOf(directory_), 0700u);
    EXPECT_EQ(ModeOf(first->path()), 0600u);
    EXPECT_EQ(ModeOf(second->path()), 0666u);
    EXPECT_TRUE(ConnectTo(first->path()).ok());
    EXPECT_EQ(EntriesIn(directory_), 2u);
  }
  EXPECT_EQ(EntriesIn(directory_), 0u);
  EXPECT_EQ(ConnectTo(first_path).code(), Code::kNotFound);
}

TEST_F(ControlSocketTest, WhatEverybodySeesOfASocketDoesNotTellItsName) {
  const Result<ControlSocket> socket = Listen(0666);
  ASSERT_TRUE(socket.ok()) << socket.status().message();
  std::ifstream file("/proc/net/unix");
  const std::string seen{std::istreambuf_iterator<char>(file), {}};
  struct stat found {};
  ASSERT_EQ(fstat(socket->fd(), &found), 0);
  EXPECT_NE(seen.find(" " + std::to_string(found.st_ino) + " /proc/self/fd/"), std::string::npos)
      << "it is there, under another name:\n"
      << seen;
  EXPECT_EQ(seen.find(files::path(socket->path()).stem()), std::string::npos) << seen;
}

TEST_F(ControlSocketTest, AShutDownSocketTakesNobodyAndHasNoName) {
  const Result<ControlSocket> socket = Listen();
  ASSERT_TRUE(socket.ok()) << socket.status().message();
  const std::string name = files::path(socket->path()).filename();
  EXPECT_TRUE(IsSocket(socket->path()));
  ASSERT_EQ(link(socket->path().c_str(), (dir_ / name).c_str()), 0);
  socket->Shutdown();
  EXPECT_FALSE(IsSocket(socket->path()));
  EXPECT_EQ(ConnectTo(dir_ / name).code(), Code::kUnavailable) << "who has found it before";
}

TEST_F(ControlSocketTest, TheNextMountRemovesDeadSocketsAndNothingElse) {
  files::create_directory(directory_);
  files::permissions(directory_, files::perms::owner_all);
  const std::string dead = directory_ + "/" + std::string(32, 'a') + ".sock";
  const std::string foreign = directory_ + "/foreign.sock";
  LeaveDeadSocket(dead);
  LeaveDeadSocket(foreign);
  EXPECT_EQ(ConnectTo(dead).code(), Code::kUnavailable);
  const Result<ControlSocket> living = Listen();
  ASSERT_TRUE(living.ok());
  EXPECT_FALSE(files::exists(dead));
  EXPECT_TRUE(files::exists(foreign));
  const Result<ControlSocket> next = Listen();
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(ConnectTo(living->path()).ok()) << "a living one is left alone";
}

TEST_F(ControlSocketTest, APathLongerThanASocketsAddressWorks) {
  const std::string deep = dir_ / std::string(200, 'd');
  const Result<ControlSocket> socket = ControlSocket::Listen({{deep, 0700}}, 0600);
  ASSERT_TRUE(socket.ok()) << socket.status().message();
  EXPECT_TRUE(ConnectTo(socket->path()).ok());
}

TEST_F(ControlSocketTest, ADirectoryThatOthersMayWriteToOrThatIsALinkIsNotUsed) {
  files::create_directory(directory_);
  files::permissions(directory_, files::perms::all);
  EXPECT_EQ(Listen().code(), Code::kDenied);
  const std::string link = dir_ / "link";
  files::create_directory(dir_ / "real");
  files::create_symlink(dir_ / "real", link);
  EXPECT_FALSE(ControlSocket::Listen({{link, 0700}}, 0600).ok());
  const Result<ControlSocket> next =
      ControlSocket::Listen({{link, 0700}, {dir_ / "second", 0700}}, 0600);
  ASSERT_TRUE(next.ok()) << "the next one is";
  EXPECT_EQ(files::path(next->path()).parent_path(), dir_ / "second");
}

class LineSocketTest : public testing::Test {
 protected:
  LineSocketTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    socket_.emplace(UniqueFd(ends[0]), /*most_line=*/16, /*most_waiting=*/1 << 20);
    other_ = UniqueFd(ends[1]);
  }
  void Write(std::string_view text) {
    ASSERT_EQ(write(other_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::optional<LineSocket> socket_;
  UniqueFd other_;
};

TEST_F(LineSocketTest, LinesComeWholeHoweverTheyWereCut) {
  Write("on");
  EXPECT_TRUE(socket_->Receive().ok());
  EXPECT_EQ(socket_->NextLine(), std::nullopt);
  Write("e\ntwo\n\nth");
  EXPECT_TRUE(socket_->Receive().ok());
  EXPECT_EQ(socket_->NextLine(), "one");
  EXPECT_EQ(socket_->NextLine(), "two");
  EXPECT_EQ(socket_->NextLine(), "");
  EXPECT_EQ(socket_->NextLine(), std::nullopt);
  other_ = UniqueFd();
  EXPECT_EQ(socket_->Receive().code(), Code::kEof);
}

TEST_F(LineSocketTest, ALineThatNeverEndsIsTooBig) {
  Write(std::string(17, 'x'));
  EXPECT_EQ(socket_->Receive().code(), Code::kTooBig);
}

TEST_F(LineSocketTest, WhatTheOtherEndDoesNotReadWaitsUpToALimit) {
  const std::string line(1 << 16, 'x');
  Status sent;
  size_t lines = 0;
  while (sent.ok()) {
    sent = socket_->Send(line);
    lines += sent.ok() ? 1 : 0;
  }
  EXPECT_EQ(sent.code(), Code::kTooBig);
  EXPECT_TRUE(socket_->waiting());
  size_t got = 0;
  std::string buffer(1 << 20, '\0');
  while (got < lines * (line.size() + 1)) {
    const ssize_t n = read(other_.get(), buffer.data(), buffer.size());
    ASSERT_GT(n, 0);
    got += static_cast<size_t>(n);
    EXPECT_TRUE(socket_->Flush().ok());
  }
  EXPECT_FALSE(socket_->waiting());
}

}  // namespace
}  // namespace brimfs
