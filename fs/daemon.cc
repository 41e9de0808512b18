#include "fs/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace brimfs {
namespace {

sigset_t SignalsToExit() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// The starter: waits for the code, or for the child's end if it dies without a word.
[[noreturn]] void AwaitChild(int fd, pid_t child) {
  // Control-C ends the wait; Ready then finds nobody there.
  const sigset_t signals = SignalsToExit();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  unsigned char code;
  ssize_t got;
  while ((got = read(fd, &code, 1)) == -1 && errno == EINTR) {
  }
  if (got == 1) _exit(code);
  int status = 0;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : kExitSystem);
}

}  // namespace

void PrepareProcess() {
  // A file opened as descriptor 1 would receive what is printed.
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);

  umask(077);
  prctl(PR_SET_DUMPABLE, 0);
  signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = SignalsToExit();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

Result<std::unique_ptr<Daemon>> Daemon::Detach() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status::FromErrno(errno, "pipe2");
  const pid_t child = fork();
  if (child == -1) return Status::FromErrno(errno, "fork");
  if (child != 0) {
    close(ends[1]);
    AwaitChild(ends[0], child);
  }
  close(ends[0]);
  setsid();
  return std::unique_ptr<Daemon>(new Daemon(ends[1]));
}

Daemon::~Daemon() {
  if (starter_fd_ != -1) Tell(exit_code_);
}

void Daemon::Ready() {
  if (chdir("/") != 0) return;  // cannot fail; the starter then sees the child's end
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
  if (null > STDERR_FILENO) close(null);
  if (!Tell(kExitOk)) kill(getpid(), SIGTERM);
}

bool Daemon::Tell(int code) {
  const auto byte = static_cast<unsigned char>(code);
  ssize_t written;
  while ((written = write(starter_fd_, &byte, 1)) == -1 && errno == EINTR) {
  }
  close(std::exchange(starter_fd_, -1));
  return written == 1;
}

ExitSignals::ExitSignals(std::function<void()> on_signal)
    : on_signal_(std::move(on_signal)), stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  const sigset_t signals = SignalsToExit();
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  thread_ = std::thread([this] { Wait(); });
}

ExitSignals::~ExitSignals() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(stop_fd_);
  close(signal_fd_);
}

void ExitSignals::Wait() {
  for (;;) {
    pollfd fds[] = {{stop_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
    if (poll(fds, 2, -1) == -1) continue;  // EINTR
    if (fds[0].revents != 0) return;
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof info) == sizeof info) on_signal_();
  }
}

}  // namespace brimfs
