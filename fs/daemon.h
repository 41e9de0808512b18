// The process around a mount: what it inherits and gives away, going to the background.
#ifndef BRIMFS_FS_DAEMON_H_
#define BRIMFS_FS_DAEMON_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "core/status.h"

namespace brimfs {

// As mount(8), "EXIT STATUS".
enum ExitCode { kExitOk = 0, kExitUsage = 1, kExitSystem = 2, kExitMount = 32 };

// Either of the two once, at the start, before any thread.
//
// For what ends by itself: descriptors 0 to 2 are open, no core dump that could hold a secret, no
// SIGPIPE, as many descriptors as the hard limit allows.
void PrepareCommand();

// For a mount the same, and: umask 077; the signals of ExitSignals are blocked.
void PrepareProcess();

// Moves this process into another mount namespace: the file of one, or the number of a process that
// lives in it (mount(8), -N).
Status EnterMountNamespace(const std::string& name);

// Goes to the background, with the starter waiting at the other end of a pipe until the mount is
// there.
class Daemon {
 public:
  // Forks; no thread may exist. In the starter it does not return: the starter exits with kExitOk
  // after Ready, else with the child's own code.
  //
  // Until Ready the child stays what the starter is: it keeps the terminal, for its error line, and
  // the process group, because an automounter's group is the only one that may enter the mountpoint
  // before the mount is there. A starter that is killed takes the child along.
  static Result<std::unique_ptr<Daemon>> Detach();

  // Tells the starter the exit code, if Ready has not been called.
  ~Daemon();

  // A starter that is killed takes the child along no longer: a mount is there to be undone, by
  // Ready. On the thread that called Detach, before Ready.
  void Outlive();

  // Lets the starter go, the terminal and the session too: standard input, output and error become
  // /dev/null, the working directory "/". Once, from any thread. If the starter was ended
  // meanwhile, nobody wants the mount: SIGTERM to this process.
  void Ready();

  // What the starter exits with if Ready is never called.
  void set_exit_code(int code) { exit_code_ = code; }

 private:
  explicit Daemon(int starter_fd) : starter_fd_(starter_fd) {}
  bool Tell(int code);  // false: the starter is gone

  int starter_fd_;  // -1: told
  int exit_code_ = kExitSystem;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_DAEMON_H_
