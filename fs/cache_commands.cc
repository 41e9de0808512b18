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
#include "fs/daemon.h"
#include "fs/readable.h"

namespace brimfs {
namespace {

struct Arguments {
  std::string directory;
  bool flag = false;
};

// Nothing: `err` has been told what is wrong.
std::optional<Arguments> Parse(int argc, const char* const* argv, const std::string& flag,
                               std::ostream& err) {
  Arguments arguments;
  CLI::App app;
  app.set_help_flag();
  app.add_option("DIRECTORY", arguments.directory)->required();
  app.add_flag(flag, arguments.flag);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    err << "brimfs: " << EscapeForLog(error.what()) << "; usage: " << argv[0] << " DIRECTORY ["
        << flag << "]\n";
    return std::nullopt;
  }
  return arguments;
}

int Fail(int code, const Status& why, std::ostream& err) {
  err << "brimfs: " << EscapeForLog(why.message()) << "\n";
  return code;
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
  const std::optional<Arguments> arguments = Parse(argc, argv, "--json", err);
  if (!arguments) return kExitUsage;
  if (const Status found = FindCache(arguments->directory); !found.ok()) {
    return Fail(kExitSystem, found, err);
  }
  std::vector<StoredEntry> entries;
  const auto catalogue = Catalogue::Open(arguments->directory, Catalogue::OnDamage::kReport);
  if (!catalogue.ok() && catalogue.code() != Code::kNotFound) {
    return Fail(kExitSystem, catalogue.status(), err);
  }
  if (catalogue.ok()) {
    const Status read = (*catalogue)->ForEach([&](const StoredEntry& entry) {
      if (!entry.file.empty()) entries.push_back(entry);
    });
    if (!read.ok()) return Fail(kExitSystem, read, err);
  }
  std::sort(entries.begin(), entries.end(), [](const StoredEntry& a, const StoredEntry& b) {
    return a.last_use != b.last_use ? a.last_use > b.last_use : a.id < b.id;
  });
  arguments->flag ? PrintJson(entries, out) : PrintText(entries, out);
  return kExitOk;
}

int CheckCacheDirectory(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  const std::optional<Arguments> arguments = Parse(argc, argv, "-n", err);
  if (!arguments) return kCheckUsage;
  umask(077);  // of what is made anew
  CacheCheckOptions options;
  options.repair = !arguments->flag;
  if (const Status found = FindCache(arguments->directory); !found.ok()) {
    return Fail(kCheckFailed, found, err);
  }
  const auto directory = CacheDirectory::Open(arguments->directory);
  if (!directory.ok()) return Fail(kCheckFailed, directory.status(), err);
  const auto catalogue =
      Catalogue::Open(arguments->directory, options.repair ? Catalogue::OnDamage::kReplace
                                                           : Catalogue::OnDamage::kReport);
  if (!catalogue.ok()) return Fail(kCheckFailed, catalogue.status(), err);
  const Result<CacheCheckResult> result =
      CheckCache(**directory, **catalogue, FileIo::System(), options,
                 [&](const std::string& line) { out << EscapeForLog(line) << '\n'; });
  if (!result.ok()) return Fail(kCheckFailed, result.status(), err);
  out << result->entries << " files checked, " << ReadableBytes(result->bytes) << " right, "
      << result->in_use << " in use, " << result->corrected << " corrected, " << result->left
      << " left\n";
  return (result->corrected > 0 ? kCheckCorrected : 0) | (result->left > 0 ? kCheckLeft : 0);
}

}  // namespace brimfs
