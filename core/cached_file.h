// One version of one object, filling: its resource, its fetcher, and the place of its bytes.
#ifndef BRIMFS_CORE_CACHED_FILE_H_
#define BRIMFS_CORE_CACHED_FILE_H_

#include <memory>
#include <optional>

#include "core/cache_directory.h"
#include "core/fetcher.h"
#include "core/memory_budget.h"
#include "core/resource.h"

namespace brimfs {

// Made by Cache::Open and shared by all who have it open. Thread-safe.
class CachedFile {
 public:
  // Where the bytes lie: in an entry of the cache directory, or in memory under a budget.
  struct Place {
    std::unique_ptr<Driver> driver;              // has been given the length
    std::optional<CacheDirectory::Entry> entry;  // whose descriptor the driver has
    MemoryBudget* budget = nullptr;              // outlives the file
  };

  // What all files of a mount share; outlives them.
  struct Shared {
    Scheduler& scheduler;
    Clock& clock;
    Timer& timer;
    Stats& stats;
    SourceTraffic& traffic;
  };

  // `options.version.length` is known.
  CachedFile(Place place, const Shared& shared, Fetcher::Options options);

  // Ends every wait and every flight. Not on a thread that runs one of its flights.
  ~CachedFile();

  Resource& resource() { return resource_; }
  Fetcher& fetcher() { return fetcher_; }

  // As the source says; see Fetcher::version.
  Version version() const { return fetcher_.version(); }

  // Recency for the memory budget: these bytes were just read.
  void Touch(const Range& range);

  // Makes the backing file the kernel's (design rule 4): pinned from now on, only ever unlinked.
  // The descriptor to register, or -1 if this file can't be: not complete, or in memory.
  int FreezeForKernel();

 private:
  std::optional<CacheDirectory::Entry> entry_;  // outlives the driver: unlinked last
  MemoryBudget* const budget_;
  Resource resource_;
  Fetcher fetcher_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHED_FILE_H_
