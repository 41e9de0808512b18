#include "fs/command_arguments.h"

#include <CLI/CLI.hpp>

#include "fs/source_commands.h"

namespace brimfs {

std::optional<int> ParseArguments(CLI::App& app, const CommandSyntax& syntax, int argc,
                                  const char* const* argv, std::ostream& out, std::ostream& err) {
  app.set_help_flag("-h,--help");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << "Usage: " << argv[0] << ' ' << syntax.arguments << "\n\n" << syntax.help;
    return kCommandOk;
  } catch (const CLI::ParseError& error) {
    CommandErrors(argv[0], err).Usage(error.what(), syntax.arguments);
    return syntax.usage_code;
  }
  return std::nullopt;
}

}  // namespace brimfs
