#include "core/cache.h"

#include <sys/resource.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace brimfs {
namespace {

// A cache file's name. The parts carry their lengths, so that no two lists of parts read the same.
std::string EntryName(const std::string& source, const std::string& key, const Version& version) {
  std::string identity;
  for (const std::string& part : {source, key, version.ToString()}) {
    identity += std::to_string(part.size()) + ":" + part;
  }
  identity += std::to_string(*version.length);
  const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  char name[33];
  std::snprintf(name, sizeof name, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return name;
}

// A connection has two sockets, as it may be redirected, and what wakes its thread.
constexpr rlim_t kDescriptorsAConnection = 4;
constexpr rlim_t kOtherDescriptors = 64;  // of names, of the mount, of the log

Cache::Options Fitted(Cache::Options options) {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    const rlim_t taken = kOtherDescriptors + kDescriptorsAConnection *
                                                 static_cast<rlim_t>(options.scheduler.connections);
    const rlim_t free = files.rlim_cur - std::min(files.rlim_cur, taken);
    options.max_idle_files = std::min<size_t>(options.max_idle_files, free / 2);
  }
  if (options.driver == DriverKind::kMemory) {
    // What is in flight cannot be evicted, and what is fetched ahead should live until it is read.
    const uint64_t part = AlignInward({0, options.memory_budget / 64}, kFillBlock).size();
    options.fetcher.part_bytes =
        std::clamp(part, kFillBlock, std::max(kFillBlock, options.fetcher.part_bytes));
    options.fetcher.prefetch_limit =
        std::min(options.fetcher.prefetch_limit, std::max(kFillBlock, options.memory_budget / 4));
    // Two such files have room beside each other.
    options.fetcher.keep_limit = std::min(options.fetcher.keep_limit, options.memory_budget / 2);
    options.traffic.readahead =
        std::min(options.traffic.readahead, std::max(kFillBlock, options.memory_budget / 2));
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<Cache>> Cache::Create(Options options, Backend& backend, Clock& clock) {
  std::unique_ptr<CacheDirectory> directory;
  if (options.driver == DriverKind::kMmap) {
    Result<std::unique_ptr<CacheDirectory>> opened = CacheDirectory::Open(options.directory);
    if (!opened.ok()) return opened.status();
    directory = std::move(*opened);
  }
  return std::unique_ptr<Cache>(
      new Cache(Fitted(std::move(options)), std::move(directory), backend, clock));
}

Cache::Cache(Options options, std::unique_ptr<CacheDirectory> directory, Backend& backend,
             Clock& clock)
    : options_(std::move(options)),
      backend_(backend),
      clock_(clock),
      timer_(clock),
      traffic_(clock, options_.traffic),
      directory_(std::move(directory)),
      scheduler_(backend, options_.scheduler, clock) {
  if (options_.driver == DriverKind::kMemory) budget_.emplace(options_.memory_budget, stats_);
}

Cache::~Cache() {
  Shutdown();
  decltype(slots_) slots;
  MutexLock lock(mu_);
  slots.swap(slots_);
}

Result<std::shared_ptr<CachedFile>> Cache::Open(const std::string& path, const Version& version) {
  if (!version.length) return Status(Code::kInvalidArgument, path + ": its length is not known");
  {
    MutexLock lock(mu_);
    if (shut_down_) return Status(Code::kShutdown, "the mount is going away");
    if (std::shared_ptr<CachedFile> file = Find(path, version)) return file;
  }
  Result<std::unique_ptr<CachedFile>> made = Make(path, version);
  // Perhaps for want of a descriptor.
  if (made.code() == Code::kIo && ForgetIdle()) made = Make(path, version);
  if (!made.ok()) return made.status();

  std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  if (shut_down_) return Status(Code::kShutdown, "the mount is going away");
  if (std::shared_ptr<CachedFile> file = Find(path, version)) return file;
  leaving = TrimIdle(options_.max_idle_files);
  auto slot = std::make_unique<Slot>();
  slot->path = path;
  slot->file = std::move(*made);
  Slot& kept = *slot;
  slots_[path].push_back(std::move(slot));
  return Handle(kept);
}

void Cache::Shutdown() {
  std::vector<std::shared_ptr<CachedFile>> files;
  {
    MutexLock lock(mu_);
    shut_down_ = true;
    for (auto& [path, versions] : slots_) {
      for (const std::unique_ptr<Slot>& slot : versions) files.push_back(Handle(*slot));
    }
  }
  for (const std::shared_ptr<CachedFile>& file : files) file->resource().Cancel();
  scheduler_.Shutdown();
}

Result<std::unique_ptr<CachedFile>> Cache::Make(const std::string& path, const Version& version) {
  Result<CachedFile::Place> place = MakePlace(path, version);
  if (!place.ok()) return place.status();
  Fetcher::Options options = options_.fetcher;
  options.path = path;
  options.display_url = backend_.DisplayUrl(path);
  options.version = version;
  return std::make_unique<CachedFile>(
      std::move(*place), CachedFile::Shared{scheduler_, clock_, timer_, stats_, traffic_},
      std::move(options));
}

Result<CachedFile::Place> Cache::MakePlace(const std::string& path, const Version& version) {
  CachedFile::Place place;
  if (budget_) {
    Result<std::unique_ptr<MappedFile>> driver = MappedFile::InMemory(windows_);
    if (!driver.ok()) return driver.status();
    place.driver = std::move(*driver);
    place.budget = &*budget_;
  } else {
    Result<CacheDirectory::Entry> entry =
        directory_->Create(EntryName(options_.source, backend_.CacheKey(path), version));
    if (!entry.ok()) return entry.status();
    place.entry.emplace(std::move(*entry));
    place.driver = std::make_unique<MappedFile>(place.entry->TakeFd().Release(), windows_);
  }
  BRIMFS_RETURN_IF_ERROR(place.driver->SetLength(*version.length));
  return place;
}

std::shared_ptr<CachedFile> Cache::Find(const std::string& path, const Version& version) {
  const auto versions = slots_.find(path);
  if (versions == slots_.end()) return nullptr;
  for (const std::unique_ptr<Slot>& slot : versions->second) {
    if (SameVersion(slot->file->version(), version)) return Handle(*slot);
  }
  return nullptr;
}

std::shared_ptr<CachedFile> Cache::Handle(Slot& slot) {
  if (std::shared_ptr<CachedFile> handle = slot.handle.lock()) return handle;
  std::shared_ptr<CachedFile> handle(slot.file.get(),
                                     [this, &slot](CachedFile*) { OnHandleGone(slot); });
  ++slot.handles;
  if (slot.idle) idle_.erase(*std::exchange(slot.idle, std::nullopt));
  slot.handle = handle;
  return handle;
}

void Cache::OnHandleGone(Slot& slot) {
  bool last = false;
  {
    MutexLock lock(mu_);
    last = slot.handles == 1;
  }
  // Before the slot may be found idle, and then gone.
  if (last) slot.file->fetcher().DropPrefetch();
  MutexLock lock(mu_);
  if (--slot.handles == 0) slot.idle = idle_.insert(idle_.end(), &slot);
}

bool Cache::ForgetIdle() {
  std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  leaving = TrimIdle(0);
  return !leaving.empty();
}

std::vector<std::unique_ptr<Cache::Slot>> Cache::TrimIdle(size_t most) {
  std::vector<std::unique_ptr<Slot>> leaving;
  while (idle_.size() > most) {
    Slot* const coldest = idle_.front();
    idle_.pop_front();
    const auto versions = slots_.find(coldest->path);
    const auto slot = std::find_if(versions->second.begin(), versions->second.end(),
                                   [&](const auto& other) { return other.get() == coldest; });
    leaving.push_back(std::move(*slot));
    versions->second.erase(slot);
    if (versions->second.empty()) slots_.erase(versions);
  }
  return leaving;
}

}  // namespace brimfs
