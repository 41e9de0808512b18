#include "fs/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "fs/commands.h"

namespace brimfs {
namespace {

std::string Help() {
  std::string text =
      "brimfs mounts remote objects as ordinary files, which fill as they are read.\n"
      "\n"
      "Usage: brimfs SOURCE MOUNTPOINT [-f] [-d] [-o OPTION,...]\n"
      "       brimfs COMMAND ARGUMENT...\n"
      "\n"
      "SOURCE is http://HOST/PATH, https://HOST/PATH, s3://BUCKET/PREFIX, file:///PATH, /PATH or\n"
      "list:FILE, a file with URLs. One that ends in '/' is a directory; any other is asked\n"
      "whether it is one object or a directory.\n"
      "Unmount with: umount MOUNTPOINT, or as a user: fusermount3 -u MOUNTPOINT\n"
      "Through mount(8) and fstab(5), with the type brimfs, see mount.brimfs(8).\n"
      "\n"
      "Commands:\n";
  for (const Command& command : CommandTable()) {
    text.append("  brimfs ").append(command.name).append(" ").append(command.arguments);
    text.append("\n      ").append(command.help).append("\n");
  }
  text.append(
      "\n"
      "  -f, --foreground  stay, and log to standard error\n"
      "  -d, --debug       as -f, and log more\n"
      "  -o OPTION,...     may be repeated; a backslash escapes a comma\n"
      "  -V, --version     print the version\n"
      "  -h, --help        print this\n"
      "\n"
      "Options:\n");
  constexpr size_t kHelpColumn = 27;
  for (const OptionInfo& option : OptionTable()) {
    std::string line = "  ";
    line.append(option.name);
    if (!option.argument.empty()) line.append("=").append(option.argument);
    line.resize(std::max(line.size() + 2, kHelpColumn), ' ');
    line.append(option.help);
    if (!option.fallback.empty()) line.append(" [").append(option.fallback).append("]");
    text.append(line).append("\n");
  }
  text.append("Accepted without effect, as fstab(5) may have them:");
  for (const std::string_view name : OptionsWithoutEffect()) text.append(" ").append(name);
  text.append(" comment= x-*\nThe mount is read-only.\n");
  return text;
}

Status Usage(const std::string& what) {
  return Status(Code::kInvalidArgument, what + "; try brimfs --help");
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
  if (IsMountHelper(argv[0])) {
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
    return Usage(error.what());
  }
  if (help) line.answer = Help();
  if (show_version) line.answer = "brimfs " + version + "\n";
  if (!line.answer.empty()) return line;

  if (line.source.empty()) return Usage("SOURCE and MOUNTPOINT are missing");
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
