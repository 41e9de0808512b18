// brimfs get SOURCE DEST.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "fs/atomic_file.h"
#include "fs/command_arguments.h"
#include "fs/command_output.h"
#include "fs/config.h"
#include "fs/download.h"
#include "fs/download_bar.h"
#include "fs/exit_signals.h"
#include "fs/source_commands.h"

namespace brimfs {
namespace {

struct Arguments {
  std::string source;
  std::string destination;
  std::vector<std::string> options;
  bool force = false;
  bool recursive = false;
};

// Files of a directory that are got at a time.
constexpr size_t kFilesAtATime = 8;

bool IsDirectory(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string Join(const std::string& directory, const std::string& name) {
  if (directory.empty()) return name;
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

bool ReaderHasGone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

// What is got, into one cache. Thread-safe, but for GetTree.
class Getter {
 public:
  Getter(const Arguments& arguments, const MountOptions& options, Backend& backend, Cache& cache,
         CommandErrors& errors, DownloadBar& bar, std::stop_token stop)
      : arguments_(arguments), backend_(backend), cache_(cache), bar_(bar), errors_(errors) {
    download_.timeout = options.Patience();
    download_.first_byte = options.first_byte_timeout;
    download_.stop = std::move(stop);
    download_.let_go = !options.offline;
  }

  // All of these return false after they have said what failed.
  bool GetFile(const std::string& path, const std::string& to) {
    const Result<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(
        to, arguments_.force ? AtomicFile::IfThere::kReplace : AtomicFile::IfThere::kFail);
    if (!file.ok()) return Say(file.status());
    DownloadOptions options = download_;
    options.on_progress = bar_.NextFile();
    const Status got = Download(backend_, cache_, path, (*file)->fd(), options);
    if (!got.ok()) return Say(got);
    return Say((*file)->Publish());
  }

  bool GetToOutput(const std::string& path) {
    DownloadOptions options = download_;
    options.may_restart = false;
    const Status got = Download(backend_, cache_, path, STDOUT_FILENO, options);
    if (!got.ok() && ReaderHasGone()) EndByBrokenPipe();
    return Say(got);
  }

  bool GetTree(const std::string& path, const std::string& to) {
    if (mkdir(to.c_str(), kDirectoryMode) != 0 && !(errno == EEXIST && IsDirectory(to))) {
      return Say(Status::FromErrno(errno, to));
    }
    std::vector<std::string> files;
    std::vector<std::string> directories;
    if (!List(path, files, directories)) return false;
    bool all = GetFiles(path, to, files);
    for (const std::string& name : directories) {
      if (stopped()) return false;
      all &= GetTree(Join(path, name), Join(to, name));
    }
    return all;
  }

  bool stopped() const { return download_.stop.stop_requested(); }

 private:
  static constexpr mode_t kDirectoryMode = 0777;  // the umask is the user's

  bool Say(const Status& status) {
    if (status.ok()) return true;
    if (stopped()) return false;  // that is said once
    MutexLock lock(mu_);
    bar_.Erase();
    errors_.Say(status.message());
    return false;
  }

  bool List(const std::string& path, std::vector<std::string>& files,
            std::vector<std::string>& directories) {
    CallLimits limits;
    limits.deadline = After(Clock::Steady().Now(), download_.timeout);
    limits.first_byte = download_.first_byte;
    limits.stop = download_.stop;
    const auto take = [&](const ListedName& name) {
      (name.kind == ObjectKind::kDirectory ? directories : files).push_back(name.name);
    };
    const auto begin_anew = [&] {
      files.clear();
      directories.clear();
    };
    return Say(backend_.List(path, take, begin_anew, limits));
  }

  bool GetFiles(const std::string& path, const std::string& to,
                const std::vector<std::string>& names) {
    std::atomic<size_t> next{0};
    std::atomic<bool> all{true};
    const auto get = [&] {
      for (size_t i = next++; i < names.size() && !stopped(); i = next++) {
        if (!GetFile(Join(path, names[i]), Join(to, names[i]))) all = false;
      }
    };
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min(kFilesAtATime, names.size()); ++i) threads.emplace_back(get);
    get();
    threads.clear();
    return all && !stopped();
  }

  const Arguments& arguments_;
  Backend& backend_;
  Cache& cache_;
  DownloadBar& bar_;
  DownloadOptions download_;  // constant after construction
  Mutex mu_;
  CommandErrors& errors_ ABSL_GUARDED_BY(mu_);
};

// Whether all was got.
bool Get(const Arguments& arguments, const RemoteSource& source, Getter& getter,
         CommandErrors& errors) {
  const std::string& to = arguments.destination;
  if (source.single_file.empty()) {
    if (arguments.recursive && to != "-") return getter.GetTree("", to);
    const std::string shown = arguments.source.substr(0, arguments.source.find('?'));
    errors.Say(shown + (to == "-" ? ": is a directory; - takes one file"
                                  : ": is a directory; -r gets what is in it"));
    return false;
  }
  if (to == "-") return getter.GetToOutput("");
  return getter.GetFile("", IsDirectory(to) ? Join(to, source.single_file) : to);
}

}  // namespace

int GetSource(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  constexpr CommandSyntax kSyntax{
      .arguments = "SOURCE DEST [-fr] [-o OPTION,...]",
      .help =
          "Downloads a file, in parallel ranges: DEST appears whole or not at all. Into a\n"
          "directory the file goes under its own name; - is standard output.\n"
          "  -f, --force      replace what is there, in one step\n"
          "  -r, --recursive  get a directory with all that is below it\n"
          "  -o OPTION,...    those of a mount, see brimfs --help\n",
  };
  CommandErrors errors(argv[0], err);
  err.tie(nullptr);  // what is on `out` is another thread's
  Arguments arguments;
  CLI::App app;
  app.add_option("SOURCE", arguments.source)->required();
  app.add_option("DEST", arguments.destination)->required();
  app.add_option("-o", arguments.options)->allow_extra_args(false);
  app.add_flag("-f,--force", arguments.force);
  app.add_flag("-r,--recursive", arguments.recursive);
  if (const auto code = ParseArguments(app, kSyntax, argc, argv, out, err)) return *code;
  Result<MountOptions> options = CommandOptions(arguments.source, arguments.options);
  if (!options.ok()) return errors.FailWith(kCommandUsage, options.status());

  // Where there is nothing to remove, and a write may wait for ever, signals do what they always
  // do.
  std::optional<ExitSignals> signals;
  if (arguments.destination != "-") {
    ExitSignals::Block();
    signals.emplace();  // until the first file is made, they end it
  }
  const Result<RemoteSource> source = OpenRemoteSource(arguments.source, *options);
  if (!source.ok()) return errors.Fail(WithOrigins(source.status(), *options));
  // Only offline there is something in the cache directory that is worth more than the source's.
  if (!options->offline) options->driver = DriverKind::kMemory;
  const auto cache =
      Cache::Create(CacheOptions(*options, source->identity), *source->backend, Clock::Steady());
  if (!cache.ok()) return errors.Fail(WithOrigins(cache.status(), *options));

  std::stop_source stop;
  if (signals) {
    signals->Hold();
    signals->Handle([&] { stop.request_stop(); });
  }
  bool all = false;
  {
    DownloadBar bar(arguments.destination != "-", !arguments.recursive, out);
    Getter getter(arguments, *options, *source->backend, **cache, errors, bar, stop.get_token());
    all = Get(arguments, *source, getter, errors);
  }
  const int signal = signals ? signals->handled() : 0;
  signals.reset();
  if (signal != 0) {
    errors.Say("interrupted");
    return 128 + signal;  // as a shell says it
  }
  return all ? kCommandOk : kCommandFailed;
}

}  // namespace brimfs
