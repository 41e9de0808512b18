// brimfs SOURCE MOUNTPOINT: wires core, backends and fs.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "backends/secret_file.h"
#include "core/cache.h"
#include "core/log.h"
#include "fs/cli.h"
#include "fs/command_output.h"
#include "fs/commands.h"
#include "fs/config.h"
#include "fs/daemon.h"
#include "fs/exit_signals.h"
#include "fs/filesystem.h"
#include "fs/fuse_device.h"
#include "fs/metrics.h"
#include "fs/metrics_server.h"
#include "fs/mount_control.h"
#include "fs/mountpoint.h"
#include "fs/open_source.h"
#include "fs/passthrough.h"
#include "fs/readiness.h"
#include "fs/session.h"

namespace brimfs {
namespace {

int Fail(ExitCode code, const Status& why) {
  std::cerr << "brimfs: " << EscapeForLog(why.message()) << std::endl;
  return code;
}

// Whether it can be mounted where it is to be: quick, and touches no network.
Status CheckPlace(CommandLine& line) {
  if (line.options.remount) {
    return Status(Code::kUnsupported, line.mountpoint +
                                          ": the options of a mount can't be changed (remount); "
                                          "unmount it, then mount it with the new ones");
  }
  if (!line.mount_namespace.empty()) {
    BRIMFS_RETURN_IF_ERROR(EnterMountNamespace(line.mount_namespace));
  }
  Result<std::string> mountpoint = ResolveMountpoint(line.mountpoint);
  if (!mountpoint.ok()) return mountpoint.status();
  line.mountpoint = std::move(*mountpoint);
  BRIMFS_RETURN_IF_ERROR(CheckMountpoint(line.mountpoint, line.options.nonempty));
  return OpenFuseDevice().status();
}

Result<std::string> ReadToken(const std::string& path) {
  const Result<SecretFile> file = ReadSecretFile(path);
  if (!file.ok()) return file.status();
  std::string token(absl::StripAsciiWhitespace(file->text));
  if (token.empty()) return Status(Code::kInvalidArgument, path + ": there is no token in it");
  return token;
}

// Null without `-o metrics=`. `backend` and `filesystem` outlive the server.
Result<std::unique_ptr<MetricsServer>> ServeMetrics(const CommandLine& line, Backend& backend,
                                                    FileSystem& filesystem) {
  const MountOptions& options = line.options;
  if (options.metrics.empty()) return std::unique_ptr<MetricsServer>();
  const Result<ListenAddress> address = ListenAddress::Parse(options.metrics);
  if (!address.ok()) return address.status();
  MetricsServer::Settings settings{.address = *address, .page = {}, .token = {}};
  if (!options.metrics_token.empty()) {
    settings.token = [path = options.metrics_token] { return ReadToken(path); };
  }
  settings.page = [labels = MountLabels{backend.DisplayUrl(""), line.mountpoint},
                   mounted = std::chrono::system_clock::now(), &filesystem] {
    Cache& cache = filesystem.cache();
    return MetricsText(labels, {.stats = cache.stats(),
                                .load = cache.load(),
                                .space = cache.usage(),
                                .nodes = filesystem.node_count(),
                                .version = BRIMFS_VERSION,
                                .mounted = mounted});
  };
  auto server = MetricsServer::Start(std::move(settings));
  if (server.ok()) Log(LogLevel::kInfo, "the metrics are at " + (*server)->url());
  return server;
}

// Mounts and serves until unmounted. `daemon` is null in the foreground.
int Serve(const CommandLine& line, const Readiness& readiness, Daemon* daemon) {
  std::optional<ExitSignals> signals(std::in_place);
  const MountOptions& options = line.options;
  Result<RemoteSource> source = OpenRemoteSource(line.source, options);
  if (!source.ok()) {
    return Fail(source.code() == Code::kInvalidArgument ? kExitUsage : kExitMount,
                WithOrigins(source.status(), options));
  }
  const auto cache =
      Cache::Create(CacheOptions(options, source->identity), *source->backend, Clock::Steady());
  if (!cache.ok()) return Fail(kExitSystem, WithOrigins(cache.status(), options));
  if (line.fake) return kExitOk;

  FileSystem::Options filesystem_options;
  filesystem_options.metadata_ttl = options.metadata_ttl;
  filesystem_options.negative_ttl = options.negative_ttl;
  filesystem_options.timeout = options.Patience();
  filesystem_options.first_byte = options.first_byte_timeout;
  filesystem_options.single_file = source->single_file;
  Passthrough passthrough(options.passthrough && options.driver == DriverKind::kMmap);
  FileSystem filesystem(*source->backend, **cache, Clock::Steady(), &passthrough,
                        filesystem_options);

  const Result<std::unique_ptr<MetricsServer>> metrics =
      ServeMetrics(line, *source->backend, filesystem);
  if (!metrics.ok()) {
    return Fail(metrics.code() == Code::kInvalidArgument ? kExitUsage : kExitMount,
                WithOrigins(metrics.status(), options));
  }

  // Not as it was given: a URL may hold a secret.
  const std::string mounted = source->backend->DisplayUrl("") + " is mounted on " + line.mountpoint;
  Session::Settings settings;
  settings.source = line.source;
  settings.mountpoint = line.mountpoint;
  settings.options = options;
  settings.ready = [&] {
    Log(LogLevel::kInfo, mounted);
    if (line.verbose) std::cout << EscapeForLog(mounted) << std::endl;
    readiness.Ready(mounted);
    if (daemon != nullptr) daemon->Ready();
  };
  signals->Hold();
  const auto session = Session::Mount(std::move(settings), filesystem, passthrough);
  if (!session.ok()) return Fail(kExitMount, WithOrigins(session.status(), options));
  const std::unique_ptr<MountControl> control =
      MountControl::Start(options, source->backend->DisplayUrl(""), line.mountpoint, filesystem);
  signals->Handle([&] {
    readiness.Stopping("waiting until nothing is open");
    if (control != nullptr) control->Stop();
    (*session)->RequestExit();
  });
  if (daemon != nullptr) daemon->Outlive();
  const Status ended = (*session)->Loop();
  signals.reset();  // it knows the session
  readiness.Stopping("unmounted");
  if (!ended.ok()) {
    Log(LogLevel::kError, ended.message());
    return kExitSystem;
  }
  return kExitOk;
}

int Main(int argc, const char* const* argv) {
  if (const std::optional<int> code = RunCommand(argc, argv, std::cout, std::cerr)) return *code;
  PrepareProcess();
  const Readiness readiness = Readiness::FromEnvironment();
  Result<CommandLine> line =
      ParseCommandLine(argc, argv, BRIMFS_VERSION, ConfigPlaces::OfThisUser());
  if (!line.ok()) return Fail(kExitUsage, line.status());
  if (!line->answer.empty()) {
    CommandOutput output(std::cout, STDOUT_FILENO);
    std::cout << line->answer;
    const Status printed = output.Finish();
    return printed.ok() ? kExitOk : Fail(kExitSystem, printed);
  }
  SetLogLevel(line->options.debug ? LogLevel::kDebug : line->options.log_level);
  MakePathsAbsolute(line->options);
  if (const Status place = CheckPlace(*line); !place.ok()) return Fail(kExitMount, place);
  SetLogMount(line->mountpoint);
  if (line->foreground) {
    LogToJournalIfItIsStandardError();
    return Serve(*line, readiness, nullptr);
  }
  const Result<std::unique_ptr<Daemon>> daemon = Daemon::Detach();
  if (!daemon.ok()) return Fail(kExitSystem, daemon.status());
  LogToSystem();
  const int code = Serve(*line, readiness, daemon->get());
  (*daemon)->set_exit_code(code);
  return code;
}

}  // namespace
}  // namespace brimfs

int main(int argc, char** argv) {
  const int code = brimfs::Main(argc, argv);
  brimfs::FlushLog();
  return code;
}
