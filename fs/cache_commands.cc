#include "fs/cache_commands.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "core/cache_check.h"
#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "core/file_io.h"
#include "core/log.h"
#include "fs/command_arguments.h"
#include "fs/readable.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

struct Arguments {
  std::string directory;
  bool flag = false;
};

// What both take: a directory and one flag. Nothing: go on.
std::optional<int> Parse(const CommandSyntax& syntax, const char* flag, int argc,
                         const char* const* argv, std::ostream& out, std::ostream& err,
                         Arguments& arguments) {
  CLI::App app;
  app.add_option("DIRECTORY", arguments.directory)->required();
  app.add_flag(flag, arguments.flag);
  return ParseArguments(app, syntax, argc, argv, out, err);
}

// Nothing is made in a directory that is no cache.
Status FindCache(const std::string& directory) {
  struct stat found = {};
  if (stat((directory + "/data").c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return OkStatus();
  return Status(Code::kNotFound, directory + ": no cache directory of brimfs");
}

// In whole percents; 100 only if nothing is missing.
int Percent(const StoredEntry& entry) {
  const uint64_t length = *entry.version.length;
  if (length == 0) return 100;
  return static_cast<int>(std::floor(100.0L * static_cast<long double>(entry.bytes) /
                                     static_cast<long double>(length)));
}

void PrintText(const std::vector<StoredEntry>& entries, std::ostream& out) {
  constexpr int kSize = 8;
  constexpr int kPercent = 4;
  constexpr int kTime = 20;
  uint64_t bytes = 0;
  for (const StoredEntry& entry : entries) {
    bytes += entry.bytes;
    out << std::setw(kSize) << ReadableBytes(*entry.version.length) << ' ' << std::setw(kPercent)
        << Percent(entry) << "%  " << std::setw(kTime) << ReadableTime(entry.last_use) << "  "
        << (entry.pinned ? 'p' : '-') << (entry.kernels ? 'k' : '-') << "  "
        << EscapeForLog(entry.source) << ' ' << EscapeForLog(entry.path) << '\n';
  }
  out << entries.size() << " files, " << ReadableBytes(bytes) << " on disk\n";
}

void PrintJson(const std::vector<StoredEntry>& entries, std::ostream& out) {
  nlohmann::json list = nlohmann::json::array();
  uint64_t bytes = 0;
  for (const StoredEntry& entry : entries) {
    bytes += entry.bytes;
    list.push_back({{"source", EscapeForLog(entry.source)},
                    {"path", EscapeForLog(entry.path)},
                    {"version", EscapeForLog(entry.version.ToString())},
                    {"size", *entry.version.length},
                    {"filled", entry.bytes},
                    {"last_use", ReadableTime(entry.last_use)},
                    {"checked", ReadableTime(entry.checked)},
                    {"pinned", entry.pinned},
                    {"kernel", entry.kernels},
                    {"file", entry.file}});
  }
  const nlohmann::json all = {
      {"files", entries.size()}, {"filled", bytes}, {"entries", std::move(list)}};
  out << all.dump(2) << '\n';
}

}  // namespace

int ListCache(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "DIRECTORY [--json]",
      .help =
          "Lists what a cache directory holds, the most recently used first: the size of\n"
          "each file, how much of it is filled, when it was last used (UTC), p if it is\n"
          "pinned, k if the kernel was given it, its source and its path.\n"
          "  --json  the same as one JSON object: files, filled, entries\n",
  };
  Arguments arguments;
  if (const auto code = Parse(kSyntax, "--json", argc, argv, out, err, arguments)) return *code;
  CommandErrors errors(argv[0], err);
  if (const Status found = FindCache(arguments.directory); !found.ok()) {
    return errors.FailWith(kCommandFailed, found);
  }
  std::vector<StoredEntry> entries;
  const auto catalogue = Catalogue::Open(arguments.directory, Catalogue::OnDamage::kReport);
  if (!catalogue.ok() && catalogue.code() != Code::kNotFound) {
    return errors.FailWith(kCommandFailed, catalogue.status());
  }
  if (catalogue.ok()) {
    const Status read = (*catalogue)->ForEach([&](const StoredEntry& entry) {
      if (!entry.file.empty()) entries.push_back(entry);
    });
    if (!read.ok()) return errors.FailWith(kCommandFailed, read);
  }
  std::sort(entries.begin(), entries.end(), [](const StoredEntry& a, const StoredEntry& b) {
    return a.last_use != b.last_use ? a.last_use > b.last_use : a.id < b.id;
  });
  arguments.flag ? PrintJson(entries, out) : PrintText(entries, out);
  return kCommandOk;
}

int CheckCacheDirectory(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "DIRECTORY [-n]",
      .help =
          "Verifies the catalogue of a cache directory and every block of every file, and\n"
          "repairs: what is damaged or lost is forgotten, to be fetched again. What a mount\n"
          "is using is left alone. Exit codes are those of fsck(8).\n"
          "  -n  only look, change nothing\n",
      .usage_code = kCheckUsage,
  };
  Arguments arguments;
  if (const auto code = Parse(kSyntax, "-n", argc, argv, out, err, arguments)) return *code;
  CommandErrors errors(argv[0], err);
  umask(077);  // of what is made anew
  CacheCheckOptions options;
  options.repair = !arguments.flag;
  if (const Status found = FindCache(arguments.directory); !found.ok()) {
    return errors.FailWith(kCheckFailed, found);
  }
  const auto directory = CacheDirectory::Open(arguments.directory);
  if (!directory.ok()) return errors.FailWith(kCheckFailed, directory.status());
  const auto catalogue =
      Catalogue::Open(arguments.directory, options.repair ? Catalogue::OnDamage::kReplace
                                                          : Catalogue::OnDamage::kReport);
  if (!catalogue.ok()) return errors.FailWith(kCheckFailed, catalogue.status());
  const Result<CacheCheckResult> result =
      CheckCache(**directory, **catalogue, FileIo::System(), options,
                 [&](const std::string& line) { out << EscapeForLog(line) << '\n'; });
  if (!result.ok()) return errors.FailWith(kCheckFailed, result.status());
  out << result->entries << " files checked, " << ReadableBytes(result->bytes) << " right, "
      << result->in_use << " in use, " << result->corrected << " corrected, " << result->left
      << " left\n";
  return (result->corrected > 0 ? kCheckCorrected : 0) | (result->left > 0 ? kCheckLeft : 0);
}

}  // namespace brimfs
