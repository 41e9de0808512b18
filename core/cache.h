// The cached files of one mount: one for each version of an object, shared by all who open it.
//
// Owns the resources, their drivers and fetchers; keeps the memory driver's budget; forgets all at the
// end of the mount (for now) and removes what a killed process left behind.
#ifndef BRIMFS_CORE_CACHE_H_
#define BRIMFS_CORE_CACHE_H_

#include <memory>
#include <string>

#include "core/backend.h"
#include "core/fetcher.h"
#include "core/link_estimate.h"
#include "core/mapped_file.h"
#include "core/resource.h"
#include "core/scheduler.h"
#include "core/stats.h"
#include "core/timer.h"

namespace brimfs {

enum class DriverKind { kMmap, kMemory };

// One version of one object, filling.
class CachedFile {
 public:
  Resource& resource();
  Fetcher& fetcher();

  // As the source says; see Fetcher::version.
  Version version() const;

  // Recency for the memory budget: these bytes were just read.
  void Touch(const Range& range);

  // Makes the backing file the kernel's (design rule 4): pinned from now on, only ever unlinked.
  // The descriptor to register, or -1 if this file can't be: not complete, or in memory.
  int FreezeForKernel();
};

class Cache {
 public:
  struct Options {
    DriverKind driver = DriverKind::kMmap;
    std::string directory;                   // for kMmap; made with mode 0700 if it is missing
    uint64_t memory_budget = 256 << 20;      // for kMemory, bytes over the whole mount
    size_t max_idle_files = 8192;            // closed ones that keep their bytes, least recently used leave
    std::string source;                      // identity of the SOURCE, part of every entry's name
    Scheduler::Options scheduler;
    Fetcher::Options fetcher;                // path and version are filled in by Open
  };

  // Opens the directory and claims it as far as needed: kDenied if it is another user's or others may
  // enter it, kIo and the like with a message that names it and the remedy.
  static Result<std::unique_ptr<Cache>> Create(Options options, Backend& backend, Clock& clock);

  // Cancels every wait, stops every flight, unlinks what it made. No CachedFile is used afterwards.
  ~Cache();

  // The file of this version, made if there is none. `version.length` is known. The same version of the same path
  // is the same file as long as one is there.
  Result<std::shared_ptr<CachedFile>> Open(const std::string& path, const Version& version);

  // Every wait ends with kShutdown; for SIGTERM.
  void Shutdown();

  Stats& stats();
  LinkEstimate& link();
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_H_
