#include "tests/support/pseudo_terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "tests/support/argument_pointers.h"

namespace brimfs {
namespace {

winsize SizeOf(int columns) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  return size;
}

}  // namespace

PseudoTerminal::PseudoTerminal(std::vector<std::string> argv, int columns,
                               std::vector<std::string> environment) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  // All memory is had before the fork: other threads may hold the allocator's lock.
  std::vector<char*> arguments = ArgumentPointers(argv);
  std::vector<char*> variables = ArgumentPointers(environment);
  const winsize size = SizeOf(columns);
  int terminal = -1;
  pid_ = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  fd_ = UniqueFd(terminal);
}

PseudoTerminal::~PseudoTerminal() {
  if (ended_ || pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void PseudoTerminal::Type(const std::string& keys) {
  (void)!write(fd_.get(), keys.data(), keys.size());
}

void PseudoTerminal::Resize(int columns) {
  const winsize size = SizeOf(columns);
  ioctl(fd_.get(), TIOCSWINSZ, &size);
}

bool PseudoTerminal::ReadSome(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::Steady().Now());
  pollfd ready{fd_.get(), POLLIN, 0};
  const int result = poll(&ready, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
  if (result < 0 && errno == EINTR) return true;
  if (result <= 0) return false;
  char buffer[4096];
  const ssize_t got = read(fd_.get(), buffer, sizeof buffer);
  if (got <= 0) return got < 0 && errno == EINTR;  // EIO: the command has closed its end
  shown_.append(buffer, static_cast<size_t>(got));
  return true;
}

bool PseudoTerminal::Await(const std::function<bool(const std::string& shown)>& enough) {
  const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(30);
  while (!enough(shown_)) {
    if (!ReadSome(deadline)) return enough(shown_);
  }
  return true;
}

std::optional<int> PseudoTerminal::Wait() {
  const TimePoint deadline = Clock::Steady().Now() + std::chrono::minutes(2);
  while (ReadSome(deadline)) {
  }
  if (Clock::Steady().Now() >= deadline) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  ended_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string LastLine(const std::string& shown) {
  std::string line = shown.substr(0, shown.find_last_not_of("\r\n") + 1);
  line.erase(0, line.find_last_of("\r\n") + 1);
  for (size_t at; (at = line.find("\x1b[K")) != std::string::npos;) line.erase(at, 3);
  return line;
}

}  // namespace brimfs
