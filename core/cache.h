// The cached files of one mount: one for each version of an object, shared by all who open it.
//
// Owns the resources, their drivers and fetchers; keeps the memory driver's budget; forgets all at
// the end of the mount (for now) and removes what a killed process left behind.
#ifndef BRIMFS_CORE_CACHE_H_
#define BRIMFS_CORE_CACHE_H_

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/backend.h"
#include "core/cache_directory.h"
#include "core/cached_file.h"
#include "core/fetcher.h"
#include "core/mapped_file.h"
#include "core/memory_budget.h"
#include "core/mutex.h"
#include "core/scheduler.h"
#include "core/source_traffic.h"
#include "core/stats.h"
#include "core/timer.h"

namespace brimfs {

enum class DriverKind { kMmap, kMemory };

// Thread-safe.
class Cache {
 public:
  struct Options {
    DriverKind driver = DriverKind::kMmap;
    std::string directory;               // for kMmap; made with mode 0700 if it is missing
    uint64_t memory_budget = 256 << 20;  // for kMemory, bytes over the whole mount
    // Closed files that keep their bytes; the least recently used leave. Each has a descriptor, so
    // at most half of what RLIMIT_NOFILE leaves beside the connections; and all of them leave when
    // a file cannot be made, perhaps for want of one.
    size_t max_idle_files = 8192;
    std::string source;  // identity of the SOURCE, part of every entry's name
    Scheduler::Options scheduler;
    SourceTraffic::Options traffic;
    Fetcher::Options fetcher;  // path, display_url and version are filled in by Open
  };

  // Opens the directory and claims it as far as needed: kDenied if it is another user's or others
  // may enter it, kIo and the like with a message that names it and the remedy. The rest outlives
  // the cache.
  static Result<std::unique_ptr<Cache>> Create(Options options, Backend& backend, Clock& clock);

  // Cancels every wait, stops every flight, unlinks what it made. Nobody has a file any more.
  ~Cache();

  // The file of this version, made if there is none. `version.length` is known. The same version of
  // the same path is the same file as long as one is there. It may have failed for good while
  // somebody else had it open (Resource::state): who has heard from the source since that this
  // version is there calls Resource::Reactivate. Not on a thread that runs a flight.
  Result<std::shared_ptr<CachedFile>> Open(const std::string& path, const Version& version);

  // Every wait ends with kShutdown; for SIGTERM.
  void Shutdown();

  Stats& stats() { return stats_; }

  // SourceTraffic::Options::readahead, as it fits the memory.
  uint64_t readahead() const { return traffic_.options.readahead; }

 private:
  // A file and who has it. Idle: nobody. The pointers that Open gives out share one count of
  // references, whose end puts the file back on the shelf.
  struct Slot {
    std::string path;
    std::unique_ptr<CachedFile> file;
    std::weak_ptr<CachedFile> handle;
    int handles = 0;  // counts of references that have not ended: for a moment there may be two
    std::optional<std::list<Slot*>::iterator> idle;  // in idle_, while nobody has it
  };

  Cache(Options options, std::unique_ptr<CacheDirectory> directory, Backend& backend, Clock& clock);

  // Does I/O: without the lock.
  Result<std::unique_ptr<CachedFile>> Make(const std::string& path, const Version& version);
  Result<CachedFile::Place> MakePlace(const std::string& path, const Version& version);

  std::shared_ptr<CachedFile> Find(const std::string& path, const Version& version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<CachedFile> Handle(Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnHandleGone(Slot& slot);

  // Removes and returns the idle files beyond `most`.
  std::vector<std::unique_ptr<Slot>> TrimIdle(size_t most) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether there was one.
  bool ForgetIdle();

  const Options options_;
  Backend& backend_;
  Clock& clock_;
  Timer timer_;
  Stats stats_;
  SourceTraffic traffic_;
  WindowCache windows_;
  std::unique_ptr<CacheDirectory> directory_;  // null for kMemory
  std::optional<MemoryBudget> budget_;         // for kMemory
  Scheduler scheduler_;

  Mutex mu_;  // taken before a Fetcher's
  absl::flat_hash_map<std::string, std::vector<std::unique_ptr<Slot>>> slots_ ABSL_GUARDED_BY(mu_);
  std::list<Slot*> idle_ ABSL_GUARDED_BY(mu_);  // least recently used first
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_H_
