#include "fs/completion_command.h"

#include <CLI/CLI.hpp>
#include <string>

#include "fs/command_arguments.h"
#include "fs/mount_options.h"
#include "fs/source_commands.h"

namespace brimfs {

int PrintCompletions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "commands|options",
      .help =
          "Prints the commands, or the mount options, for the completion of a shell: one a\n"
          "line, with what they take and their help, separated by tabs.\n",
  };
  std::string what;
  CLI::App app;
  app.add_option("WHAT", what)->required();
  if (const auto code = ParseArguments(app, kSyntax, argc, argv, out, err)) return *code;
  if (what == "commands") {
    for (const Command& command : CommandTable()) {
      out << command.name << '\t' << command.arguments << '\t' << command.help << '\n';
    }
  } else if (what == "options") {
    for (const OptionInfo& option : OptionTable()) {
      out << option.name << '\t' << option.argument << '\t' << option.fallback << '\t'
          << option.help << '\n';
    }
  } else {
    return CommandErrors(argv[0], err).Usage("expected commands or options", kSyntax.arguments);
  }
  return kCommandOk;
}

}  // namespace brimfs
