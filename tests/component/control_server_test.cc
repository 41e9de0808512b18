// The control socket of a mount, with real clients at it.
#include "fs/control_server.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "fs/control_client.h"
#include "tests/component/filesystem_fixture.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class ControlServerTest : public FileSystemTest {
 protected:
  ~ControlServerTest() override { StopServer(); }

  void Serve(ControlServer::Options options = {}) {
    Mount();
    ControlService::Settings settings;
    settings.source = "fake://";
    service_ = std::make_unique<ControlService>(std::move(settings), *fs_, clock_);
    Result<ControlSocket> socket = ControlSocket::Listen({{dir_ / "control", 0700}}, 0600);
    ASSERT_TRUE(socket.ok()) << socket.status().message();
    server_ = std::make_unique<ControlServer>(std::move(*socket), *service_, geteuid(), options);
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
        if (!std::exchange(opened, true)) backend_.OpenGate("file");
      });
  ASSERT_TRUE(filled.ok()) << filled.status().message();
  EXPECT_TRUE(opened) << "the gate is opened by the first word of progress";
  EXPECT_GT(last, 0u);
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

TEST_F(ControlServerTest, ThereIsRoomForOnlySoManyClients) {
  Serve({.connections = 2, .of_others = 1});
  ControlClient first(Connect());
  ControlClient second(Connect());
  ASSERT_TRUE(first.Ask(AskFor(ControlCommand::kStatus)).ok());
  ASSERT_TRUE(second.Ask(AskFor(ControlCommand::kStatus)).ok());
  EXPECT_EQ(ReadToEnd(Connect()), "");
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
