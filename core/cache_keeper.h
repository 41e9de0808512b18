// The thread that keeps a cache directory's catalogue up to date, in batches: syncs what has come,
// records it, lets go of old versions, builds files anew that may not be mended, and takes over
// entries whose writer has died. Nothing of it is on a reader's way.
#ifndef BRIMFS_CORE_CACHE_KEEPER_H_
#define BRIMFS_CORE_CACHE_KEEPER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/cached_file.h"
#include "core/clock.h"
#include "core/durable_file.h"
#include "core/mutex.h"

namespace brimfs {

// What the keeper and the evictor may ask of the cache. No lock of theirs is held.
class OpenFiles {
 public:
  virtual ~OpenFiles() = default;

  // All files with something to record, or that wait for the writer of their entry to go.
  virtual std::vector<std::shared_ptr<CachedFile>> Unsettled() = 0;

  // Lets go of the file of this name, and of its claim, if nobody has it open and nothing of it is
  // to be recorded. False if it is here still.
  virtual bool LetGo(const std::string& name) = 0;

  // Lets go of closed files that need another file (DurableFile::condemned), and tells which.
  virtual std::vector<StoredEntry> TakeCondemned() = 0;

  // A batch has ended, and nobody has its files any more for it. So many closed files keep their
  // descriptors; the others are let go.
  virtual void TrimClosed() = 0;
};

// Thread-safe. Lock order: mu_ is a leaf.
class CacheKeeper {
 public:
  // `interval` between two batches while something comes; Duration::max(): only Flush records. The
  // rest outlives this.
  CacheKeeper(const DurableFile::Shared& shared, OpenFiles& files, Clock& clock, Duration interval);

  ~CacheKeeper();

  // Starts the thread; once.
  void Start();

  // Records what is left and ends the thread.
  void Stop();

  // There is something to record: it is, within the interval.
  void NoteDirty();

  // A complete file should be recorded now: the kernel is to have it.
  void NoteComplete();

  // Records all that is complete; returns when that is done, or has failed.
  void Flush();

  // Versions that nobody will open again: they leave once nobody has them.
  void Retire(std::vector<StoredEntry> entries);

 private:
  struct Batch {
    std::vector<std::shared_ptr<CachedFile>> files;  // of each change
    std::vector<CatalogueChange> changes;
  };

  void Run();

  // Records what there is. Whether it should be called again after the interval.
  bool Settle();

  Batch Collect(const std::vector<std::shared_ptr<CachedFile>>& files);
  // What cannot be synced leaves the batch.
  void Sync(Batch& batch);
  // Whether it was recorded.
  bool Record(Batch& batch);
  // Whether some are left.
  bool RetireSome();
  void RebuildCondemned();
  bool stopping();

  const DurableFile::Shared shared_;
  OpenFiles& files_;
  Clock& clock_;
  const Duration interval_;
  std::atomic<bool> dirty_{false};  // set without mu_ first, so that a writer rarely takes it

  Mutex mu_;
  CondVar wake_;
  CondVar flushed_;
  TimePoint due_ ABSL_GUARDED_BY(mu_) = kNever;         // the next batch
  TimePoint ended_ ABSL_GUARDED_BY(mu_) = TimePoint();  // the last batch
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t flushes_wanted_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t flushes_done_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<StoredEntry> retired_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_KEEPER_H_
