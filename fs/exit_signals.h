// SIGINT, SIGTERM and SIGHUP: what they do to a mount that is being made, and to one that is there.
#ifndef BRIMFS_FS_EXIT_SIGNALS_H_
#define BRIMFS_FS_EXIT_SIGNALS_H_

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "core/mutex.h"
#include "core/unique_fd.h"

namespace brimfs {

// Takes these signals, on a thread of its own, as long as it lives. One that comes
//   before Hold    ends the process at once, as if nobody had asked for it,
//   after Hold     waits for Handle,
//   after Handle   calls the handler.
class ExitSignals {
 public:
  // For the calling thread and those that it starts. Blocked they have to be in all of them, so
  // before the first.
  static void Block();
  static void Unblock();

  // Those that Block blocks. Not among them is one that whoever started this process has it ignore
  // (nohup(1), the background jobs of a script): that stays ignored.
  static sigset_t Signals();

  ExitSignals();
  ~ExitSignals();  // one that still waits is forgotten

  // Thread-safe, each once and in this order.
  void Hold();
  void Handle(std::function<void()> on_signal);

  // The first one for which the handler was called; 0: none. Thread-safe.
  int handled() const { return handled_; }

 private:
  enum class State { kFatal, kHeld, kHandled, kStopped };

  void Wait();
  void Take(int signal);

  const UniqueFd stop_fd_;  // eventfd
  const UniqueFd signal_fd_;

  Mutex mu_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kFatal;
  std::function<void()> on_signal_ ABSL_GUARDED_BY(mu_);

  std::atomic<int> handled_{0};

  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_EXIT_SIGNALS_H_
