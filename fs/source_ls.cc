// brimfs ls SOURCE.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <climits>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/log.h"
#include "fs/command_arguments.h"
#include "fs/config.h"
#include "fs/readable.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

struct Arguments {
  std::string source;
  std::vector<std::string> options;
  bool details = false;
  bool recursive = false;
  bool json = false;
  bool nul = false;  // ends names
};

// So many files are asked for their size at a time, where the listing does not say it.
constexpr size_t kAsking = 8;
constexpr size_t kAskedTogether = 256;

// Prints names as they come. Used by one thread.
class Lister {
 public:
  Lister(const Arguments& arguments, const MountOptions& options, Backend& backend,
         CommandErrors& errors, std::ostream& out)
      : arguments_(arguments),
        options_(options),
        backend_(backend),
        errors_(errors),
        out_(out),
        escape_(&out == &std::cout && isatty(STDOUT_FILENO) != 0) {}

  // The names of a directory, and with -R of those in it. False if some were not listed.
  bool List(const std::string& path) {
    Directory directory;
    std::stop_source stop;
    const Status listed = backend_.List(
        path, [&](ListedName name) { Take(path, std::move(name), directory, stop); }, [] {},
        LimitsOf(options_, stop.get_token()));
    if (stop.stop_requested()) return true;  // nobody reads on
    bool all = true;
    if (!listed.ok()) {
      errors_.Say(listed.message());
      all = false;
    }
    all &= PrintUnsized(path, directory.unsized);
    for (const std::string& name : directory.directories) all &= out_.good() && List(name);
    return all || !out_.good();
  }

  void Print(const std::string& path, ObjectKind kind, const Version& version) {
    if (arguments_.json) {
      PrintJson(path, kind, version);
    } else {
      PrintText(path, kind, version);
    }
  }

 private:
  struct Directory {
    absl::flat_hash_set<std::pair<size_t, ObjectKind>> seen;  // hashes of names
    std::vector<ListedName> unsized;
    std::vector<std::string> directories;  // with -R
  };

  static std::string Join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "/" + name;
  }

  bool wants_sizes() const { return arguments_.details || arguments_.json; }

  void Take(const std::string& path, ListedName name, Directory& directory,
            std::stop_source& stop) {
    // A listing that was begun anew brings again what is printed.
    if (!directory.seen.emplace(std::hash<std::string>()(name.name), name.kind).second) return;
    if (arguments_.recursive && name.kind == ObjectKind::kDirectory &&
        path.size() + name.name.size() < PATH_MAX) {  // a source may be endless
      directory.directories.push_back(Join(path, name.name));
    }
    // What comes behind a name that is still to be asked for waits with it: the order stays.
    const bool unknown = name.kind == ObjectKind::kFile && !name.version.length;
    if (!directory.unsized.empty() || (wants_sizes() && unknown)) {
      directory.unsized.push_back(std::move(name));
      return;
    }
    Print(Join(path, name.name), name.kind, name.version);
    if (!out_.good()) stop.request_stop();
  }

  // Asks for the sizes of those that have none, some at a time, then prints.
  bool PrintUnsized(const std::string& path, std::vector<ListedName>& names) {
    bool all = true;
    for (size_t begin = 0; begin < names.size() && out_.good(); begin += kAskedTogether) {
      const size_t end = std::min(names.size(), begin + kAskedTogether);
      std::vector<Status> answers(end - begin);
      std::atomic<size_t> next{begin};
      const auto ask = [&] {
        for (size_t i = next++; i < end; i = next++) {
          answers[i - begin] = AskFor(Join(path, names[i].name), names[i]);
        }
      };
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < std::min(kAsking, end - begin); ++i) threads.emplace_back(ask);
      ask();
      threads.clear();
      for (size_t i = begin; i < end; ++i) {
        Print(Join(path, names[i].name), names[i].kind, names[i].version);
        if (answers[i - begin].ok()) continue;
        errors_.Say(answers[i - begin].message());
        all = false;
      }
    }
    return all;
  }

  Status AskFor(const std::string& path, ListedName& name) {
    if (name.kind == ObjectKind::kDirectory || name.version.length) return OkStatus();
    const Result<ObjectInfo> info = backend_.Stat(path, LimitsOf(options_));
    if (info.ok()) name.version = info->version;
    return info.status();
  }

  void PrintText(const std::string& path, ObjectKind kind, const Version& version) {
    constexpr int kSize = 15;
    constexpr int kTime = 20;
    if (arguments_.details) {
      const std::string size = version.length ? std::to_string(*version.length) : "-";
      out_ << std::setw(kSize) << size << "  " << std::setw(kTime)
           << ReadableTime(version.last_modified.value_or(absl::InfinitePast())) << "  ";
    }
    out_ << (escape_ ? EscapeForLog(path) : path);
    if (kind == ObjectKind::kDirectory) out_ << '/';
    out_ << (arguments_.nul ? '\0' : '\n') << std::flush;  // the next page may take long
  }

  void PrintJson(const std::string& path, ObjectKind kind, const Version& version) {
    const bool directory = kind == ObjectKind::kDirectory;
    nlohmann::json line = {{"name", EscapeForLog(path)},
                           {"kind", directory ? "directory" : "file"}};
    if (version.length && !directory) line["size"] = *version.length;
    if (version.last_modified) line["modified"] = ReadableTime(*version.last_modified);
    if (!version.etag.empty()) line["etag"] = EscapeForLog(version.etag);
    out_ << line.dump() << std::endl;
  }

  const Arguments& arguments_;
  const MountOptions& options_;
  Backend& backend_;
  CommandErrors& errors_;
  std::ostream& out_;
  const bool escape_;
};

}  // namespace

int ListSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "SOURCE [-lR0] [--json] [-o OPTION,...]",
      .help =
          "Lists the names in a source without mounting it, one a line, as they come;\n"
          "directories end in '/'.\n"
          "  -l               with sizes in bytes and times (UTC)\n"
          "  -R, --recursive  all that is below, with its path\n"
          "  -0, --null       names end in a NUL byte, for xargs -0\n"
          "  --json           a JSON object a line: name, kind, size, modified, etag\n"
          "  -o OPTION,...    those of a mount, see brimfs --help\n",
  };
  CommandErrors errors(argv[0], err);
  Arguments arguments;
  CLI::App app;
  app.add_option("SOURCE", arguments.source)->required();
  app.add_option("-o", arguments.options)->allow_extra_args(false);
  app.add_flag("-l", arguments.details);
  app.add_flag("-R,--recursive", arguments.recursive);
  app.add_flag("-0,--null", arguments.nul);
  app.add_flag("--json", arguments.json);
  if (const auto code = ParseArguments(app, kSyntax, argc, argv, out, err)) return *code;
  const Result<MountOptions> options = CommandOptions(arguments.source, arguments.options);
  if (!options.ok()) return errors.FailWith(kCommandUsage, options.status());
  const Result<RemoteSource> source = OpenRemoteSource(arguments.source, *options);
  if (!source.ok()) return errors.Fail(WithOrigins(source.status(), *options));

  Lister lister(arguments, *options, *source->backend, errors, out);
  bool all = true;
  if (source->single_file.empty()) {
    all = lister.List("");
  } else {
    const Result<ObjectInfo> info = source->backend->Stat("", LimitsOf(*options));
    if (!info.ok()) return errors.Fail(info.status());
    lister.Print(source->single_file, info->kind, info->version);
  }
  return all ? kCommandOk : kCommandFailed;
}

}  // namespace brimfs
