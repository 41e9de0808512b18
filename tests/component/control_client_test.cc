// What a client makes of a daemon that is none of ours: any user may mount a file system that says
// it is of brimfs.
#include "fs/control_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace brimfs {
namespace {

// One end of a connection; the client has the other.
class FakeDaemon {
 public:
  FakeDaemon() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    ours_ = UniqueFd(fds[0]);
    clients_ = UniqueFd(fds[1]);
  }
  ~FakeDaemon() {
    (void)shutdown(ours_.get(), SHUT_RDWR);
    if (talker_.joinable()) talker_.join();
  }

  UniqueFd TakeClient() { return std::move(clients_); }

  // Once, whatever it is asked.
  void Say(const std::string& text) {
    EXPECT_EQ(send(ours_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  // Again and again, until nobody listens any more.
  void SayForEver(const std::string& text) {
    talker_ = std::thread([this, text] {
      for (size_t at = 0;;) {
        pollfd room{ours_.get(), POLLOUT, 0};
        (void)poll(&room, 1, -1);
        const ssize_t sent =
            send(ours_.get(), text.data() + at, text.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) return;
        if (sent > 0) at = (at + static_cast<size_t>(sent)) % text.size();
      }
    });
  }

  void HangUp() { (void)shutdown(ours_.get(), SHUT_WR); }

 private:
  UniqueFd ours_;
  UniqueFd clients_;
  std::thread talker_;
};

Result<ControlAnswer> AskIt(FakeDaemon& daemon, ControlCommand command = ControlCommand::kStatus,
                            Duration patience = ControlClient::kPatience) {
  ControlClient client(daemon.TakeClient(), patience);
  return client.Ask({.id = 7, .command = command, .node = 1, .cells = 10});
}

TEST(ControlClientTest, AnAnswerToTheRequestIsTaken) {
  FakeDaemon daemon;
  daemon.Say(FormatAnswer({7, Done{.files = 3, .bytes = 4}}) + "\n");
  const Result<ControlAnswer> answer = AskIt(daemon);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(std::get<Done>(answer->what).files, 3u);
}

TEST(ControlClientTest, WhatTheMountCouldNotReadItAnswersUnderZero) {
  FakeDaemon daemon;
  daemon.Say(FormatAnswer({0, Status(Code::kProtocol, "not a request")}) + "\n");
  const Result<ControlAnswer> answer = AskIt(daemon);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(std::get<Status>(answer->what).message(), "not a request");
}

TEST(ControlClientTest, WordsOfProgressWithoutEndAreNoAnswerToAQuestion) {
  for (const ControlCommand command : {ControlCommand::kStatus, ControlCommand::kMap}) {
    FakeDaemon daemon;
    daemon.SayForEver(FormatAnswer({7, FillProgress{.filled = 1, .length = 2}}) + "\n");
    EXPECT_EQ(AskIt(daemon, command).code(), Code::kProtocol);
  }
}

TEST(ControlClientTest, AnAnswerToAnotherRequestIsRefused) {
  for (const uint64_t id : {0, 8}) {
    FakeDaemon daemon;
    daemon.Say(FormatAnswer({id, MountStatus{}}) + "\n");
    EXPECT_EQ(AskIt(daemon).code(), Code::kProtocol);
  }
  FakeDaemon daemon;
  daemon.Say(FormatAnswer({8, FillProgress{}}) + "\n");
  EXPECT_EQ(AskIt(daemon, ControlCommand::kFill).code(), Code::kProtocol);
}

TEST(ControlClientTest, ATextThatWouldDrawOnATerminalIsRefused) {
  FakeDaemon daemon;
  daemon.Say("{\"id\": 7, \"error\": {\"code\": \"io\", \"message\": \"\\u009b2J\"}}\n");
  EXPECT_EQ(AskIt(daemon).code(), Code::kProtocol);
}

TEST(ControlClientTest, ALineWithoutEndIsRefused) {
  FakeDaemon daemon;
  daemon.SayForEver(std::string(65536, '['));
  EXPECT_EQ(AskIt(daemon).code(), Code::kTooBig);
}

TEST(ControlClientTest, AnEndInTheMiddleOfALineIsTheEndOfTheMount) {
  FakeDaemon daemon;
  daemon.Say(R"({"id": 7, "do)");
  daemon.HangUp();
  EXPECT_EQ(AskIt(daemon).code(), Code::kShutdown);
}

TEST(ControlClientTest, SilenceIsWaitedForOnlySoLong) {
  FakeDaemon daemon;
  EXPECT_EQ(AskIt(daemon, ControlCommand::kStatus, std::chrono::milliseconds(1)).code(),
            Code::kTimedOut);
}

}  // namespace
}  // namespace brimfs
