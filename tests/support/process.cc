#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/support/argument_pointers.h"

namespace brimfs {
namespace {

std::string Content(int fd) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) return {};
  std::string content(static_cast<size_t>(st.st_size), '\0');
  const ssize_t n = pread(fd, content.data(), content.size(), 0);
  content.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return content;
}

}  // namespace

Process::Process(std::vector<std::string> argv, Options options) {
  // Files in memory, not pipes: nobody has to read them while the child runs.
  out_fd_ = options.stdout_file.empty()
                ? memfd_create("stdout", MFD_CLOEXEC)
                : open(options.stdout_file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  err_fd_ = memfd_create("stderr", MFD_CLOEXEC);
  std::vector<std::string> environment = std::move(options.environment);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  // All memory is had before the fork: other threads may hold the allocator's lock.
  std::vector<char*> arguments = ArgumentPointers(argv);
  std::vector<char*> variables = ArgumentPointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, STDIN_FILENO);
    dup2(out_fd_, STDOUT_FILENO);
    dup2(err_fd_, STDERR_FILENO);
    for (const int fd : options.keep_fds) fcntl(fd, F_SETFD, 0);
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  if (pid_ < 0) {
    std::perror("fork");
    std::abort();
  }
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    Wait(std::chrono::hours(1));
  }
  for (const int fd : {pidfd_, out_fd_, err_fd_}) close(fd);
}

void Process::Signal(int signal) {
  if (!ended_) kill(pid_, signal);
}

std::optional<int> Process::Wait(Duration timeout) {
  const TimePoint deadline = Clock::Steady().Now() + timeout;
  while (!ended_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
    pollfd ended{pidfd_, POLLIN, 0};
    const int ready = poll(&ended, 1, std::max(0, static_cast<int>(left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) continue;
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return ended_;
}

std::string Process::out() const { return Content(out_fd_); }

std::string Process::err() const { return Content(err_fd_); }

Ran RunCommand(std::vector<std::string> argv, Duration timeout) {
  Process process(std::move(argv));
  const std::optional<int> code = process.Wait(timeout);
  return {code.value_or(-1), process.out(), process.err()};
}

Ran Shell(const std::string& line, std::vector<std::string> arguments, Duration timeout) {
  std::vector<std::string> argv = {"sh", "-c", line, "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunCommand(std::move(argv), timeout);
}

}  // namespace brimfs
