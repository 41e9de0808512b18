// A command at a terminal of its own, as a person would have it.
#ifndef BRIMFS_TESTS_SUPPORT_PSEUDO_TERMINAL_H_
#define BRIMFS_TESTS_SUPPORT_PSEUDO_TERMINAL_H_

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/unique_fd.h"

namespace brimfs {

// Used by one thread.
class PseudoTerminal {
 public:
  // Starts argv[0], looked for in PATH, with `environment` ("NAME=value") added to ours. It is sent
  // SIGTERM should this process die.
  PseudoTerminal(std::vector<std::string> argv, int columns,
                 std::vector<std::string> environment = {});
  ~PseudoTerminal();  // SIGKILL if it still runs
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  void Type(const std::string& keys);  // "\x03" is Ctrl-C
  void Resize(int columns);            // the command gets SIGWINCH

  // Reads on until `enough` says so of all that was shown so far. False: it ended before, or half a
  // minute has passed.
  bool Await(const std::function<bool(const std::string& shown)>& enough);

  // Reads to its end: the exit code, or 128 + the signal that ended it; nothing after two minutes.
  std::optional<int> Wait();

  // All that was shown so far, control sequences included.
  const std::string& shown() const { return shown_; }

 private:
  // Reads what there is, or waits for it until `deadline`. False: nothing more will come by then.
  bool ReadSome(TimePoint deadline);

  pid_t pid_ = -1;
  UniqueFd fd_;
  std::string shown_;
  bool ended_ = false;
};

// What a terminal of a person shows of the last line: what was drawn over is gone.
std::string LastLine(const std::string& shown);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_PSEUDO_TERMINAL_H_
