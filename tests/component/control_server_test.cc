// The control socket of a mount, with real clients at it.
#include "fs/control_server.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "fs/control_client.h"
#include "fs/mount_control.h"
#include "tests/component/filesystem_fixture.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

class ControlServerTest : public FileSystemTest {
 protected:
  ~ControlServerTest() override { StopServer(); }

  void Serve(ControlServer::Options options = {}) {
    Mount();
    ControlService::Settings settings;
    settings.source = "fake://";
    settings.access.others = true;
    service_ = std::make_unique<ControlService>(std::move(settings), *fs_, clock_);
    server_ = std::make_unique<ControlServer>(Listen("control"), *service_, geteuid(), options);
  }
  ControlSocket Listen(const std::string& name) {
    EXPECT_EQ(chmod(dir_.path().c_str(), 0711), 0);
    Result<ControlSocket> socket = ControlSocket::Listen({{dir_ / name, 0711}}, 0666);
    EXPECT_TRUE(socket.ok()) << socket.status().message();
    return std::move(*socket);
  }
  void StopServer() {
    server_.reset();
    service_.reset();
  }

  UniqueFd Connect() {
    Result<UniqueFd> fd = ConnectTo(server_->path());
    EXPECT_TRUE(fd.ok()) << fd.status().message();
    return fd.ok() ? std::move(*fd) : UniqueFd();
  }

  // As this user: on a thread of which the kernel alone knows that it is theirs.
  UniqueFd ConnectAs(uid_t user) {
    UniqueFd fd;
    std::thread([&] {
      ASSERT_EQ(syscall(SYS_setresuid, user, user, user), 0);
      fd = Connect();
    }).join();
    return fd;
  }

  static void Say(const UniqueFd& fd, const std::string& text) {
    EXPECT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  // What comes until the server closes.
  static std::string ReadToEnd(const UniqueFd& fd) {
    std::string all;
    char buffer[4096];
    for (;;) {
      pollfd ready{fd.get(), POLLIN, 0};
      EXPECT_EQ(poll(&ready, 1, 30'000), 1) << "the server does not close";
      const ssize_t got = recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return all;
      all.append(buffer, static_cast<size_t>(got));
    }
  }

  static ControlRequest AskFor(ControlCommand command, std::optional<NodeId> node = {}) {
    return {.id = 1, .command = command, .node = node, .cells = 0};
  }

  // Whether it is answered, and not sent away.
  static bool Serves(ControlClient& client) {
    const Result<ControlAnswer> answer = client.Ask(AskFor(ControlCommand::kStatus));
    EXPECT_TRUE(answer.ok()) << "one or the other is said: " << answer.status().message();
    return answer.ok() && std::holds_alternative<MountStatus>(answer->what);
  }

  const TempDir dir_;
  std::unique_ptr<ControlService> service_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, ManyRequestsOfOneClientAreAnswered) {
  backend_.Put("file", kMiB);
  Serve();
  ControlClient client(Connect());
  for (int i = 0; i < 3; ++i) {
    const Result<ControlAnswer> answer = client.Ask(AskFor(ControlCommand::kStatus));
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(std::get<MountStatus>(answer->what).source, "fake://");
  }
  const NodeId node = LookUp("file").node;
  const Result<ControlAnswer> filled = client.Ask(AskFor(ControlCommand::kFill, node));
  ASSERT_TRUE(filled.ok());
  EXPECT_EQ(std::get<Done>(filled->what), (Done{.files = 1, .bytes = kMiB}));
}

TEST_F(ControlServerTest, AFillTellsHowFarItIs) {
  backend_.Put("file", 32 * kMiB);
  backend_.CloseGate("file", 8 * kMiB);
  Serve();
  ControlClient client(Connect());
  uint64_t last = 0;
  bool opened = false;
  const Result<ControlAnswer> filled =
      client.Ask(AskFor(ControlCommand::kFill, LookUp("file").node), [&](const auto& answer) {
        const auto& progress = std::get<FillProgress>(answer.what);
        EXPECT_GE(progress.filled, last);
        EXPECT_EQ(progress.length, 32 * kMiB);
        last = progress.filled;
        if (last > 0 && !std::exchange(opened, true)) backend_.OpenGate("file");
      });
  ASSERT_TRUE(filled.ok()) << filled.status().message();
  EXPECT_TRUE(opened) << "the gate is opened by the first word of progress";
  EXPECT_GT(last, 0u);
}

TEST_F(ControlServerTest, AFillSaysFirstWhatWasThereBefore) {
  backend_.Put("file", kMiB);
  Serve();
  ControlClient client(Connect());
  for (const uint64_t before : {uint64_t{0}, kMiB}) {
    std::vector<uint64_t> said;
    const Result<ControlAnswer> filled = client.Ask(
        AskFor(ControlCommand::kFill, LookUp("file").node),
        [&](const auto& answer) { said.push_back(std::get<FillProgress>(answer.what).filled); });
    ASSERT_TRUE(filled.ok()) << filled.status().message();
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.front(), before);
  }
}

TEST_F(ControlServerTest, WhatIsNoRequestIsAnsweredOnceAndEndsTheConnection) {
  Serve();
  for (const std::string& garbage : {std::string("hello\n"), std::string("\xff\xfe\n"),
                                     std::string("{}\n{}\n"), std::string(5000, 'x')}) {
    const UniqueFd fd = Connect();
    Say(fd, garbage);
    const std::string answer = ReadToEnd(fd);
    EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 1) << answer;
    EXPECT_NE(answer.find("error"), std::string::npos) << answer;
  }
  ControlClient next(Connect());
  EXPECT_TRUE(next.Ask(AskFor(ControlCommand::kStatus)).ok()) << "others do not notice";
}

TEST_F(ControlServerTest, ASilentClientIsSentAway) {
  Serve({.idle = std::chrono::milliseconds(20)});
  EXPECT_EQ(ReadToEnd(Connect()), "");
}

TEST_F(ControlServerTest, ThereIsRoomForOnlySoManyClientsAndOneMoreIsToldSo) {
  Serve({.clients = {.all = 2, .of_others = 1, .of_each_other = 1}});
  ControlClient first(Connect());
  ControlClient second(Connect());
  EXPECT_TRUE(Serves(first));
  EXPECT_TRUE(Serves(second));
  EXPECT_THAT(ReadToEnd(Connect()), HasSubstr(R"("error":{"code":"busy")"));
  ControlClient third(Connect());
  EXPECT_FALSE(Serves(third)) << "and it hears that, however late it asks";
}

TEST_F(ControlServerTest, AUserWhoTakesAllConnectionsTheyMayLeavesThoseOfTheRest) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  Serve();
  constexpr ClientLimits kDefaults;
  std::vector<std::unique_ptr<ControlClient>> clients;
  const auto answered = [&](UniqueFd fd) {
    clients.push_back(std::make_unique<ControlClient>(std::move(fd)));
    return Serves(*clients.back());
  };
  for (size_t i = 0; i < kDefaults.of_each_other; ++i) EXPECT_TRUE(answered(ConnectAs(1001)));
  EXPECT_THAT(ReadToEnd(ConnectAs(1001)), HasSubstr("clients of a user at a time"));
  EXPECT_TRUE(answered(ConnectAs(1002)));
  EXPECT_TRUE(answered(Connect()));
  clients.erase(clients.begin());
  while (!answered(ConnectAs(1001))) clients.pop_back();  // once the server has noticed
}

TEST_F(ControlServerTest, ANewSocketTakesThePlaceOfOneThatHasGoneAndConnectionsGoOn) {
  Serve();
  const std::string before = server_->path();
  ControlClient old_client(Connect());
  ASSERT_TRUE(old_client.Ask(AskFor(ControlCommand::kStatus)).ok());
  server_->Replace("/elsewhere", Listen("not-wanted"));
  EXPECT_EQ(server_->path(), before);
  server_->Replace(before, Listen("another"));
  EXPECT_NE(server_->path(), before);
  EXPECT_FALSE(IsSocket(before));
  ControlClient new_client(Connect());
  EXPECT_TRUE(new_client.Ask(AskFor(ControlCommand::kStatus)).ok());
  EXPECT_TRUE(old_client.Ask(AskFor(ControlCommand::kStatus)).ok());
}

TEST_F(ControlServerTest, AMountWhoseSocketWasTakenAwayHasANewOneForWhoAsks) {
  Mount();
  MountOptions options;
  options.cache = dir_ / "cache";
  const std::unique_ptr<MountControl> control =
      MountControl::Start(options, "fake://", "/mnt", *fs_);
  ASSERT_NE(control, nullptr);
  const std::string first = Xattr(kRootNode, "control");
  EXPECT_EQ(Xattr(kRootNode, "control"), first);
  ASSERT_EQ(unlink(first.c_str()), 0);
  const std::string second = Xattr(kRootNode, "control");
  EXPECT_NE(second, first);
  EXPECT_TRUE(ConnectTo(second).ok());
  EXPECT_EQ(Xattr(kRootNode, "control"), second);
  control->Stop();
  EXPECT_EQ(fs_->GetXattr(kRootNode, "user.brimfs.control").code(), Code::kNoData)
      << "no new one at the end";
}

TEST_F(ControlServerTest, AtTheEndNobodyGetsInAndNobodyIsLeftWaiting) {
  Serve();
  const std::string path = server_->path();
  // Whether the server has come to it or not.
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(Connect());
  server_->Stop();
  for (const UniqueFd& client : waiting) (void)ReadToEnd(client);
  EXPECT_EQ(ConnectTo(path).code(), Code::kNotFound);
  EXPECT_EQ(server_->path(), "");
}

TEST_F(ControlServerTest, WhatTakesLongEndsWithItsClient) {
  driver_ = DriverKind::kMmap;
  constexpr size_t kFiles = 300;
  for (size_t i = 0; i < kFiles; ++i) backend_.Put("dir/" + std::to_string(i), 1000);
  Serve({.clients = {.all = 1, .of_others = 1, .of_each_other = 1}});
  const NodeId dir = LookUp("dir").node;
  for (size_t i = 0; i < kFiles; ++i) {
    auto file = Open(LookUp(std::to_string(i), dir).node);
    EXPECT_EQ(Read(*file, {0, 1000}), Code::kOk);
    Release(std::move(file));
  }
  cache_->Flush();
  {
    ControlClient client(Connect());
    ASSERT_TRUE(client.Send(AskFor(ControlCommand::kEvict, dir)).ok());
    for (;;) {  // until it has begun
      const Result<std::optional<ControlAnswer>> answer = client.TryReceive();
      ASSERT_TRUE(answer.ok());
      if (*answer) break;
      std::this_thread::yield();
    }
  }
  // The next one gets in when it has ended.
  for (bool served = false; !served;) {
    ControlClient next(Connect());
    served = Serves(next);
  }
  EXPECT_GT(cache_->PathsBelow("dir", [] { return true; })->size(), 0u) << "it has not gone on";
}

TEST_F(ControlServerTest, AClosedConnectionStopsItsFills) {
  backend_.Put("file", 64 * kMiB);
  backend_.CloseGate("file", 8 * kMiB);
  Serve();
  const NodeId node = LookUp("file").node;
  {
    ControlClient client(Connect());
    ASSERT_TRUE(client.Send(AskFor(ControlCommand::kFill, node)).ok());
    backend_.AwaitAtGate("file", 1);
    while (fs_->Look(node)->filled.empty()) std::this_thread::yield();
  }
  // The gate obeys nothing but the end of the fetch.
  while (service_->filler().filling() > 0 || cache_->load().running > 0) std::this_thread::yield();
  EXPECT_FALSE(fs_->Look(node)->filled.empty()) << "what came is kept";
  EXPECT_LT(backend_.bytes_sent(), 64 * kMiB);
}

TEST_F(ControlServerTest, TheEndOfTheMountEndsFillsAndConnectionsAtOnce) {
  backend_.Put("file", 64 * kMiB);
  backend_.CloseGate("file");
  Serve();
  ControlClient client(Connect());
  ASSERT_TRUE(client.Send(AskFor(ControlCommand::kFill, LookUp("file").node)).ok());
  backend_.AwaitAtGate("file", 1);
  StopServer();
  Result<std::optional<ControlAnswer>> answer = client.TryReceive();
  while (answer.ok() && *answer) answer = client.TryReceive();
  EXPECT_EQ(answer.code(), Code::kShutdown);
}

TEST_F(ControlServerTest, AClientWhoReadsNothingIsSentAwayAndHoldsNobodyUp) {
  backend_.Put("file", kMiB);
  Serve();
  const UniqueFd deaf = Connect();
  const std::string request = FormatRequest({.id = 1,
                                             .command = ControlCommand::kMap,
                                             .node = LookUp("file").node,
                                             .cells = kMostCells}) +
                              "\n";
  // Until the server has given up: its answers are far longer than the questions.
  size_t sent = 0;
  for (;;) {
    pollfd ready{deaf.get(), POLLOUT, 0};
    ASSERT_EQ(poll(&ready, 1, 30'000), 1);
    if (send(deaf.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
      break;
    }
    ASSERT_LT(++sent, 1'000'000u) << "it takes questions for ever";
  }
  ControlClient next(Connect());
  EXPECT_TRUE(next.Ask(AskFor(ControlCommand::kStatus)).ok());
}

}  // namespace
}  // namespace brimfs
