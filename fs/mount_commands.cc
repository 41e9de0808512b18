#include "fs/mount_commands.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "fs/command_arguments.h"
#include "fs/commands.h"
#include "fs/source_commands.h"

namespace brimfs {

ParsedArguments ParseMountArguments(const MountSyntax& syntax, int argc, const char* const* argv,
                                    std::ostream& out, std::ostream& err) {
  MountArguments arguments;
  CLI::App app;
  auto* const paths = app.add_option("PATH", arguments.paths);
  if (syntax.one_path) paths->expected(0, 1);
  if (syntax.json) app.add_flag("--json", arguments.json);
  if (syntax.json) app.add_flag("--watch", arguments.watch);
  if (syntax.quiet) app.add_flag("-q,--quiet", arguments.quiet);
  const CommandSyntax said{.arguments = syntax.arguments, .help = syntax.help};
  if (const std::optional<int> code = ParseArguments(app, said, argc, argv, out, err)) {
    return {std::nullopt, *code};
  }
  if (syntax.needs_path && arguments.paths.empty()) {
    const int code = CommandErrors(argv[0], err).Usage("no path is given", syntax.arguments);
    return {std::nullopt, code};
  }
  return {std::move(arguments), kCommandOk};
}

Result<ControlAnswer> AskMount(const MountedFile& file, ControlCommand command, uint32_t cells,
                               const ControlClient::EachAnswer& each) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(file);
  if (!client.ok()) return client.status();
  ControlRequest request;
  request.id = 1;
  request.command = command;
  if (file.node != 0) request.node = file.node;
  request.cells = cells;
  return (*client)->Ask(request, each);
}

std::string Words(const Status& status) {
  return status.message().empty() ? CodeName(status.code()) : status.message();
}

}  // namespace brimfs
