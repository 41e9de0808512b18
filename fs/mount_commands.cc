#include "fs/mount_commands.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "fs/commands.h"
#include "fs/source_commands.h"

namespace brimfs {

ParsedArguments ParseMountArguments(const MountSyntax& syntax, int argc, const char* const* argv,
                                    std::ostream& out, std::ostream& err) {
  MountArguments arguments;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  auto* const paths = app.add_option("PATH", arguments.paths);
  if (syntax.one_path) paths->expected(0, 1);
  app.add_flag("-h,--help", help);
  if (syntax.json) app.add_flag("--json", arguments.json);
  if (syntax.json) app.add_flag("--watch", arguments.watch);
  if (syntax.quiet) app.add_flag("-q,--quiet", arguments.quiet);
  CommandErrors errors(argv[0], err);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, errors.Usage(error.what(), syntax.arguments)};
  }
  if (help) {
    out << "Usage: " << argv[0] << ' ' << syntax.arguments << "\n\n" << syntax.help;
    return {std::nullopt, kCommandOk};
  }
  if (syntax.needs_path && arguments.paths.empty()) {
    return {std::nullopt, errors.Usage("no path is given", syntax.arguments)};
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
  request.node = file.node;
  request.cells = cells;
  return (*client)->Ask(request, each);
}

std::string Words(const Status& status) {
  return status.message().empty() ? CodeName(status.code()) : status.message();
}

}  // namespace brimfs
