// The thread that makes room in a cache directory: the least recently used entries leave, in part
// where that is enough, whole where the kernel was given the file (design rule 4).
#ifndef BRIMFS_CORE_EVICTOR_H_
#define BRIMFS_CORE_EVICTOR_H_

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "core/cache_keeper.h"
#include "core/disk_reserve.h"
#include "core/durable_file.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe. Lock order: mu_ is a leaf.
//
// What is open in any process, pinned, or not recorded yet stays. The catalogue forgets, durably,
// before a byte is punched or unlinked (design rule 3).
class Evictor {
 public:
  // `flush` records what is closed and not recorded yet, so that it may leave. All outlive this.
  Evictor(const DurableFile::Shared& shared, OpenFiles& files, std::function<void()> flush);
  ~Evictor();

  void Start();
  void Stop();

  // Room is wanted: CacheSpace::Excess says how much, and its OnEvicted is told.
  void Wake();

  // Forgets an entry that nobody has, and removes its file. The caller has claimed it.
  Status Drop(const StoredEntry& entry);

  // Does `record`, after which something may leave; where the disk is full (kNoSpace) once more,
  // with the room of the reserve.
  Status Record(const std::function<Status()>& record);

 private:
  struct Victim {
    CatalogueChange change;
    CacheDirectory::Claim claim;
    uint64_t bytes;  // that leave
  };

  void Run();

  // Bytes that have left, about `wanted` of them unless less can.
  uint64_t Pass(uint64_t wanted);
  std::optional<Victim> Choose(const StoredEntry& entry, uint64_t wanted);
  uint64_t Remove(std::vector<Victim>& victims);
  // Durably.
  Status Forget(std::vector<CatalogueChange>& changes);
  bool Punch(const CatalogueChange& change);

  const DurableFile::Shared shared_;
  OpenFiles& files_;
  const std::function<void()> flush_;
  DiskReserve reserve_;

  Mutex mu_;
  CondVar wake_;
  bool wanted_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_EVICTOR_H_
