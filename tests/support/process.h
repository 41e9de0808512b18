// A child process with its output caught, that does not outlive its owner.
#ifndef BRIMFS_TESTS_SUPPORT_PROCESS_H_
#define BRIMFS_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"

namespace brimfs {

// Used by one thread.
class Process {
 public:
  struct Options {
    std::vector<std::string> environment;  // "NAME=value", added to ours
    std::vector<int> keep_fds;             // stay open in the child, under the same numbers
    std::string stdout_file;               // instead of catching it
  };

  // Starts argv[0], looked for in PATH. It is sent SIGTERM should this process die. An argv[0] that
  // cannot be run ends with 127.
  explicit Process(std::vector<std::string> argv) : Process(std::move(argv), Options()) {}
  Process(std::vector<std::string> argv, Options options);

  ~Process();  // SIGKILL if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal);

  // Its exit code, or 128 + the signal that ended it; nothing if it still runs after `timeout`.
  std::optional<int> Wait(Duration timeout = std::chrono::seconds(120));

  // Readable as soon as it has ended; for poll(2).
  int pidfd() const { return pidfd_; }

  // What it has written so far.
  std::string out() const;
  std::string err() const;

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::optional<int> ended_;
};

struct Ran {
  int code = 0;  // as Process::Wait; -1: killed after the timeout
  std::string out;
  std::string err;
};

// Runs a command to its end.
Ran RunCommand(std::vector<std::string> argv, Duration timeout = std::chrono::seconds(120));

// Runs a line of sh; "$1" and so on are `arguments`.
Ran Shell(const std::string& line, std::vector<std::string> arguments = {},
          Duration timeout = std::chrono::seconds(120));

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_PROCESS_H_
