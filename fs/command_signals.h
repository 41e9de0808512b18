// The signals of a command that ends well when it is told to: SIGINT, SIGTERM and SIGHUP.
#ifndef BRIMFS_FS_COMMAND_SIGNALS_H_
#define BRIMFS_FS_COMMAND_SIGNALS_H_

#include <array>
#include <chrono>
#include <csignal>
#include <ostream>

#include "core/unique_fd.h"

namespace brimfs {

class CommandOutput;

// Holds these signals back as long as it lives, for the thread that makes it and those that this
// starts later: so before the first. One that whoever started the command has it ignore (nohup(1),
// the background jobs of a script) stays ignored, and never comes here.
//
// What the command writes to `out` and `err` gives way to them: a write that waits for a reader
// when one comes is given up, and the stream is bad. After that a write only does what it can
// without waiting. Streams without a CommandOutput under them are left as they are.
//
// Used by one thread.
class CommandSignals {
 public:
  CommandSignals(std::ostream& out, std::ostream& err);
  ~CommandSignals();
  CommandSignals(const CommandSignals&) = delete;
  CommandSignals& operator=(const CommandSignals&) = delete;

  // One that has come; 0: none. What it says of one it goes on saying.
  int Came() const;

  // Waits for one, at most so long. As Came.
  int Wait(std::chrono::milliseconds time) const;

  // For poll(2): readable once one has come, and from then on.
  int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  const sigset_t held_;
  const UniqueFd fd_;  // signalfd; read at the end only
  const std::array<CommandOutput*, 2> outputs_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_COMMAND_SIGNALS_H_
