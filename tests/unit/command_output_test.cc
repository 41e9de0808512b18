// How a command writes, and how signals end its waiting.
#include "fs/command_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <string>
#include <thread>

#include "core/unique_fd.h"
#include "fs/command_signals.h"

namespace brimfs {
namespace {

class Pipe {
 public:
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
  }
  int write_end() const { return write_.get(); }

  // Until nothing more goes in without waiting.
  void Fill() {
    const std::string bytes(4096, '.');
    for (pollfd room{write_.get(), POLLOUT, 0}; poll(&room, 1, 0) == 1;) {
      ASSERT_EQ(write(write_.get(), bytes.data(), bytes.size()), 4096);
    }
  }

  std::string Read() {
    std::string text(1 << 20, '\0');
    const ssize_t got = read(read_.get(), text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }

  // So that no thread that was left behind writes any more.
  void AwaitAtItsEnd(const std::string& text) {
    for (std::string all; !all.ends_with(text);) all += Read();
  }

 private:
  UniqueFd read_;
  UniqueFd write_;
};

class CommandOutputTest : public ::testing::Test {
 protected:
  std::ostringstream stream_;
  Pipe pipe_;
};

TEST_F(CommandOutputTest, WritesWhatIsFlushedAndGivesTheStreamBack) {
  {
    CommandOutput output(stream_, pipe_.write_end());
    EXPECT_EQ(CommandOutput::Under(stream_), &output);
    stream_ << "one" << 2 << std::flush;
    EXPECT_EQ(pipe_.Read(), "one2");
    stream_ << "three";
    EXPECT_TRUE(output.Finish().ok());
    EXPECT_EQ(pipe_.Read(), "three");
  }
  EXPECT_EQ(CommandOutput::Under(stream_), nullptr);
  stream_ << "four";
  EXPECT_EQ(stream_.str(), "four");
}

TEST_F(CommandOutputTest, WritesMoreThanItHolds) {
  std::string all;
  CommandOutput output(stream_, pipe_.write_end());
  for (int i = 0; i < 5000; ++i) {
    stream_ << i << ' ';
    all += std::to_string(i) + ' ';
  }
  EXPECT_TRUE(output.Finish().ok());
  EXPECT_EQ(pipe_.Read(), all);
}

TEST_F(CommandOutputTest, SaysWhyAWriteFailed) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  CommandOutput output(stream_, full.get());
  stream_ << "lost" << std::flush;
  EXPECT_FALSE(stream_.good());
  const Status status = output.Finish();
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.message(), "write error: No space left on device");
}

TEST_F(CommandOutputTest, ATerminalGetsEachLineAtOnceAndAPipeDoesNot) {
  int terminal = -1;
  int side = -1;
  ASSERT_EQ(openpty(&terminal, &side, nullptr, nullptr, nullptr), 0);
  const UniqueFd closes[] = {UniqueFd(terminal), UniqueFd(side)};
  {
    const CommandOutput output(stream_, side);
    stream_ << "half a";
    pollfd shown{terminal, POLLIN, 0};
    EXPECT_EQ(poll(&shown, 1, 0), 0);
    stream_ << " line\n";
    EXPECT_EQ(poll(&shown, 1, 10'000), 1);
  }
  const CommandOutput output(stream_, pipe_.write_end());
  stream_ << "a line\n" << std::flush << "another\n";
  EXPECT_EQ(pipe_.Read(), "a line\n");
}

TEST_F(CommandOutputTest, AWriteThatWaitsIsGivenUpAndIsNoError) {
  const UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  pipe_.Fill();
  CommandOutput output(stream_, pipe_.write_end());
  output.GiveWayTo(stop.get());
  std::thread writer([&] { stream_ << "never read" << std::flush; });
  eventfd_write(stop.get(), 1);
  writer.join();
  EXPECT_FALSE(stream_.good());
  EXPECT_TRUE(output.Finish().ok());
  output.GiveWayToNone();
  pipe_.AwaitAtItsEnd("never read");
}

TEST_F(CommandOutputTest, WhatNeedsNoWaitingIsWrittenAlsoAfterwards) {
  const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
  CommandOutput output(stream_, pipe_.write_end());
  output.GiveWayTo(stop.get());
  for (const std::string text : {"one", "two"}) {
    stream_ << text << std::flush;
    EXPECT_EQ(pipe_.Read(), text);
  }
  EXPECT_TRUE(stream_.good());
}

// --- CommandSignals --------------------------------------------------------------------------

class CommandSignalsTest : public CommandOutputTest {
 protected:
  std::ostringstream err_;
};

TEST_F(CommandSignalsTest, OneThatCameIsSaidUntilTheEndAndEndsNothing) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const CommandSignals signals(stream_, err_);
    EXPECT_EQ(signals.Came(), 0);
    EXPECT_EQ(signals.Wait(std::chrono::milliseconds(0)), 0);
    raise(signal);
    EXPECT_EQ(signals.Wait(std::chrono::hours(1)), signal);
    EXPECT_EQ(signals.Came(), signal);
    pollfd came{signals.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&came, 1, 0), 1);
  }
}

TEST_F(CommandSignalsTest, WhatIsIgnoredStaysIgnored) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  {
    const CommandSignals signals(stream_, err_);
    raise(SIGHUP);
    EXPECT_EQ(signals.Came(), 0);
    raise(SIGTERM);
    EXPECT_EQ(signals.Came(), SIGTERM);
  }
  std::signal(SIGHUP, before);
}

TEST_F(CommandSignalsTest, OneThatComesEndsAWriteThatWaits) {
  pipe_.Fill();
  CommandOutput output(stream_, pipe_.write_end());
  const CommandSignals signals(stream_, err_);
  raise(SIGTERM);
  stream_ << "never read" << std::flush;
  EXPECT_FALSE(stream_.good());
  EXPECT_EQ(signals.Came(), SIGTERM);
  pipe_.AwaitAtItsEnd("never read");
}

}  // namespace
}  // namespace brimfs
