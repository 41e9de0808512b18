// How much of the disk the cache may have, over all files and all processes: a cap on its bytes
// (cache_size=) and a floor under what it leaves free (cache_free=). Kept while filling: whoever
// writes reserves first, and waits for an eviction where there is no room.
#ifndef BRIMFS_CORE_CACHE_SPACE_H_
#define BRIMFS_CORE_CACHE_SPACE_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/overflow_file.h"

namespace brimfs {

// Thread-safe. Lock order: mu_ is a leaf.
class CacheSpace : public DiskSpace {
 public:
  struct Limits {
    uint64_t size;  // bytes of cached data, at most
    uint64_t free;  // bytes that the cache leaves to others on its file system, at least
  };

  // What is free on the cache's file system for an ordinary user now, bytes.
  using FreeBytes = std::function<uint64_t()>;

  // `clock` outlives this.
  CacheSpace(Limits limits, FreeBytes free_bytes, Clock& clock);

  // Both once, before the first use: `evict` is called, with no lock held, where room is wanted; it
  // leads to Excess, evictions and OnEvicted on another thread.
  void SetEvict(std::function<void()> evict) { evict_ = std::move(evict); }

  // DiskSpace. False as well for a second after an eviction that found nothing to evict.
  using DiskSpace::Reserve;
  bool Reserve(uint64_t bytes, const std::atomic<bool>& give_up) override;
  void Reconsider() override;
  void Return(uint64_t bytes) override;

  // The disk has no room even for another empty file: something should leave. Waits for nothing.
  void DiskIsFull();

  // --- The evicting side: one thread

  // Bytes that should leave now, for those who wait and some more, so that they need not come again
  // at once. 0: all is well. Looks at the disk.
  uint64_t Excess();

  // An eviction has ended; `freed` is what it brought, 0: nothing can leave.
  void OnEvicted(uint64_t freed);

  // Whether there would be room for so many more, without an eviction. Looks at the disk.
  bool HasRoom(uint64_t bytes);

  // The catalogue's total is this; `recorded` bytes of it are of this process and were reserved
  // here before. False, and nothing is set, if somebody else has said so since `sequence()` was
  // asked, before the catalogue was.
  uint64_t sequence() const;
  bool SetRecorded(uint64_t total, uint64_t recorded, uint64_t sequence);

  // Nobody waits any more: Reserve answers false.
  void Stop();

  // The catalogue's bytes and those that are not in it yet.
  uint64_t used() const;
  const Limits& limits() const { return limits_; }

 private:
  // Room for those who wait and for about this much more.
  uint64_t Headroom() const;

  const Limits limits_;
  const FreeBytes free_bytes_;
  Clock& clock_;
  std::function<void()> evict_;

  mutable Mutex mu_;
  CondVar evicted_;
  uint64_t recorded_ ABSL_GUARDED_BY(mu_) = 0;    // the catalogue's total
  uint64_t unrecorded_ ABSL_GUARDED_BY(mu_) = 0;  // reserved, and not in it yet
  // May still be reserved before the disk has to be looked at again: what was free then, in part.
  uint64_t allowance_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t sequence_ ABSL_GUARDED_BY(mu_) = 0;  // of SetRecorded
  uint64_t wanted_ ABSL_GUARDED_BY(mu_) = 0;    // by those who wait
  uint64_t rounds_ ABSL_GUARDED_BY(mu_) = 0;    // evictions that have ended
  TimePoint hopeless_until_ ABSL_GUARDED_BY(mu_) = TimePoint::min();
  TimePoint not_ahead_until_ ABSL_GUARDED_BY(mu_) = TimePoint::min();  // of evicting ahead
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_SPACE_H_
