// One version of one object, filling: its resource, its fetcher, and the place of its bytes.
#ifndef BRIMFS_CORE_CACHED_FILE_H_
#define BRIMFS_CORE_CACHED_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/durable_file.h"
#include "core/fetcher.h"
#include "core/memory_budget.h"
#include "core/resource.h"

namespace brimfs {

// Made by Cache::Open and shared by all who have it open. Thread-safe.
class CachedFile {
 public:
  // Where the bytes lie: in the cache directory, or in memory.
  struct Place {
    std::unique_ptr<Driver> driver;  // has been given the length
    // What makes it outlive the process, and the driver as it knows it; null: nothing does.
    std::unique_ptr<DurableFile> durable;
    OverflowFile* overflow = nullptr;
    MemoryBudget* budget = nullptr;  // of what lies in memory; outlives the file
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

  // What needs no request any more: read before, by this mount or an earlier one.
  std::vector<Range> Filled();

  // As many bytes.
  uint64_t FilledBytes() const;

  // The first bytes of [from, limit) that need a request.
  std::optional<Range> NextMissing(uint64_t from, uint64_t limit);

  // The source has said that this is the version, now.
  void Confirmed(absl::Time now);

  // Makes the backing file the kernel's (design rule 4): pinned from now on, only ever unlinked.
  // The descriptor to register, or -1 if this file can't be: not complete, not recorded yet, or in
  // memory.
  int FreezeForKernel();

  // Null where the bytes do not outlive the process.
  DurableFile* durable() { return durable_.get(); }

 private:
  const std::unique_ptr<DurableFile> durable_;  // observes the resource
  MemoryBudget* const budget_;
  Resource resource_;
  Fetcher fetcher_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHED_FILE_H_
