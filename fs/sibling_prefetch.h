// Fetches files of a directory before they are opened, and keeps them until they are.
#ifndef BRIMFS_FS_SIBLING_PREFETCH_H_
#define BRIMFS_FS_SIBLING_PREFETCH_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "core/cache.h"
#include "core/mutex.h"
#include "fs/ahead_work.h"

namespace brimfs {

// Thread-safe. A file that is kept here counts as wanted: the cache does not drop it, nor what is
// in flight for it. Kept are the kMaxFiles that were added last and that nobody has opened yet.
class SiblingPrefetch {
 public:
  static constexpr size_t kMaxFiles = 256;

  // `cache` outlives this.
  explicit SiblingPrefetch(Cache& cache);

  // Gives up what is kept; drops what has not begun.
  ~SiblingPrefetch();

  // Bytes that should be fetched ahead of one reader at most: a share of what may be on its way
  // ahead of all of them. 0: none are.
  uint64_t limit() const { return limit_; }

  // Fetches the first `bytes` of what is missing of a file, unless somebody has it open or there is
  // no room. Never blocks: a thread of its own makes the file. `directory` is whom Drop names.
  void Fetch(const void* directory, std::string path, Version version, uint64_t bytes);

  // The file is opened: it is not kept any more. Whether it was.
  bool Take(const CachedFile& file);

  // The files of this directory are not wanted any more; or those of all.
  void Drop(const void* directory);
  void DropAll();

 private:
  struct Kept {
    const void* directory;
    std::shared_ptr<CachedFile> file;
  };
  using KeptList = std::list<Kept>;

  void Begin(const void* directory, const std::string& path, const Version& version,
             uint64_t bytes);
  // False if `directory` was dropped since Begin.
  bool Keep(const void* directory, const std::shared_ptr<CachedFile>& file);

  // Constant after construction.
  Cache& cache_;
  const uint64_t limit_;

  Mutex mu_;                            // not held while a file is let go
  KeptList kept_ ABSL_GUARDED_BY(mu_);  // oldest first
  absl::flat_hash_map<const CachedFile*, KeptList::iterator> index_ ABSL_GUARDED_BY(mu_);
  const void* begun_ ABSL_GUARDED_BY(mu_) = nullptr;  // whose file the thread is about to keep

  AheadWork work_{1};  // goes first: it uses all of the above
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SIBLING_PREFETCH_H_
