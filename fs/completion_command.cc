#include "fs/completion_command.h"

#include <string_view>

#include "fs/commands.h"
#include "fs/mount_options.h"

namespace brimfs {

int PrintCompletions(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  const std::string_view what = argc == 2 ? argv[1] : "";
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
    err << argv[0] << ": expected commands or options; usage: " << argv[0] << " commands|options\n";
    return kCommandUsage;
  }
  return kCommandOk;
}

}  // namespace brimfs
