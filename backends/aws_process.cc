#include "backends/aws_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <stop_token>
#include <utility>

#include "backends/aws_json_keys.h"
#include "core/clock.h"
#include "core/unique_fd.h"

namespace brimfs {
namespace {

constexpr size_t kMaxOutput = 64 * 1024;

class SpawnActions {
 public:
  SpawnActions() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// A child in a process group of its own, which is killed unless the child has ended by itself: then
// what it may have left behind, an agent perhaps, is its business.
class Child {
 public:
  Child(pid_t pid, UniqueFd output)
      : pid_(pid),
        output_(std::move(output)),
        pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

  // The child is not waited for before: until then no other group has this number.
  ~Child() {
    if (!ended_) kill(-pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int output() const { return output_.get(); }
  int pidfd() const { return pidfd_.get(); }

  // Of one that has ended: whether its exit code is 0.
  bool EndedWell() {
    siginfo_t info{};
    ended_ = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0;
    return ended_ && info.si_code == CLD_EXITED && info.si_status == 0;
  }

 private:
  const pid_t pid_;
  const UniqueFd output_;
  const UniqueFd pidfd_;
  bool ended_ = false;
};

// 0, or an errno.
int Spawn(const std::vector<std::string>& words, int output, pid_t* pid) {
  SpawnActions spawn;
  posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&spawn.actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&spawn.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  sigset_t none;
  sigemptyset(&none);
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);  // we ignore it, and the child would too
  posix_spawnattr_setsigmask(&spawn.attributes, &none);
  posix_spawnattr_setsigdefault(&spawn.attributes, &pipe);
  posix_spawnattr_setpgroup(&spawn.attributes, 0);
  posix_spawnattr_setflags(&spawn.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return posix_spawnp(pid, argv[0], &spawn.actions, &spawn.attributes, argv.data(), environ);
}

int PollTimeout(TimePoint until) {
  const auto left = until - Clock::Steady().Now();
  if (left <= Duration::zero()) return 0;
  constexpr Duration kLongest = std::chrono::minutes(1);
  return static_cast<int>(
             std::chrono::duration_cast<std::chrono::milliseconds>(std::min(left, kLongest))
                 .count()) +
         1;
}

// Appends what is there; false at the end, or where that is too much.
bool ReadSome(int fd, std::string& output) {
  std::array<char, 4096> buffer;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR;
  if (got == 0) return false;
  output.append(buffer.data(), static_cast<size_t>(got));
  return output.size() <= kMaxOutput;
}

// Until the child has ended; what another holds the pipe open for is not waited for.
Status ReadToEnd(const Child& child, int stopped, TimePoint until, const CallLimits& limits,
                 std::string& output) {
  bool open = true;
  for (;;) {
    std::array<pollfd, 3> fds{{{child.pidfd(), POLLIN, 0},
                               {stopped, POLLIN, 0},
                               {open ? child.output() : -1, POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), PollTimeout(until));
    if (ready < 0 && errno != EINTR) return Status::FromErrno(errno, "waiting for its output");
    if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
    if (fds[2].revents != 0) open = ReadSome(child.output(), output);
    if (output.size() > kMaxOutput) return Status(Code::kProtocol, "more than 64 KiB of output");
    if (fds[0].revents != 0 && fds[2].revents == 0) return OkStatus();
    if (Clock::Steady().Now() >= until) return Status(Code::kTimedOut, "has not ended in time");
  }
}

}  // namespace

Result<std::vector<std::string>> SplitWords(std::string_view command) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // "" is one
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool has_next = i + 1 < command.size();
    if (quote == '\'') {
      if (c == quote) {
        quote = 0;
      } else {
        *word += c;
      }
    } else if (quote == '"') {
      if (c == quote) {
        quote = 0;
      } else if (c == '\\' && has_next && (command[i + 1] == '"' || command[i + 1] == '\\')) {
        *word += command[++i];
      } else {
        *word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      if (!word) word.emplace();
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else {
      if (!word) word.emplace();
      *word += c == '\\' && has_next ? command[++i] : c;
    }
  }
  if (quote != 0) return Status(Code::kInvalidArgument, "a quote is left open");
  if (word) words.push_back(*std::move(word));
  if (words.empty() || words[0].empty()) return Status(Code::kInvalidArgument, "no program");
  return words;
}

Result<std::string> RunForOutput(const std::vector<std::string>& words, Duration patience,
                                 const CallLimits& limits) {
  const auto failed = [&words](Code code, const std::string& what) {
    return Status(code, words[0] + ": " + what);
  };
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return Status::FromErrno(errno, words[0]);
  UniqueFd output(pipe_fds[0]);
  UniqueFd written(pipe_fds[1]);
  const UniqueFd stopped(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  pid_t pid = -1;
  if (const int error = Spawn(words, written.get(), &pid); error != 0) {
    return failed(Code::kDenied, Status::FromErrno(error, "cannot be run").message());
  }
  Child child(pid, std::move(output));
  written = UniqueFd();

  const std::stop_callback wake(limits.stop, [&stopped] { eventfd_write(stopped.get(), 1); });
  const TimePoint until = std::min(limits.deadline, After(Clock::Steady().Now(), patience));
  std::string text;
  if (const Status status = ReadToEnd(child, stopped.get(), until, limits, text); !status.ok()) {
    return failed(status.code(), status.message());
  }
  if (!child.EndedWell()) return failed(Code::kDenied, "ended with an error");
  return text;
}

Result<AwsKeys> KeysOfProcess(const std::string& command, Duration patience,
                              const CallLimits& limits) {
  constexpr char kName[] = "credential_process";
  const auto words = SplitWords(command);
  if (!words.ok()) {
    return Status(Code::kInvalidArgument, std::string(kName) + ": " + words.status().message());
  }
  const auto output = RunForOutput(*words, patience, limits);
  if (!output.ok()) {
    return Status(output.code(), std::string(kName) + ": " + output.status().message());
  }
  return ParseJsonKeys(*output, AwsJsonForm::kProcess, std::string(kName) + " " + words->front());
}

}  // namespace brimfs
