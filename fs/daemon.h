// The process around a mount: what it inherits and gives away, going to the background, signals.
#ifndef BRIMFS_FS_DAEMON_H_
#define BRIMFS_FS_DAEMON_H_

#include <functional>
#include <memory>
#include <thread>

#include "core/status.h"

namespace brimfs {

// As mount(8), "EXIT STATUS".
enum ExitCode { kExitOk = 0, kExitUsage = 1, kExitSystem = 2, kExitMount = 32 };

// Once, at the start, before any thread: descriptors 0 to 2 are open, umask 077, no core dump that
// could hold a secret, no SIGPIPE, as many descriptors as the hard limit allows; SIGINT, SIGTERM
// and SIGHUP are blocked, for ExitSignals.
void PrepareProcess();

// Goes to the background, with the starter waiting at the other end of a pipe until the mount is
// there.
class Daemon {
 public:
  // Forks; no thread may exist. In the starter it does not return: the starter exits with kExitOk
  // after Ready, else with the child's own code. Until Ready the child keeps the terminal, for its
  // error line.
  static Result<std::unique_ptr<Daemon>> Detach();

  // Tells the starter the exit code, if Ready has not been called.
  ~Daemon();

  // Lets the starter go and the terminal too: standard input, output and error become /dev/null,
  // the working directory
  // "/". Once, from any thread. If the starter was ended meanwhile, nobody wants the mount: SIGTERM
  // to this process.
  void Ready();

  // What the starter exits with if Ready is never called.
  void set_exit_code(int code) { exit_code_ = code; }

 private:
  explicit Daemon(int starter_fd) : starter_fd_(starter_fd) {}
  bool Tell(int code);  // false: the starter is gone

  int starter_fd_;  // -1: told
  int exit_code_ = kExitSystem;
};

// Calls `on_signal` for each SIGINT, SIGTERM and SIGHUP, on a thread of its own, as long as this
// lives.
class ExitSignals {
 public:
  explicit ExitSignals(std::function<void()> on_signal);
  ~ExitSignals();

 private:
  void Wait();

  const std::function<void()> on_signal_;
  int stop_fd_;  // eventfd
  int signal_fd_;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DAEMON_H_
