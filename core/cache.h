// The cached files of one mount: one for each version of an object, shared by all who open it.
//
// Owns the resources, their drivers and fetchers, and the memory budget. With the mmap driver they
// outlive the mount: see core/catalogue.h for what is kept, core/durable_file.h for how.
#ifndef BRIMFS_CORE_CACHE_H_
#define BRIMFS_CORE_CACHE_H_

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"
#include "core/backend.h"
#include "core/cache_directory.h"
#include "core/cache_keeper.h"
#include "core/cache_space.h"
#include "core/cache_sweeper.h"
#include "core/cache_verifier.h"
#include "core/cached_file.h"
#include "core/catalogue.h"
#include "core/disk_health.h"
#include "core/durable_file.h"
#include "core/evictor.h"
#include "core/fetcher.h"
#include "core/file_io.h"
#include "core/mapped_file.h"
#include "core/memory_budget.h"
#include "core/mutex.h"
#include "core/scheduler.h"
#include "core/size_or_share.h"
#include "core/source_traffic.h"
#include "core/stats.h"
#include "core/timer.h"

namespace brimfs {

enum class DriverKind { kMmap, kMemory };

// Thread-safe.
class Cache : private OpenFiles {
 public:
  struct Options {
    DriverKind driver = DriverKind::kMmap;
    std::string directory;  // for kMmap; made with mode 0700 if it is missing

    // Over the whole mount, bytes: all that kMemory holds, or what kMmap's disk does not take.
    uint64_t memory_budget = 256 << 20;

    // For kMmap: what all mounts with this directory may store in it, and what they leave free on
    // its file system. Without cache_size, 80 % of what was free when the directory was first used.
    SizeOrShare cache_size;
    SizeOrShare cache_free{.bytes = {}, .share = 0.05};

    // Closed files that stay at hand; the least recently used leave (what is stored of them stays).
    // Each has a descriptor, so at most half of what RLIMIT_NOFILE leaves beside the connections;
    // and all of them leave when a file cannot be made, perhaps for want of one.
    size_t max_idle_files = 8192;

    // What has come is recorded within this; Duration::max(): at the end and by Flush only.
    Duration record_interval = std::chrono::seconds(2);

    FileIo* io = &FileIo::System();  // outlives the cache
    std::function<absl::Time()> wall_clock = absl::Now;

    std::string source;  // identity of the SOURCE, part of every entry
    Scheduler::Options scheduler;
    SourceTraffic::Options traffic;
    Fetcher::Options fetcher;  // path, display_url and version are filled in by Open
  };

  // Opens the directory and claims it as far as needed: kDenied if it is another user's or others
  // may enter it, kIo and the like with a message that names it and the remedy. The rest outlives
  // the cache.
  static Result<std::unique_ptr<Cache>> Create(Options options, Backend& backend, Clock& clock);

  // Cancels every wait, stops every flight, records what has come: that may take as long as the
  // disk needs. Nobody has a file any more.
  ~Cache() override;

  // The file of this version, made if there is none. `version.length` is known. The same version of
  // the same path is the same file as long as one is there. It may have failed for good while
  // somebody else had it open (Resource::state): who has heard from the source since that this
  // version is there calls Resource::Reactivate. Not on a thread that runs a flight.
  Result<std::shared_ptr<CachedFile>> Open(const std::string& path, const Version& version);

  // What the source said of a path when it was asked last, by this mount or an earlier one, and how
  // long ago that is.
  struct Known {
    Version version;
    Duration age;
  };
  std::optional<Known> LastKnown(const std::string& path);

  // Whether bytes of some version of what lies at `path` are stored.
  bool Remembers(const std::string& path);

  // The source has said so long ago that this is the version of the object.
  void Confirm(CachedFile& file, Duration age = Duration::zero()) {
    // To the second: a repeated word is no news, and nothing is recorded for it.
    const absl::Duration since = options_.wall_clock() - absl::FromChrono(age) - absl::UnixEpoch();
    file.Confirmed(absl::UnixEpoch() + absl::Floor(since, absl::Seconds(1)));
  }

  // Records what is complete, now.
  void Flush();

  // Null with driver kMemory.
  Catalogue* catalogue() { return catalogue_.get(); }

  // Every wait ends with kShutdown; for SIGTERM.
  void Shutdown();

  Stats& stats() { return stats_; }

  // --- For those who look after a mount (cache_control.cc); they may wait for the disk

  // Bytes. Where a limit is not known, or there is nothing to limit, it is 0.
  struct Usage {
    uint64_t stored = 0;        // in the cache directory, of all mounts that have it
    uint64_t stored_limit = 0;  // cache_size
    uint64_t disk_free = 0;     // on its file system
    uint64_t disk_floor = 0;    // cache_free
    uint64_t memory = 0;        // held in memory by this mount
    uint64_t memory_limit = 0;
  };
  Usage usage() const;

  // All that can be kept at a time, bytes.
  uint64_t capacity() const;

  // Requests for bytes that are under way or wait.
  Scheduler::Load load() const { return scheduler_.load(); }

  // What was fetched of `path` leaves, all versions of it: bytes; 0 if there was nothing. kBusy,
  // with the reason: it is pinned, or open here or in another process.
  Result<uint64_t> Evict(const std::string& path);

  // The files below a directory ("" is the root) of which something is kept, in no order.
  // kInterrupted once `go_on`, which is asked again and again, says no.
  Result<std::vector<std::string>> PathsBelow(const std::string& directory,
                                              const std::function<bool()>& go_on);

  // The file of this version, if this mount has one at hand: none is made.
  std::shared_ptr<CachedFile> Peek(const std::string& path, const Version& version);

  // What an earlier mount left of this version, where there is no such file.
  std::vector<Range> StoredOf(const std::string& path, const Version& version);

  // Whether a version of `path` is pinned. A version that comes later is pinned as well.
  bool Pinned(const std::string& path);

  // Its entry is made if there is none. kUnsupported if nothing of it outlives the mount.
  Status Pin(const std::string& path, const Version& version);

  // Whether it was pinned.
  Result<bool> Unpin(const std::string& path);

  // SourceTraffic::Options::readahead, as it fits the memory.
  uint64_t readahead() const { return traffic_.options.readahead; }

 private:
  // A file and who has it. Idle: nobody. The pointers that Open gives out share one count of
  // references, whose end puts the file back on the shelf.
  struct Slot {
    std::string path;
    std::unique_ptr<CachedFile> file;
    std::string name;  // key in by_name_; empty: it is not there
    std::weak_ptr<CachedFile> handle;
    int handles = 0;  // counts of references that have not ended: for a moment there may be two
    std::optional<std::list<Slot*>::iterator> idle;  // in idle_, while nobody has it
  };

  // What kMmap has and kMemory has not.
  struct Storage {
    std::unique_ptr<CacheDirectory> directory;
    std::unique_ptr<Catalogue> catalogue;
    CacheSpace::Limits limits{};
  };
  static Result<Storage> OpenStorage(const Options& options);

  Cache(Options options, Storage storage, Backend& backend, Clock& clock);
  void StartStorage(CacheSpace::Limits limits);

  // Of a path that nobody else is opening for the first time.
  Result<std::shared_ptr<CachedFile>> OpenNew(const std::string& path, const Version& version);
  std::shared_ptr<CachedFile> Opened(std::shared_ptr<CachedFile> file);

  // Does I/O: without the lock. With `or_memory` the disk's refusal is no error.
  Result<std::unique_ptr<CachedFile>> Make(const std::string& path, const Version& version,
                                           bool or_memory);
  Result<CachedFile::Place> MakePlace(const std::string& path, const Version& version,
                                      bool or_memory);
  Result<CachedFile::Place> MakeDurable(const std::string& path, const Version& version,
                                        bool or_memory);

  // The right to make or to remove the files of a path, which others wait for.
  void BeginMaking(const std::string& path);
  void EndMaking(const std::string& path);

  // Those that nobody has leave, whatever was to be recorded; nothing if somebody has one.
  std::optional<std::vector<std::unique_ptr<Slot>>> TakeUnused(const std::string& path);
  // One try. `open`: somebody has it, a thread of the cache perhaps.
  Result<uint64_t> EvictNow(const std::string& path, bool& open);
  bool KeeperHas(const std::string& path);

  std::shared_ptr<CachedFile> Find(const std::string& path, const Version& version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<CachedFile> Handle(Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnHandleGone(Slot& slot);

  std::vector<std::shared_ptr<CachedFile>> AllFiles();

  // Nothing of an idle file is on its way, or to be recorded.
  static bool MayLeave(Slot& slot);

  // Removes and returns the idle files beyond `most` that may leave.
  std::vector<std::unique_ptr<Slot>> TrimIdle(size_t most) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::unique_ptr<Slot> Take(Slot* slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether there was one.
  bool ForgetIdle();

  // OpenFiles.
  std::vector<std::shared_ptr<CachedFile>> Unsettled() override;
  bool LetGo(const std::string& name) override;
  std::vector<StoredEntry> TakeCondemned() override;
  void TrimClosed() override;

  const Options options_;
  Backend& backend_;
  Clock& clock_;
  Timer timer_;
  Stats stats_;
  SourceTraffic traffic_;
  WindowCache windows_;
  MemoryBudget budget_;

  // Null for kMemory. In this order: the threads know what is before them.
  const std::unique_ptr<CacheDirectory> directory_;
  const std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<DiskHealth> health_;
  std::unique_ptr<CacheSpace> space_;
  std::optional<DurableFile::Shared> shared_;
  std::unique_ptr<CacheKeeper> keeper_;
  std::unique_ptr<Evictor> evictor_;
  std::unique_ptr<CacheVerifier> verifier_;
  std::unique_ptr<CacheSweeper> sweeper_;

  Scheduler scheduler_;

  Mutex mu_;  // taken before a Fetcher's and a DurableFile's
  absl::flat_hash_map<std::string, std::vector<std::unique_ptr<Slot>>> slots_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Slot*> by_name_ ABSL_GUARDED_BY(mu_);  // of the entry's file
  std::list<Slot*> idle_ ABSL_GUARDED_BY(mu_);                      // least recently used first
  absl::flat_hash_set<std::string> settling_ ABSL_GUARDED_BY(mu_);  // paths that the keeper has
  // Paths of which a file is being made: two would take each other for another process.
  absl::flat_hash_set<std::string> making_ ABSL_GUARDED_BY(mu_);
  CondVar made_;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_H_
