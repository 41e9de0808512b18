#include "fs/open_source.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "backends/object_probe.h"
#include "backends/registry.h"
#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "core/offline_backend.h"

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

// The source as the cache knows it: nothing is asked of the source itself.
Result<RemoteSource> OpenOffline(const std::string& name, const MountOptions& options) {
  if (options.driver != DriverKind::kMmap) {
    return Status(Code::kInvalidArgument,
                  "option offline: needs driver=mmap: in memory nothing is kept");
  }
  const Result<OfflineSource> named = NameSource(name, SourceOptions(options));
  if (!named.ok()) return named.status();
  const auto directory = CacheDirectory::Open(options.cache);
  if (!directory.ok()) return directory.status();
  Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(options.cache);
  if (!catalogue.ok()) return catalogue.status();
  auto opened = OfflineBackend::Open(std::move(*catalogue), *named);
  if (!opened.ok()) return opened.status();
  RemoteSource source;
  source.backend = std::move(opened->backend);
  source.identity = std::move(opened->identity);
  source.single_file = std::move(opened->single_file);
  return source;
}

// Of what is tried once.
CallLimits OnceLimits(const MountOptions& options) {
  CallLimits limits;
  limits.deadline = Clock::Steady().Now() + options.timeout;
  limits.first_byte = options.first_byte_timeout;
  return limits;
}

}  // namespace

void MakePathsAbsolute(MountOptions& options) {
  if (options.cache.empty()) options.cache = DefaultCacheDirectory();
  for (std::string* const path :
       {&options.cache, &options.credentials, &options.netrc, &options.headers, &options.cert,
        &options.key, &options.cacert, &options.capath, &options.proxy_credentials,
        &options.unix_socket, &options.sse_c_key, &options.metrics_token}) {
    if (!path->empty()) *path = std::filesystem::absolute(*path);
  }
}

Result<RemoteSource> OpenRemoteSource(const std::string& name, const MountOptions& options) {
  if (options.offline) return OpenOffline(name, options);
  Result<OpenedSource> opened = OpenSource(name, SourceOptions(options), OnceLimits(options));
  if (!opened.ok()) return opened.status();
  RemoteSource source;
  source.backend = std::move(opened->backend);
  source.identity = std::move(opened->identity);
  source.single_file = std::move(opened->single_file);
  return source;
}

Result<ObjectProbe> ProbeServer(const std::string& name, const std::string& path,
                                const MountOptions& options) {
  return ProbeObject(name, SourceOptions(options), path, OnceLimits(options));
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

}  // namespace brimfs
