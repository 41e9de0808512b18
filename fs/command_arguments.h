// How every command, "brimfs NAME …", takes its arguments: the same --help, the same usage line.
#ifndef BRIMFS_FS_COMMAND_ARGUMENTS_H_
#define BRIMFS_FS_COMMAND_ARGUMENTS_H_

#include <optional>
#include <ostream>
#include <string_view>

#include "fs/commands.h"

namespace CLI {
class App;
}

namespace brimfs {

// What a command says of itself.
struct CommandSyntax {
  std::string_view arguments;  // as Command::arguments
  std::string_view help;       // what it does and what its options mean: lines of 80 columns
  int usage_code = kCommandUsage;
};

// Parses into what the caller has told `app` of, which has no help flag. Nothing: go on. Otherwise
// the exit code, and `out` has the help that was asked for, or `err` a line that says what is
// wrong.
std::optional<int> ParseArguments(CLI::App& app, const CommandSyntax& syntax, int argc,
                                  const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_COMMAND_ARGUMENTS_H_
