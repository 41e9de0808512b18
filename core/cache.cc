#include "core/cache.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

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

// The file system that a directory is on, bytes; nothing is free where nothing can be asked.
struct Disk {
  uint64_t size = 0;
  uint64_t free = 0;  // for an ordinary user
};

Disk LookAt(const std::string& directory) {
  struct statvfs info;
  if (statvfs(directory.c_str(), &info) != 0) return {};
  return {uint64_t{info.f_blocks} * info.f_frsize, uint64_t{info.f_bavail} * info.f_frsize};
}

}  // namespace

Result<Cache::Storage> Cache::OpenStorage(const Options& options) {
  Storage storage;
  Result<std::unique_ptr<CacheDirectory>> directory =
      CacheDirectory::Open(options.directory, *options.io);
  if (!directory.ok()) return directory.status();
  storage.directory = std::move(*directory);
  Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(options.directory);
  if (!catalogue.ok()) return catalogue.status();
  storage.catalogue = std::move(*catalogue);

  const Disk disk = LookAt(options.directory);
  const uint64_t share = disk.free / 5 * 4;
  const Result<uint64_t> first = storage.catalogue->SettingOr("cache_size", share);
  storage.limits.size = options.cache_size.Of(disk.size).value_or(first.ok() ? *first : share);
  storage.limits.free = options.cache_free.Of(disk.size).value_or(0);
  return storage;
}

Result<std::unique_ptr<Cache>> Cache::Create(Options options, Backend& backend, Clock& clock) {
  Storage storage;
  if (options.driver == DriverKind::kMmap) {
    Result<Storage> opened = OpenStorage(options);
    if (!opened.ok()) return opened.status();
    storage = std::move(*opened);
  }
  return std::unique_ptr<Cache>(
      new Cache(Fitted(std::move(options)), std::move(storage), backend, clock));
}

Cache::Cache(Options options, Storage storage, Backend& backend, Clock& clock)
    : options_(std::move(options)),
      backend_(backend),
      clock_(clock),
      timer_(clock),
      traffic_(clock, options_.traffic),
      budget_(options_.memory_budget, stats_),
      directory_(std::move(storage.directory)),
      catalogue_(std::move(storage.catalogue)),
      scheduler_(backend, options_.scheduler, clock) {
  if (directory_) StartStorage(storage.limits);
}

void Cache::StartStorage(CacheSpace::Limits limits) {
  health_ = std::make_unique<DiskHealth>(options_.directory, clock_);
  space_ = std::make_unique<CacheSpace>(
      limits, [this] { return LookAt(options_.directory).free; }, clock_);
  shared_.emplace(DurableFile::Shared{*directory_, *catalogue_, *options_.io, *health_, *space_,
                                      stats_, [this] { keeper_->NoteDirty(); },
                                      [this] { keeper_->NoteComplete(); }});
  CountRecorded(*shared_, 0);
  OpenFiles& files = *this;
  keeper_ = std::make_unique<CacheKeeper>(*shared_, files, clock_, options_.record_interval);
  evictor_ = std::make_unique<Evictor>(*shared_, files, [this] { keeper_->Flush(); });
  space_->SetEvict([this] { evictor_->Wake(); });
  verifier_ = std::make_unique<CacheVerifier>();
  sweeper_ = std::make_unique<CacheSweeper>(*directory_, *catalogue_, clock_);
  keeper_->Start();
  evictor_->Start();
  verifier_->Start();
  sweeper_->Start();
}

Cache::~Cache() {
  if (directory_) directory_->Leave();
  Shutdown();
  if (directory_) {
    // What has woken its reader may not have been noted yet.
    for (const std::shared_ptr<CachedFile>& file : AllFiles()) file->fetcher().Stop();
    sweeper_->Stop();
    verifier_->Stop();
    keeper_->Stop();
    evictor_->Stop();
  }
  decltype(slots_) slots;
  MutexLock lock(mu_);
  slots.swap(slots_);
}

Result<std::shared_ptr<CachedFile>> Cache::Open(const std::string& path, const Version& version) {
  if (!version.length) return Status(Code::kInvalidArgument, path + ": its length is not known");
  {
    MutexLock lock(mu_);
    while (making_.contains(path)) made_.Wait(mu_);
    if (shut_down_) return Status(Code::kShutdown, "the mount is going away");
    if (std::shared_ptr<CachedFile> file = Find(path, version)) return Opened(std::move(file));
    making_.insert(path);
  }
  Result<std::shared_ptr<CachedFile>> file = OpenNew(path, version);
  EndMaking(path);
  return file.ok() ? Opened(std::move(*file)) : file;
}

std::shared_ptr<CachedFile> Cache::Opened(std::shared_ptr<CachedFile> file) {
  if (DurableFile* const durable = file->durable(); durable != nullptr) {
    durable->Used(options_.wall_clock());
    if (durable->ToVerify()) verifier_->Add(file);
  }
  return file;
}

Result<std::shared_ptr<CachedFile>> Cache::OpenNew(const std::string& path,
                                                   const Version& version) {
  Result<std::unique_ptr<CachedFile>> made =
      Make(path, version, /*or_memory=*/health_ && health_->failing());
  if (!made.ok()) {
    if (made.code() == Code::kIo) (void)ForgetIdle();  // perhaps for want of a descriptor
    made = Make(path, version, /*or_memory=*/true);
  }
  if (!made.ok()) return made.status();
  DurableFile* const durable = (*made)->durable();

  std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  if (shut_down_) return Status(Code::kShutdown, "the mount is going away");
  leaving = TrimIdle(options_.max_idle_files);
  auto slot = std::make_unique<Slot>();
  slot->path = path;
  slot->file = std::move(*made);
  if (durable != nullptr) slot->name = durable->entry().file;
  Slot& kept = *slot;
  if (!kept.name.empty()) by_name_[kept.name] = &kept;
  slots_[path].push_back(std::move(slot));
  return Handle(kept);
}

std::optional<Cache::Known> Cache::LastKnown(const std::string& path) {
  if (!catalogue_) return std::nullopt;
  const Result<std::optional<StoredEntry>> entry = catalogue_->AtPath(options_.source, path);
  if (!entry.ok() || !*entry) return std::nullopt;
  const absl::Duration age = options_.wall_clock() - (*entry)->checked;
  // A clock that was set back makes nothing current.
  if (age < absl::ZeroDuration()) return std::nullopt;
  return Known{(*entry)->version, absl::ToChronoNanoseconds(age)};
}

bool Cache::Remembers(const std::string& path) {
  if (!catalogue_) return false;
  const Result<std::optional<StoredEntry>> entry = catalogue_->AtPath(options_.source, path);
  return entry.ok() && entry->has_value();
}

void Cache::Flush() {
  if (keeper_) keeper_->Flush();
}

void Cache::Shutdown() {
  {
    MutexLock lock(mu_);
    shut_down_ = true;
  }
  for (const std::shared_ptr<CachedFile>& file : AllFiles()) file->resource().Cancel();
  if (space_) space_->Stop();  // who waits for room would keep its connection
  scheduler_.Shutdown();
}

std::vector<std::shared_ptr<CachedFile>> Cache::AllFiles() {
  std::vector<std::shared_ptr<CachedFile>> files;
  MutexLock lock(mu_);
  for (auto& [path, versions] : slots_) {
    for (const std::unique_ptr<Slot>& slot : versions) files.push_back(Handle(*slot));
  }
  return files;
}

Result<std::unique_ptr<CachedFile>> Cache::Make(const std::string& path, const Version& version,
                                                bool or_memory) {
  Result<CachedFile::Place> place = MakePlace(path, version, or_memory);
  if (!place.ok()) return place.status();
  Fetcher::Options options = options_.fetcher;
  options.path = path;
  options.display_url = backend_.DisplayUrl(path);
  options.version = version;
  // What is stored may be known by more than the caller has seen: what is fetched beside it has to
  // match all of that.
  if (place->durable) options.version = Merge(place->durable->entry().version, version);
  return std::make_unique<CachedFile>(
      std::move(*place), CachedFile::Shared{scheduler_, clock_, timer_, stats_, traffic_},
      std::move(options));
}

Result<CachedFile::Place> Cache::MakePlace(const std::string& path, const Version& version,
                                           bool or_memory) {
  if (directory_) return MakeDurable(path, version, or_memory);
  CachedFile::Place place;
  Result<std::unique_ptr<MappedFile>> driver = MappedFile::InMemory(windows_);
  if (!driver.ok()) return driver.status();
  place.driver = std::move(*driver);
  place.budget = &budget_;
  BRIMFS_RETURN_IF_ERROR(place.driver->SetLength(*version.length));
  return place;
}

Result<CachedFile::Place> Cache::MakeDurable(const std::string& path, const Version& version,
                                             bool or_memory) {
  StoredEntry wanted;
  wanted.source = options_.source;
  wanted.key = backend_.CacheKey(path);
  wanted.path = path;
  wanted.version = version;
  Result<DurableFile::Opening> opening = DurableFile::Open(*shared_, std::move(wanted), or_memory);
  if (!opening.ok()) return opening.status();
  CachedFile::Place place;
  place.durable = std::make_unique<DurableFile>(*shared_, *opening);
  std::unique_ptr<MappedFile> file;
  if (opening->own.valid()) {
    file = std::make_unique<MappedFile>(opening->own.Release(), windows_, *options_.io);
  }
  auto driver = std::make_unique<OverflowFile>(std::move(file), windows_, space_.get(), *health_);
  place.overflow = driver.get();
  place.driver = std::move(driver);
  place.budget = &budget_;
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
  bool condemned = false;
  {
    MutexLock lock(mu_);
    if (--slot.handles == 0) slot.idle = idle_.insert(idle_.end(), &slot);
    DurableFile* const durable = slot.file->durable();
    condemned = slot.idle && durable != nullptr && durable->condemned();
  }
  if (condemned) keeper_->NoteDirty();
}

bool Cache::ForgetIdle() {
  const auto trim = [&] {
    std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
    MutexLock lock(mu_);
    leaving = TrimIdle(0);
    return !leaving.empty();
  };
  if (trim()) return true;
  Flush();
  return trim();
}

std::vector<std::unique_ptr<Cache::Slot>> Cache::TrimIdle(size_t most) {
  std::vector<Slot*> chosen;
  size_t rest = idle_.size();
  for (Slot* const slot : idle_) {
    if (rest <= most) break;
    if (!MayLeave(*slot)) continue;
    chosen.push_back(slot);
    --rest;
  }
  std::vector<std::unique_ptr<Slot>> leaving;
  leaving.reserve(chosen.size());
  for (Slot* const slot : chosen) leaving.push_back(Take(slot));
  return leaving;
}

bool Cache::MayLeave(Slot& slot) {
  DurableFile* const durable = slot.file->durable();
  // The end of a file waits for its flights, which may wait for room, for which it is to leave.
  return durable == nullptr || (!slot.file->fetcher().busy() && !durable->dirty());
}

std::unique_ptr<Cache::Slot> Cache::Take(Slot* slot) {
  idle_.erase(*slot->idle);
  if (const auto named = by_name_.find(slot->name);
      named != by_name_.end() && named->second == slot) {
    by_name_.erase(named);
  }
  const auto versions = slots_.find(slot->path);
  const auto found = std::find_if(versions->second.begin(), versions->second.end(),
                                  [&](const auto& other) { return other.get() == slot; });
  std::unique_ptr<Slot> taken = std::move(*found);
  versions->second.erase(found);
  if (versions->second.empty()) slots_.erase(versions);
  return taken;
}

std::vector<std::shared_ptr<CachedFile>> Cache::Unsettled() {
  std::vector<std::shared_ptr<CachedFile>> files;
  MutexLock lock(mu_);
  for (auto& [path, versions] : slots_) {
    for (const std::unique_ptr<Slot>& slot : versions) {
      DurableFile* const durable = slot->file->durable();
      if (durable != nullptr && (durable->dirty() || durable->follows())) {
        files.push_back(Handle(*slot));
        settling_.insert(path);
      }
    }
  }
  return files;
}

bool Cache::LetGo(const std::string& name) {
  std::unique_ptr<Slot> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  const auto named = by_name_.find(name);
  if (named == by_name_.end()) return true;
  Slot* const slot = named->second;
  if (!slot->idle || !MayLeave(*slot)) return false;
  leaving = Take(slot);
  return true;
}

std::vector<StoredEntry> Cache::TakeCondemned() {
  std::vector<StoredEntry> entries;
  std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  std::vector<Slot*> chosen;
  for (Slot* const slot : idle_) {
    DurableFile* const durable = slot->file->durable();
    if (durable == nullptr || !durable->condemned() || !MayLeave(*slot)) continue;
    entries.push_back(durable->entry());
    chosen.push_back(slot);
  }
  leaving.reserve(chosen.size());
  for (Slot* const slot : chosen) leaving.push_back(Take(slot));
  return entries;
}

void Cache::TrimClosed() {
  std::vector<std::unique_ptr<Slot>> leaving;  // destroyed after the lock is let go
  MutexLock lock(mu_);
  settling_.clear();
  leaving = TrimIdle(options_.max_idle_files);
}

}  // namespace brimfs
