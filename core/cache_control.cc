// The part of Cache for those who look after a mount: what leaves at their word, and what stays.
#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include "core/cache.h"

namespace brimfs {
namespace {

// Of an entry for what is to be pinned: what comes meanwhile may be recorded first.
constexpr int kTries = 3;

Status Busy(const std::string& why) { return Status(Code::kBusy, why); }

uint64_t SumOf(const std::vector<Range>& ranges) {
  uint64_t bytes = 0;
  for (const Range& range : ranges) bytes += range.size();
  return bytes;
}

}  // namespace

Cache::Usage Cache::usage() const {
  Usage usage;
  usage.memory = budget_.used();
  usage.memory_limit = options_.memory_budget;
  if (space_ == nullptr) return usage;
  usage.stored = space_->used();
  usage.stored_limit = space_->limits().size;
  usage.disk_floor = space_->limits().free;
  struct statvfs disk;
  if (statvfs(options_.directory.c_str(), &disk) == 0) {
    usage.disk_free = uint64_t{disk.f_bavail} * disk.f_frsize;
  }
  return usage;
}

uint64_t Cache::capacity() const { return space_ ? space_->limits().size : options_.memory_budget; }

void Cache::BeginMaking(const std::string& path) {
  MutexLock lock(mu_);
  while (making_.contains(path)) made_.Wait(mu_);
  making_.insert(path);
}

void Cache::EndMaking(const std::string& path) {
  MutexLock lock(mu_);
  making_.erase(path);
  made_.NotifyAll();
}

std::optional<std::vector<std::unique_ptr<Cache::Slot>>> Cache::TakeUnused(
    const std::string& path) {
  std::vector<std::unique_ptr<Slot>> taken;
  MutexLock lock(mu_);
  const auto versions = slots_.find(path);
  if (versions == slots_.end()) return taken;
  std::vector<Slot*> unused;
  for (const std::unique_ptr<Slot>& slot : versions->second) {
    if (!slot->idle) return std::nullopt;
    unused.push_back(slot.get());
  }
  taken.reserve(unused.size());
  for (Slot* const slot : unused) taken.push_back(Take(slot));
  return taken;
}

bool Cache::KeeperHas(const std::string& path) {
  MutexLock lock(mu_);
  return settling_.contains(path);
}

Result<uint64_t> Cache::Evict(const std::string& path) {
  bool open = false;
  const auto evict = [&] {
    BeginMaking(path);
    Result<uint64_t> bytes = EvictNow(path, open);
    EndMaking(path);
    return bytes;
  };
  Result<uint64_t> bytes = evict();
  if (!open || !catalogue_) return bytes;
  // The keeper and the verifier have files open, too, that nobody else has.
  const CacheVerifier::Pause pause(*verifier_);
  if (KeeperHas(path)) Flush();
  return evict();
}

Result<uint64_t> Cache::EvictNow(const std::string& path, bool& open) {
  open = false;
  std::vector<StoredEntry> entries;
  if (catalogue_) {
    Result<std::vector<StoredEntry>> found =
        catalogue_->Find(options_.source, backend_.CacheKey(path));
    if (!found.ok()) return found.status();
    entries = std::move(*found);
  }
  const bool pinned = std::any_of(entries.begin(), entries.end(),
                                  [](const StoredEntry& entry) { return entry.pinned; });
  if (pinned) return Busy("pinned");
  auto slots = TakeUnused(path);
  open = !slots;
  if (open) return Busy("open");

  uint64_t bytes = 0;
  for (std::unique_ptr<Slot>& slot : *slots) {
    bytes += SumOf(slot->file->Filled());
    for (const StoredEntry& entry : entries) {
      if (entry.file == slot->name) bytes -= std::min(bytes, entry.bytes);  // counted below
    }
    slot.reset();  // ends its flights, lets go of its claim
  }
  bool others = false;
  for (const StoredEntry& entry : entries) {
    // The sweeper and the verifier have a file for a moment, too.
    const std::optional<CacheDirectory::Claim> claim = directory_->TryClaim(entry.file);
    // It may have changed since it was found.
    const Result<std::optional<StoredEntry>> now = catalogue_->Get(entry.id);
    if (!now.ok()) return now.status();
    if (!*now) continue;
    if (!claim || (*now)->file != entry.file || (*now)->pinned) {
      others = true;
      continue;
    }
    BRIMFS_RETURN_IF_ERROR(evictor_->Drop(**now));
    bytes += (*now)->bytes;
  }
  if (directory_) CountRecorded(*shared_, 0);
  stats_.bytes_evicted.fetch_add(bytes, std::memory_order_relaxed);
  if (others && bytes == 0) return Busy("in use by another mount");
  return bytes;
}

Result<std::vector<std::string>> Cache::PathsBelow(const std::string& directory,
                                                   const std::function<bool()>& go_on) {
  absl::flat_hash_set<std::string> paths;
  std::vector<std::string> directories;
  if (catalogue_) directories.push_back(directory);
  while (!directories.empty()) {
    if (!go_on()) return Status(Code::kInterrupted, "stopped");
    const std::string in = std::exchange(directories.back(), {});
    directories.pop_back();
    const Result<std::vector<Catalogue::Child>> children =
        catalogue_->Children(options_.source, in);
    if (!children.ok()) return children.status();
    for (const Catalogue::Child& child : *children) {
      const bool slash = !in.empty() && !in.ends_with('/');
      std::string path = in + (slash ? "/" : "") + child.name;
      if (child.entry) {
        paths.insert(std::move(path));
      } else {
        directories.push_back(std::move(path));
      }
    }
  }
  const std::string prefix = directory.empty() ? directory : directory + "/";
  MutexLock lock(mu_);
  for (const auto& [path, versions] : slots_) {
    if (path.starts_with(prefix)) paths.insert(path);
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

std::shared_ptr<CachedFile> Cache::Peek(const std::string& path, const Version& version) {
  MutexLock lock(mu_);
  return shut_down_ ? nullptr : Find(path, version);
}

std::vector<Range> Cache::StoredOf(const std::string& path, const Version& version) {
  if (!catalogue_) return {};
  const Result<std::vector<StoredEntry>> entries =
      catalogue_->Find(options_.source, backend_.CacheKey(path));
  if (!entries.ok()) return {};
  for (const StoredEntry& entry : *entries) {
    if (!SameForCertain(entry.version, version)) continue;
    const Result<RangeSet> blocks = catalogue_->Blocks(entry);
    return blocks.ok() ? blocks->Ranges() : std::vector<Range>();
  }
  return {};
}

bool Cache::Pinned(const std::string& path) {
  if (!catalogue_) return false;
  const Result<std::vector<StoredEntry>> entries =
      catalogue_->Find(options_.source, backend_.CacheKey(path));
  return entries.ok() && std::any_of(entries->begin(), entries->end(),
                                     [](const StoredEntry& entry) { return entry.pinned; });
}

Status Cache::Pin(const std::string& path, const Version& version) {
  if (!catalogue_) return Status(Code::kUnsupported, "driver=memory keeps nothing to pin");
  const Result<std::shared_ptr<CachedFile>> file = Open(path, version);
  if (!file.ok()) return file.status();
  DurableFile* const durable = (*file)->durable();
  durable->WantEntry();
  int64_t id = durable->entry().id;
  for (int i = 0; i < kTries && id == 0; ++i) {
    Flush();
    id = durable->entry().id;
  }
  if (id == 0) {
    return Status(
        Code::kUnsupported,
        "nothing of this version is kept yet: it is too new, or the cache's disk is full");
  }
  return catalogue_->SetPinned(id, true);
}

Result<bool> Cache::Unpin(const std::string& path) {
  if (!catalogue_) return false;
  // What has no entry yet was to get one that is pinned.
  {
    MutexLock lock(mu_);
    if (const auto versions = slots_.find(path); versions != slots_.end()) {
      for (const std::unique_ptr<Slot>& slot : versions->second) {
        if (DurableFile* const durable = slot->file->durable()) durable->Unpin();
      }
    }
  }
  const Result<std::vector<StoredEntry>> entries =
      catalogue_->Find(options_.source, backend_.CacheKey(path));
  if (!entries.ok()) return entries.status();
  bool was_pinned = false;
  for (const StoredEntry& entry : *entries) {
    if (!entry.pinned) continue;
    const Status unpinned =
        evictor_->Record([&] { return catalogue_->SetPinned(entry.id, false); });
    if (!unpinned.ok() && unpinned.code() != Code::kNotFound) return unpinned;
    was_pinned = true;
  }
  return was_pinned;
}

}  // namespace brimfs
