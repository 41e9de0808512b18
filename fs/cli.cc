#include "fs/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "fs/commands.h"
#include "fs/help_command.h"
#include "fs/nearest_name.h"

namespace brimfs {
namespace {

// Letters by which a word may differ from the command that was meant.
constexpr size_t kMostMistakes = 2;

Status Usage(const std::string& what) {
  return Status(Code::kInvalidArgument, what + "; try brimfs --help");
}

// A name in this directory may be a source; one that is not there is rather a command with a
// mistake in it. What it has for a mountpoint must not be blamed then.
Status CheckSource(const std::string& source) {
  if (source.find_first_of("/:") != std::string::npos) return OkStatus();
  if (access(source.c_str(), F_OK) == 0) return OkStatus();
  const std::string what = "'" + source + "' is neither a command nor a source";
  const std::string_view nearest =
      NearestRow(CommandTable(), source, [](const Command& command) { return command.name; }).name;
  const size_t distance = EditDistance(source, nearest);
  if (distance > kMostMistakes || distance >= nearest.size()) return Usage(what);
  return Status(Code::kInvalidArgument, what + "; did you mean '" + std::string(nearest) + "'?");
}

}  // namespace

bool IsMountHelper(std::string_view program) {
  return program.substr(program.rfind('/') + 1).starts_with("mount.");
}

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv, const std::string& version,
                                     const ConfigPlaces& places) {
  CommandLine line;
  std::vector<std::string> options;
  bool help = false;
  bool show_version = false;
  bool debug = false;
  bool sloppy = false;
  std::string type_given;

  CLI::App app;
  app.set_help_flag();
  app.add_flag("-h,--help", help);
  app.add_flag("-V,--version", show_version);
  app.add_option("-o", options)->allow_extra_args(false);
  const bool mount_helper = IsMountHelper(argv[0]);
  if (mount_helper) {
    app.add_flag("-f", line.fake);
    app.add_flag("-s", sloppy);
    app.add_flag("-v", line.verbose);
    app.add_option("-N", line.mount_namespace);
    app.add_flag("-n");                // there is no mtab
    app.add_option("-t", type_given);  // there is one type only
  } else {
    app.add_flag("-f,--foreground", line.foreground);
    app.add_flag("-d,--debug", debug);
  }
  app.add_option("SOURCE", line.source);
  app.add_option("MOUNTPOINT", line.mountpoint);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // What follows a command that is none may be a flag of the one that was meant.
    if (argc > 1 && argv[1][0] != '-' && !mount_helper) {
      BRIMFS_RETURN_IF_ERROR(CheckSource(argv[1]));
    }
    return Usage(error.what());
  }
  if (help) line.answer = mount_helper ? MountHelperHelp() : ProgramHelp();
  if (show_version) line.answer = "brimfs " + version + "\n";
  if (!line.answer.empty()) return line;

  if (line.source.empty()) return Usage("SOURCE and MOUNTPOINT are missing");
  if (!mount_helper) BRIMFS_RETURN_IF_ERROR(CheckSource(line.source));
  if (line.mountpoint.empty()) return Usage("MOUNTPOINT is missing");
  Result<MountOptions> resolved = OptionsFor(
      line.source, options, places, sloppy ? UnknownOptions::kIgnored : UnknownOptions::kRefused);
  if (!resolved.ok()) return resolved.status();
  line.options = *std::move(resolved);
  line.options.debug |= debug;
  // The flag alone: a line of fstab or of a configuration file keeps nobody waiting.
  line.foreground |= debug;
  return line;
}

}  // namespace brimfs
