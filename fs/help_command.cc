#include "fs/help_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

#include "fs/command_arguments.h"
#include "fs/mount_options.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

constexpr size_t kColumns = 80;

// Adds `words` to the last line of `text`, and breaks lines between them; those that follow are
// indented by `indent`.
void AddWords(std::string& text, std::string_view words, size_t indent) {
  size_t column = text.size() - (text.rfind('\n') + 1);
  bool begun = false;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (begun && column + 1 + end > kColumns) {
      text.append("\n").append(indent, ' ');
      column = indent;
    } else if (begun) {
      text.push_back(' ');
      ++column;
    }
    text.append(words.substr(0, end));
    column += end;
    begun = true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

void AddCommands(std::string& text) {
  constexpr size_t kIndent = 6;
  for (const Command& command : CommandTable()) {
    text.append("  brimfs ").append(command.name).append(" ").append(command.arguments);
    text.append("\n").append(kIndent, ' ');
    AddWords(text, command.help, kIndent);
    text.append("\n");
  }
}

void AddOptions(std::string& text) {
  constexpr size_t kHelpColumn = 27;
  text.append("\nOptions:\n");
  for (const OptionInfo& option : OptionTable()) {
    std::string line = "  ";
    line.append(option.name);
    if (!option.argument.empty()) line.append("=").append(option.argument);
    line.resize(std::max(line.size() + 2, kHelpColumn), ' ');
    text.append(line);
    std::string words(option.help);
    if (!option.fallback.empty()) words.append(" [").append(option.fallback).append("]");
    AddWords(text, words, kHelpColumn);
    text.append("\n");
  }
  std::string without_effect = "Accepted without effect, as fstab(5) may have them:";
  for (const std::string_view name : OptionsWithoutEffect()) {
    without_effect.append(" ").append(name);
  }
  AddWords(text, without_effect + " comment= x-*", 2);
  text.append("\nThe mount is read-only.\n");
}

}  // namespace

std::string ProgramHelp() {
  std::string text =
      "brimfs mounts remote objects as ordinary files, which fill as they are read.\n"
      "\n"
      "Usage: brimfs SOURCE MOUNTPOINT [-fd] [-o OPTION,...]\n"
      "       brimfs COMMAND ARGUMENT...\n"
      "\n"
      "SOURCE is http://HOST/PATH, https://HOST/PATH, s3://BUCKET/PREFIX, file:///PATH,\n"
      "/PATH or list:FILE, a file with URLs. One that ends in '/' is a directory; any\n"
      "other is asked whether it is one object or a directory.\n"
      "Unmount with: umount MOUNTPOINT, or as a user: fusermount3 -u MOUNTPOINT\n"
      "Through mount(8) and fstab(5), with the type brimfs, see mount.brimfs(8).\n"
      "\n"
      "Commands:\n";
  AddCommands(text);
  text.append(
      "\n"
      "  -f, --foreground  stay, and log to standard error\n"
      "  -d, --debug       as -f, and log more\n"
      "  -o OPTION,...     may be repeated; a backslash escapes a comma\n"
      "  -V, --version     print the version\n"
      "  -h, --help        print this\n");
  AddOptions(text);
  return text;
}

std::string MountHelperHelp() {
  std::string text =
      "mount.brimfs is brimfs(1) as mount(8) calls it.\n"
      "\n"
      "Usage: mount -t brimfs [-fnsv] [-N NAMESPACE] [-o OPTION,...] SOURCE MOUNTPOINT\n"
      "       mount.brimfs SOURCE MOUNTPOINT [-fnsv] [-N NAMESPACE] [-o OPTION,...]\n"
      "                    [-t TYPE]\n"
      "\n"
      "  -f             fake: do everything but mount, asking the source included\n"
      "  -n             nothing: there is no mtab\n"
      "  -s             sloppy: ignore options that are unknown\n"
      "  -v             say on standard output what was mounted\n"
      "  -N NAMESPACE   mount in another mount namespace: its file, or a process in it\n"
      "  -o OPTION,...  may be repeated; a backslash escapes a comma\n"
      "  -t TYPE        ignored: there is one type\n"
      "  -V, --version  print the version\n"
      "  -h, --help     print this\n";
  AddOptions(text);
  return text;
}

int ShowHelp(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "[COMMAND]",
      .help = "Prints the help of a command, or without one that of brimfs.\n",
  };
  std::string name;
  CLI::App app;
  app.add_option("COMMAND", name);
  if (const auto code = ParseArguments(app, kSyntax, argc, argv, out, err)) return *code;
  if (name.empty()) {
    out << ProgramHelp();
    return kCommandOk;
  }
  for (const Command& command : CommandTable()) {
    if (command.name != name) continue;
    const std::string title = "brimfs " + name;
    const char* const arguments[] = {title.c_str(), "--help", nullptr};
    return command.run(2, arguments, out, err);
  }
  return CommandErrors(argv[0], err).Usage("there is no command '" + name + "'", kSyntax.arguments);
}

}  // namespace brimfs
