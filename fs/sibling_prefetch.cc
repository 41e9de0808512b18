#include "fs/sibling_prefetch.h"

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

// Enough for a round trip of a fast link; the rest of what may be fetched ahead is for open files.
constexpr uint64_t kMostAhead = 16 << 20;
constexpr uint64_t kShare = 8;

void Count(std::atomic<uint64_t>& counter, size_t files) {
  counter.fetch_add(files, std::memory_order_relaxed);
}

}  // namespace

SiblingPrefetch::SiblingPrefetch(Cache& cache)
    : cache_(cache), limit_(std::min(kMostAhead, cache.readahead() / kShare)) {}

SiblingPrefetch::~SiblingPrefetch() = default;

void SiblingPrefetch::Fetch(const void* directory, std::string path, Version version,
                            uint64_t bytes) {
  work_.Submit(directory,
               [this, directory, path = std::move(path), version = std::move(version),
                bytes](const std::stop_token&) { Begin(directory, path, version, bytes); });
}

void SiblingPrefetch::Begin(const void* directory, const std::string& path, const Version& version,
                            uint64_t bytes) {
  {
    MutexLock lock(mu_);
    begun_ = directory;
  }
  // What is stored of it may be used only for a version that is known exactly.
  if (!version.HasValidator() && cache_.Remembers(path)) return;
  Result<std::shared_ptr<CachedFile>> opened = cache_.Open(path, version);
  if (!opened.ok()) return;  // whoever opens it hears why
  const std::shared_ptr<CachedFile> file = std::move(*opened);
  if (file.use_count() > 1) return;  // it is open, or kept already
  // The whole object would come for its front.
  if (bytes < *version.length && file->fetcher().without_ranges().value_or(false)) return;
  const Range front{0, bytes};
  if (file->resource().state() != Resource::State::kActive ||
      !file->resource().NextGap(front.begin, front.end) ||
      file->fetcher().PrefetchLimits(*version.length).room < bytes) {
    return;
  }
  // First kept: who opens it from now on takes it. Dropped meanwhile, it is let go at the end.
  if (!Keep(directory, file)) return;
  file->fetcher().Prefetch(front, Priority::kReadahead);
  Count(cache_.stats().siblings_fetched, 1);
}

bool SiblingPrefetch::Keep(const void* directory, const std::shared_ptr<CachedFile>& file) {
  KeptList oldest;  // let go of after the lock
  MutexLock lock(mu_);
  if (begun_ != directory) return false;
  index_.insert_or_assign(file.get(), kept_.insert(kept_.end(), {directory, file}));
  if (kept_.size() <= kMaxFiles) return true;
  index_.erase(kept_.front().file.get());
  oldest.splice(oldest.end(), kept_, kept_.begin());
  Count(cache_.stats().siblings_wasted, oldest.size());
  return true;
}

bool SiblingPrefetch::Take(const CachedFile& file) {
  KeptList taken;
  MutexLock lock(mu_);
  const auto found = index_.find(&file);
  if (found == index_.end()) return false;
  taken.splice(taken.end(), kept_, found->second);
  index_.erase(found);
  Count(cache_.stats().siblings_used, 1);
  return true;
}

void SiblingPrefetch::Drop(const void* directory) {
  work_.Drop(directory);
  KeptList dropped;
  MutexLock lock(mu_);
  if (begun_ == directory) begun_ = nullptr;
  for (auto at = kept_.begin(); at != kept_.end();) {
    const auto here = at++;
    if (here->directory != directory) continue;
    index_.erase(here->file.get());
    dropped.splice(dropped.end(), kept_, here);
  }
  Count(cache_.stats().siblings_wasted, dropped.size());
}

void SiblingPrefetch::DropAll() {
  work_.DropAll();
  KeptList dropped;  // let go of after the lock
  MutexLock lock(mu_);
  begun_ = nullptr;
  index_.clear();
  dropped.swap(kept_);
  Count(cache_.stats().siblings_wasted, dropped.size());
}

}  // namespace brimfs
