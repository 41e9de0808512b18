#include "fs/command_output.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "core/mutex.h"
#include "core/unique_fd.h"

namespace brimfs {
namespace {

// What is written without waiting is written within this, milliseconds.
constexpr int kAtOnce = 1000;

// 0, or the errno of what was not written.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {  // somebody else has made it non-blocking
      pollfd room{fd, POLLOUT, 0};
      (void)poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

// Writes on a thread of its own, which may wait for ever: it is left behind then.
class CommandOutput::Writer {
 public:
  Writer(int fd, int stop_fd) : stop_fd_(stop_fd), shared_(std::make_shared<Shared>(fd)) {
    std::thread([shared = shared_] { shared->Run(); }).detach();
  }

  ~Writer() {
    MutexLock lock(shared_->mu);
    shared_->quit = true;
    shared_->changed.NotifyOne();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As WriteAll; nothing: it was given up.
  std::optional<int> Write(std::string_view text) {
    {
      MutexLock lock(shared_->mu);
      shared_->text = text;
      shared_->changed.NotifyOne();
    }
    std::array<pollfd, 2> fds{pollfd{shared_->done_fd.get(), POLLIN, 0},
                              pollfd{stop_fd_, POLLIN, 0}};
    while (poll(fds.data(), fds.size(), -1) < 0) {  // EINTR
    }
    if (fds[0].revents == 0 && !EndsAtOnce()) return std::nullopt;
    uint64_t count = 0;
    (void)!read(shared_->done_fd.get(), &count, sizeof count);
    MutexLock lock(shared_->mu);
    return shared_->error;
  }

 private:
  struct Shared {
    explicit Shared(int fd_of_output) : fd(fd_of_output) {}

    void Run() {
      for (;;) {
        std::string next;
        {
          MutexLock lock(mu);
          while (!quit && !text) changed.Wait(mu);
          if (!text) return;
          next.swap(*text);
          text.reset();
        }
        const int why = WriteAll(fd, next);
        MutexLock lock(mu);
        error = why;
        constexpr uint64_t kOne = 1;
        (void)!write(done_fd.get(), &kOne, sizeof kOne);
      }
    }

    const int fd;
    const UniqueFd done_fd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

    Mutex mu;  // a leaf
    CondVar changed;
    std::optional<std::string> text ABSL_GUARDED_BY(mu);
    int error ABSL_GUARDED_BY(mu) = 0;
    bool quit ABSL_GUARDED_BY(mu) = false;
  };

  bool EndsAtOnce() const {
    pollfd room{shared_->fd, POLLOUT, 0};
    pollfd done{shared_->done_fd.get(), POLLIN, 0};
    return poll(&room, 1, 0) == 1 && poll(&done, 1, kAtOnce) == 1;
  }

  const int stop_fd_;
  const std::shared_ptr<Shared> shared_;
};

CommandOutput::CommandOutput(std::ostream& stream, int fd)
    : stream_(stream), before_(stream.rdbuf()), fd_(fd), by_line_(isatty(fd) == 1) {
  stream_.flush();
  stream_.rdbuf(this);
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

CommandOutput::~CommandOutput() { stream_.rdbuf(before_); }

CommandOutput* CommandOutput::Under(std::ostream& stream) {
  return dynamic_cast<CommandOutput*>(stream.rdbuf());
}

void CommandOutput::GiveWayTo(int fd) { writer_ = std::make_unique<Writer>(fd_, fd); }

void CommandOutput::GiveWayToNone() { writer_.reset(); }

Status CommandOutput::Finish() {
  stream_.flush();
  if (error_ == 0) return OkStatus();
  if (error_ == EPIPE) EndByBrokenPipe();
  return Status(FromErrno(error_), std::string("write error: ") + strerrordesc_np(error_));
}

std::streamsize CommandOutput::xsputn(const char* text, std::streamsize size) {
  const std::streamsize put = std::streambuf::xsputn(text, size);
  const bool line = by_line_ && memchr(text, '\n', static_cast<size_t>(size)) != nullptr;
  return line && sync() != 0 ? 0 : put;
}

CommandOutput::int_type CommandOutput::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

int CommandOutput::sync() {
  const std::string_view text(pbase(), static_cast<size_t>(pptr() - pbase()));
  const bool written = Write(text);
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return written ? 0 : -1;
}

bool CommandOutput::Write(std::string_view text) {
  if (given_up_ || error_ != 0) return false;
  if (text.empty()) return true;
  const std::optional<int> error = writer_ ? writer_->Write(text) : WriteAll(fd_, text);
  given_up_ = !error;
  error_ = error.value_or(0);
  return error_ == 0 && !given_up_;
}

void EndByBrokenPipe() {
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
}

}  // namespace brimfs
