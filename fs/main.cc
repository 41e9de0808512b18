// brimfs SOURCE MOUNTPOINT: the only file that sees core, backends and fs, and wires them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "backends/registry.h"
#include "core/cache.h"
#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "core/offline_backend.h"
#include "fs/cache_commands.h"
#include "fs/cli.h"
#include "fs/daemon.h"
#include "fs/exit_signals.h"
#include "fs/filesystem.h"
#include "fs/fuse_device.h"
#include "fs/mountpoint.h"
#include "fs/passthrough.h"
#include "fs/readiness.h"
#include "fs/session.h"

namespace brimfs {
namespace {

std::string DefaultCacheDirectory() {
  if (geteuid() == 0) return "/var/cache/brimfs";
  if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return std::string(cache) + "/brimfs";
  }
  const char* const home = std::getenv("HOME");
  return std::string(home == nullptr ? "/tmp" : home) + "/.cache/brimfs";
}

// Paths as they are before the daemon goes to "/".
void MakePathsAbsolute(CommandLine& line) {
  if (line.options.cache.empty()) line.options.cache = DefaultCacheDirectory();
  MountOptions& options = line.options;
  for (std::string* const path :
       {&options.cache, &options.credentials, &options.netrc, &options.headers, &options.cert,
        &options.key, &options.cacert, &options.capath, &options.proxy_credentials,
        &options.unix_socket, &options.sse_c_key}) {
    if (!path->empty()) *path = std::filesystem::absolute(*path);
  }
}

int Fail(ExitCode code, const Status& why) {
  std::cerr << "brimfs: " << EscapeForLog(why.message()) << std::endl;
  return code;
}

S3Options OptionsOfS3(const MountOptions& options) {
  using Given = MountOptions::Addressing;
  using Addressing = S3Place::Addressing;
  S3Options result;
  result.place.endpoint = options.endpoint;
  if (options.addressing == Given::kPath) result.place.addressing = Addressing::kPath;
  if (options.addressing == Given::kVirtual) result.place.addressing = Addressing::kVirtual;
  result.place.dualstack = options.dualstack;
  result.place.fips = options.fips;
  result.place.accelerate = options.accelerate;
  result.region = options.region;
  result.profile = options.profile;
  result.anonymous = options.anonymous;
  result.requester_pays = options.requester_pays;
  result.bucket_owner = options.bucket_owner;
  result.sse_c_key = options.sse_c_key;
  return result;
}

BackendOptions SourceOptions(const MountOptions& options) {
  BackendOptions result;
  result.credentials = options.credentials;
  result.netrc = options.netrc;
  result.headers = options.headers;
  result.cert = options.cert;
  result.key = options.key;
  result.cacert = options.cacert;
  result.capath = options.capath;
  result.proxy = options.proxy;
  result.proxy_credentials = options.proxy_credentials;
  result.no_proxy = options.no_proxy;
  result.unix_socket = options.unix_socket;
  result.s3 = OptionsOfS3(options);
  return result;
}

Cache::Options CacheOptions(const MountOptions& options, const std::string& identity) {
  Cache::Options result;
  result.driver = options.driver;
  result.directory = options.cache;
  result.memory_budget = options.memory;
  result.cache_size = options.cache_size;
  result.cache_free = options.cache_free;
  result.source = identity;
  result.scheduler.connections = options.connections;
  result.traffic.readahead = options.readahead;
  result.traffic.rate = options.rate;
  result.fetcher.timeout = options.Patience();
  result.fetcher.first_byte = options.first_byte_timeout;
  result.fetcher.say_every_failure = !options.offline;
  return result;
}

// The source as the cache knows it: nothing is asked of the source itself.
Result<OpenedSource> OpenOffline(const CommandLine& line) {
  const MountOptions& options = line.options;
  if (options.driver != DriverKind::kMmap) {
    return Status(Code::kInvalidArgument,
                  "option offline: needs driver=mmap: in memory nothing is kept");
  }
  const Result<OfflineSource> named = NameSource(line.source, SourceOptions(options));
  if (!named.ok()) return named.status();
  const auto directory = CacheDirectory::Open(options.cache);
  if (!directory.ok()) return directory.status();
  Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(options.cache);
  if (!catalogue.ok()) return catalogue.status();
  auto opened = OfflineBackend::Open(std::move(*catalogue), *named);
  if (!opened.ok()) return opened.status();
  OpenedSource source;
  source.backend = std::move(opened->backend);
  source.identity = std::move(opened->identity);
  source.single_file = std::move(opened->single_file);
  return source;
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

// Mounts and serves until unmounted. `daemon` is null in the foreground.
int Serve(const CommandLine& line, const Readiness& readiness, Daemon* daemon) {
  std::optional<ExitSignals> signals(std::in_place);
  const MountOptions& options = line.options;
  CallLimits limits;
  limits.deadline = Clock::Steady().Now() + options.timeout;
  limits.first_byte = options.first_byte_timeout;
  Result<OpenedSource> source =
      options.offline ? OpenOffline(line) : OpenSource(line.source, SourceOptions(options), limits);
  if (!source.ok()) {
    return Fail(source.code() == Code::kInvalidArgument ? kExitUsage : kExitMount, source.status());
  }
  const auto cache =
      Cache::Create(CacheOptions(options, source->identity), *source->backend, Clock::Steady());
  if (!cache.ok()) return Fail(kExitSystem, cache.status());
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

  const std::string mounted = line.source + " is mounted on " + line.mountpoint;
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
  if (!session.ok()) return Fail(kExitMount, session.status());
  signals->Handle([&] {
    readiness.Stopping("waiting until nothing is open");
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
  PrepareProcess();
  if (const std::optional<int> code = RunCacheCommand(argc, argv, std::cout, std::cerr)) {
    return *code;
  }
  const Readiness readiness = Readiness::FromEnvironment();
  Result<CommandLine> line = ParseCommandLine(argc, argv, BRIMFS_VERSION);
  if (!line.ok()) return Fail(kExitUsage, line.status());
  if (!line->answer.empty()) {
    std::cout << line->answer;
    return kExitOk;
  }
  if (line->options.debug) SetLogLevel(LogLevel::kDebug);
  MakePathsAbsolute(*line);
  if (const Status place = CheckPlace(*line); !place.ok()) return Fail(kExitMount, place);
  if (line->foreground) return Serve(*line, readiness, nullptr);
  const Result<std::unique_ptr<Daemon>> daemon = Daemon::Detach();
  if (!daemon.ok()) return Fail(kExitSystem, daemon.status());
  LogToSyslog();
  const int code = Serve(*line, readiness, daemon->get());
  (*daemon)->set_exit_code(code);
  return code;
}

}  // namespace
}  // namespace brimfs

int main(int argc, char** argv) { return brimfs::Main(argc, argv); }
