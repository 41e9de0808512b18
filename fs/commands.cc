#include "fs/commands.h"

#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "fs/cache_commands.h"
#include "fs/cli.h"
#include "fs/command_output.h"
#include "fs/completion_command.h"
#include "fs/daemon.h"
#include "fs/help_command.h"
#include "fs/mount_commands.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

constexpr Command kCommands[] = {
    {"ls", "SOURCE [-lR0] [--json] [-o OPTION,...]",
     "list a source without mounting it: -l sizes and times, -R all below, -0 for xargs -0",
     ListSource},
    {"get", "SOURCE DEST [-fr] [-o OPTION,...]",
     "download a file whole or not at all; DEST - is standard output; -f replaces, -r directories",
     GetSource},
    {"doctor", "SOURCE [--json] [-o OPTION,...]",
     "find out what the server of a source supports, and which options suit it", ExamineSource},
    {"status", "[PATH...] [--json] [--watch]",
     "show the state of a file, of the mount of a directory, or of all mounts", ShowStatus},
    {"fill", "PATH... [-q]", "fetch all that is missing of files in a mount", FillFiles},
    {"evict", "PATH... [-q]", "let go of what was fetched of them", EvictFiles},
    {"pin", "PATH... [-q]", "keep what is fetched of them, whatever else needs room", PinFiles},
    {"unpin", "PATH... [-q]", "undo pin", UnpinFiles},
    {"map", "PATH", "show as a picture which parts of a file were fetched", ShowMap},
    {"cache", "DIRECTORY [--json]", "list what a cache directory holds; --json for programs",
     ListCache},
    {"check", "DIRECTORY [-n]", "verify and repair one; -n only looks", CheckCacheDirectory,
     kCheckFailed},
    {"completion", "commands|options", "what a shell may complete, for its completion of brimfs",
     PrintCompletions},
    {"help", "[COMMAND]", "print the help of a command, or this", ShowHelp},
};

int Run(const Command& command, int argc, const char* const* argv, std::ostream& out,
        std::ostream& err) {
  // Other streams than those of the process are the caller's own.
  std::optional<CommandOutput> output;
  std::optional<CommandOutput> errors;
  if (&out == &std::cout) output.emplace(out, STDOUT_FILENO);
  if (&err == &std::cerr) errors.emplace(err, STDERR_FILENO);
  const int code = command.run(argc, argv, out, err);
  const Status printed = output ? output->Finish() : OkStatus();
  if (printed.ok()) return code;
  CommandErrors(argv[0], err).Say(printed.message());
  return code == kCommandOk ? command.not_written : code;
}

}  // namespace

std::span<const Command> CommandTable() { return kCommands; }

std::optional<int> RunCommand(int argc, const char* const* argv, std::ostream& out,
                              std::ostream& err) {
  if (argc < 2 || IsMountHelper(argv[0])) return std::nullopt;
  const std::string_view name = argv[1];
  for (const Command& command : kCommands) {
    if (command.name != name) continue;
    PrepareCommand();
    const std::string title = "brimfs " + std::string(name);
    std::vector<const char*> arguments(argv + 1, argv + argc);
    arguments[0] = title.c_str();
    const int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    return Run(command, count, arguments.data(), out, err);
  }
  return std::nullopt;
}

}  // namespace brimfs
