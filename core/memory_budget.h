// Keeps what all files of a mount hold in memory under one budget: those of the memory driver, and
// what the cache's disk did not take of the others. The coldest fill blocks leave, and are fetched
// again when they are read.
#ifndef BRIMFS_CORE_MEMORY_BUDGET_H_
#define BRIMFS_CORE_MEMORY_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/mutex.h"
#include "core/range.h"
#include "core/resource.h"
#include "core/stats.h"

namespace brimfs {

// An observer of every resource of the mount. Thread-safe.
//
// A block is charged whole from its first byte in memory on (Driver::InMemory). Blocks that cannot
// leave (in flight, wanted by a sleeper) are passed over, so the budget is exceeded by no more than
// what is in flight. Lock order: mu_ is a leaf; no call into a resource is made under it.
class MemoryBudget : public ResourceObserver {
 public:
  // `stats` outlives this.
  MemoryBudget(uint64_t bytes, Stats& stats) : budget_(bytes), stats_(stats) {}

  // `range` of `resource` was just read: it is warm. Costs nothing while there is room to spare.
  void Touch(Resource& resource, const Range& range);

  // The resource is going away, and nobody writes to it any more. Waits for an eviction from it.
  void Forget(Resource& resource);

  // Bytes charged at this moment.
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  // Makes room on the writer's thread, which holds no lease: what is over the budget leaves before
  // more comes.
  void OnWrite(Resource& resource, const Range& written, std::span<const std::byte> bytes) override;
  void OnEvict(Resource& resource, const Range& evicted) override;

 private:
  using Key = std::pair<Resource*, uint64_t>;  // and the number of the block
  struct Block {
    uint64_t bytes;  // charged
    std::list<Key>::iterator age;
  };

  // What of `written` lies in memory.
  void Charge(Resource& resource, const Range& written) ABSL_LOCKS_EXCLUDED(mu_);
  void ChargeBlock(const Key& key, uint64_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Remove(absl::btree_map<Key, Block>::iterator& block) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Evicts the coldest blocks until the budget is kept, within a bounded number of tries.
  void MakeRoom() ABSL_LOCKS_EXCLUDED(mu_);

  // The coldest blocks that bring the sum below the budget, by resource and offset. They become the
  // warmest, so that those that cannot leave are not asked again at once.
  std::vector<Key> PickVictims() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const uint64_t budget_;
  Stats& stats_;
  std::atomic<uint64_t> used_{0};  // changed under mu_

  Mutex mu_;
  CondVar evicted_;
  std::list<Key> coldest_first_ ABSL_GUARDED_BY(mu_);
  absl::btree_map<Key, Block> blocks_ ABSL_GUARDED_BY(mu_);
  bool evicting_ ABSL_GUARDED_BY(mu_) = false;  // one thread at a time; the others wait for it
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_MEMORY_BUDGET_H_
