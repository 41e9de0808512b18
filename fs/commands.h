// The one table of the commands of brimfs, "brimfs NAME …": what runs them, --help and the shell
// completion come from it.
#ifndef BRIMFS_FS_COMMANDS_H_
#define BRIMFS_FS_COMMANDS_H_

#include <optional>
#include <ostream>
#include <span>
#include <string_view>

namespace brimfs {

struct Command {
  std::string_view name;       // "cache"
  std::string_view arguments;  // as --help shows them: "DIRECTORY [--json]"
  std::string_view help;       // one line

  // argv[0] is "brimfs NAME", what follows are the arguments. Returns the exit code.
  //
  // The process is as its user started it (umask, signals), but for PrepareCommand; so Ctrl-C ends
  // it at once unless the command takes care of that (CommandSignals). Errors are lines on `err`,
  // "brimfs NAME: PATH: why; remedy".
  int (*run)(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

  // The exit code in place of 0 if what it printed could not be written, which is then said.
  int not_written = 1;
};

// Where a command has no codes of its own (as check has those of fsck(8)).
enum CommandExitCode {
  kCommandOk = 0,
  kCommandFailed = 1,  // at some path; the others were gone on with
  kCommandUsage = 2,
};

// In the order of --help.
std::span<const Command> CommandTable();

// Runs the command that the first argument names, and returns its exit code; nothing if it names
// none or the program is called as a helper of mount(8). A source of such a name is mounted as
// ./NAME.
std::optional<int> RunCommand(int argc, const char* const* argv, std::ostream& out,
                              std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_COMMANDS_H_
