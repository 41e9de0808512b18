#include "core/cache_keeper.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "core/cache_check.h"

namespace brimfs {
namespace {

// More files than this are synced by one call for the whole file system.
constexpr size_t kFewFiles = 8;

// What has come in one batch may be followed by so many others at the end.
constexpr int kMostRounds = 1000;

// Between two batches, however much somebody waits for one.
constexpr Duration kLeastPause = std::chrono::milliseconds(200);

constexpr size_t kMostRetired = 10'000;

}  // namespace

CacheKeeper::CacheKeeper(const DurableFile::Shared& shared, OpenFiles& files, Clock& clock,
                         Duration interval)
    : shared_(shared), files_(files), clock_(clock), interval_(interval) {}

CacheKeeper::~CacheKeeper() { Stop(); }

void CacheKeeper::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "keeper");
    Run();
  });
}

void CacheKeeper::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void CacheKeeper::NoteDirty() {
  if (dirty_.exchange(true)) return;
  MutexLock lock(mu_);
  due_ = std::min(due_, After(clock_.Now(), interval_));
  wake_.NotifyAll();
}

void CacheKeeper::NoteComplete() {
  if (interval_ == Duration::max()) return;
  MutexLock lock(mu_);
  due_ = std::min(due_, std::max(clock_.Now(), After(ended_, kLeastPause)));
  wake_.NotifyAll();
}

void CacheKeeper::Flush() {
  MutexLock lock(mu_);
  const uint64_t mine = ++flushes_wanted_;
  wake_.NotifyAll();
  while (flushes_done_ < mine && !stopping_) flushed_.Wait(mu_);
}

void CacheKeeper::Retire(std::vector<StoredEntry> entries) {
  if (entries.empty()) return;
  MutexLock lock(mu_);
  for (StoredEntry& entry : entries) {
    const bool known = std::any_of(retired_.begin(), retired_.end(),
                                   [&](const StoredEntry& one) { return one.id == entry.id; });
    if (!known && retired_.size() < kMostRetired) retired_.push_back(std::move(entry));
  }
  due_ = std::min(due_, After(clock_.Now(), interval_));
  wake_.NotifyAll();
}

void CacheKeeper::Run() {
  for (;;) {
    uint64_t flushes = 0;
    bool stopping = false;
    {
      MutexLock lock(mu_);
      while (!stopping_ && flushes_done_ == flushes_wanted_ && clock_.Now() < due_) {
        if (due_ == kNever) {
          wake_.Wait(mu_);
        } else {
          clock_.WaitUntil(wake_, mu_, due_);
        }
      }
      stopping = stopping_;
      flushes = flushes_wanted_;
      due_ = kNever;
    }
    const bool again = Settle();
    MutexLock lock(mu_);
    ended_ = clock_.Now();
    if (again) due_ = std::min(due_, After(clock_.Now(), interval_));
    flushes_done_ = std::max(flushes_done_, flushes);
    flushed_.NotifyAll();
    if (stopping) return;
  }
}

bool CacheKeeper::Settle() {
  dirty_ = false;
  bool again = false;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::vector<std::shared_ptr<CachedFile>> files = files_.Unsettled();
    for (const std::shared_ptr<CachedFile>& file : files) {
      if (!file->durable()->follows()) continue;
      file->durable()->Follow();
      again = again || file->durable()->follows();
    }
    Batch batch = Collect(files);
    Sync(batch);
    if (batch.changes.empty()) break;
    if (!Record(batch)) {
      again = true;
      break;
    }
    for (const std::shared_ptr<CachedFile>& file : files) Retire(file->durable()->TakeOthers());
    // What has come meanwhile is for the next batch, unless there is none.
    const bool cut =
        std::any_of(batch.changes.begin(), batch.changes.end(), [](const CatalogueChange& change) {
          return change.add.size() >= DurableFile::kMostBlocks;
        });
    if (!cut && !stopping()) break;
  }
  again = RetireSome() || again;
  if (!stopping()) RebuildCondemned();
  files_.TrimClosed();
  return again;
}

CacheKeeper::Batch CacheKeeper::Collect(const std::vector<std::shared_ptr<CachedFile>>& files) {
  Batch batch;
  for (const std::shared_ptr<CachedFile>& file : files) {
    std::optional<CatalogueChange> change = file->durable()->Collect(file->version());
    if (!change) continue;
    batch.files.push_back(file);
    batch.changes.push_back(std::move(*change));
  }
  return batch;
}

void CacheKeeper::Sync(Batch& batch) {
  if (batch.changes.empty()) return;
  const bool all_at_once =
      batch.files.size() > kFewFiles &&
      shared_.io.SyncFileSystem(batch.files.front()->durable()->sync_fd()) == 0;
  Batch synced;
  for (size_t i = 0; i < batch.files.size(); ++i) {
    DurableFile& file = *batch.files[i]->durable();
    if (!all_at_once && !batch.changes[i].add.empty()) {
      if (const int error = shared_.io.Sync(file.sync_fd()); error != 0) {
        file.SyncFailed(Status::FromErrno(error, "syncing a cached file"));
        continue;
      }
    }
    synced.files.push_back(std::move(batch.files[i]));
    synced.changes.push_back(std::move(batch.changes[i]));
  }
  batch = std::move(synced);
}

bool CacheKeeper::Record(Batch& batch) {
  // The names of new files before the catalogue names them.
  const bool some_new =
      std::any_of(batch.changes.begin(), batch.changes.end(),
                  [](const CatalogueChange& change) { return change.entry.id == 0; });
  Status status;
  if (some_new) status = shared_.directory.Sync();
  if (status.ok()) status = shared_.catalogue.Apply(batch.changes, Catalogue::Durability::kPower);
  if (!status.ok()) {
    shared_.health.Failed(status);
    for (size_t i = 0; i < batch.files.size(); ++i) {
      batch.files[i]->durable()->NotRecorded(batch.changes[i]);
    }
    return false;
  }
  uint64_t recorded = 0;
  for (size_t i = 0; i < batch.files.size(); ++i) {
    recorded += batch.files[i]->durable()->Recorded(batch.changes[i]);
  }
  CountRecorded(shared_, recorded);
  return true;
}

bool CacheKeeper::RetireSome() {
  std::vector<StoredEntry> retired;
  {
    MutexLock lock(mu_);
    retired.swap(retired_);
  }
  std::vector<CatalogueChange> changes;
  std::vector<CacheDirectory::Claim> claims;
  std::erase_if(retired, [&](const StoredEntry& entry) {
    if (!files_.LetGo(entry.file)) return false;
    std::optional<CacheDirectory::Claim> claim = shared_.directory.TryClaimNow(entry.file);
    if (!claim) return false;
    claims.push_back(std::move(*claim));
    changes.push_back(CatalogueChange::Drop(entry));
    return true;
  });
  if (!changes.empty() && shared_.catalogue.Apply(changes, Catalogue::Durability::kPower).ok()) {
    for (const CatalogueChange& change : changes) {
      (void)shared_.directory.Remove(change.entry.file).ok();
    }
    CountRecorded(shared_, 0);
  } else {
    for (CatalogueChange& change : changes) retired.push_back(std::move(change.entry));
  }
  MutexLock lock(mu_);
  for (StoredEntry& entry : retired) retired_.push_back(std::move(entry));
  return !retired_.empty();
}

void CacheKeeper::RebuildCondemned() {
  for (const StoredEntry& entry : files_.TakeCondemned()) {
    const std::optional<CacheDirectory::Claim> claim = shared_.directory.TryClaimNow(entry.file);
    if (!claim) continue;
    // Where it fails the next reader finds the damage again; without room for a second file the
    // entry begins anew.
    if (shared_.space.HasRoom(entry.bytes)) {
      (void)RebuildFile(shared_.directory, shared_.catalogue, shared_.io, entry).ok();
    } else {
      (void)DurableFile::Drop(shared_, entry).ok();
    }
    CountRecorded(shared_, 0);
  }
}

bool CacheKeeper::stopping() {
  MutexLock lock(mu_);
  return stopping_;
}

}  // namespace brimfs
