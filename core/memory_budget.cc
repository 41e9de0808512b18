#include "core/memory_budget.h"

#include <algorithm>

namespace brimfs {
namespace {

constexpr uint64_t kPage = 4096;  // memory is used in units of this, bytes

// The numbers [first, second) of the fill blocks that `range` touches.
std::pair<uint64_t, uint64_t> BlocksOf(const Range& range) {
  if (range.empty()) return {0, 0};
  return {range.begin / kFillBlock, (range.end - 1) / kFillBlock + 1};
}

// Evicts neighbouring `victims` (sorted) of one resource in one call.
void EvictRuns(const std::vector<std::pair<Resource*, uint64_t>>& victims) {
  for (size_t first = 0; first < victims.size();) {
    const auto [resource, number] = victims[first];
    uint64_t blocks = 1;
    while (first + blocks < victims.size() &&
           victims[first + blocks] == std::pair(resource, number + blocks)) {
      ++blocks;
    }
    resource->Evict({number * kFillBlock, (number + blocks) * kFillBlock});
    first += blocks;
  }
}

}  // namespace

void MemoryBudget::Touch(Resource& resource, const Range& range) {
  if (used() < budget_ - budget_ / 4) return;
  const auto [first, end] = BlocksOf(range);
  MutexLock lock(mu_);
  for (auto block = blocks_.lower_bound({&resource, first});
       block != blocks_.end() && block->first < Key{&resource, end}; ++block) {
    coldest_first_.splice(coldest_first_.end(), coldest_first_, block->second.age);
  }
}

void MemoryBudget::Forget(Resource& resource) {
  MutexLock lock(mu_);
  while (evicting_) evicted_.Wait(mu_);
  for (auto block = blocks_.lower_bound({&resource, 0});
       block != blocks_.end() && block->first.first == &resource;) {
    Remove(block);
  }
}

void MemoryBudget::OnWrite(Resource& resource, const Range& written,
                           std::span<const std::byte> /*bytes*/) {
  Charge(resource, written);
  if (used() > budget_) MakeRoom();
}

void MemoryBudget::OnEvict(Resource& resource, const Range& evicted) {
  stats_.bytes_evicted.fetch_add(evicted.size(), std::memory_order_relaxed);
  const auto [first, end] = BlocksOf(evicted);
  {
    MutexLock lock(mu_);
    for (auto block = blocks_.lower_bound({&resource, first});
         block != blocks_.end() && block->first < Key{&resource, end};) {
      Remove(block);
    }
  }
  // What was written again meanwhile may have been charged before it was removed here.
  if (resource.NextGap(evicted.begin, evicted.end) != evicted) Charge(resource, evicted);
}

void MemoryBudget::Charge(Resource& resource, const Range& written) {
  const std::vector<Range> in_memory = resource.driver().InMemory(written);
  if (in_memory.empty()) return;
  const uint64_t length = resource.length().value_or(kMaxOffset);
  MutexLock lock(mu_);
  for (const Range& range : in_memory) {
    const auto [first, end] = BlocksOf(range);
    for (uint64_t number = first; number < end; ++number) ChargeBlock({&resource, number}, length);
  }
}

void MemoryBudget::ChargeBlock(const Key& key, uint64_t length) {
  const auto [block, is_new] = blocks_.try_emplace(key);
  if (is_new) {
    const Range whole =
        Intersect({key.second * kFillBlock, (key.second + 1) * kFillBlock}, {0, length});
    block->second.bytes = AlignOutward(whole, kPage).size();
    block->second.age = coldest_first_.insert(coldest_first_.end(), key);
    used_.fetch_add(block->second.bytes, std::memory_order_relaxed);
  } else {
    coldest_first_.splice(coldest_first_.end(), coldest_first_, block->second.age);
  }
}

void MemoryBudget::Remove(absl::btree_map<Key, Block>::iterator& block) {
  used_.fetch_sub(block->second.bytes, std::memory_order_relaxed);
  coldest_first_.erase(block->second.age);
  block = blocks_.erase(block);
}

void MemoryBudget::MakeRoom() {
  // What the coldest blocks refuse, those after them give; after a few rounds the rest is in
  // flight.
  for (int round = 0; round < 4; ++round) {
    std::vector<Key> victims;
    {
      MutexLock lock(mu_);
      while (evicting_) evicted_.Wait(mu_);
      victims = PickVictims();
      if (victims.empty()) return;
      evicting_ = true;  // keeps Forget from letting a victim's resource go
    }
    EvictRuns(victims);
    MutexLock lock(mu_);
    evicting_ = false;
    evicted_.NotifyAll();
  }
}

std::vector<MemoryBudget::Key> MemoryBudget::PickVictims() {
  std::vector<Key> victims;
  if (used() <= budget_) return victims;
  // A little more than is needed, so that not every write has to come here.
  const uint64_t target = budget_ - budget_ / 32;
  const size_t most = blocks_.size();
  for (uint64_t rest = used(); rest > target && victims.size() < most;) {
    victims.push_back(coldest_first_.front());
    rest -= std::min(rest, blocks_.find(victims.back())->second.bytes);
    coldest_first_.splice(coldest_first_.end(), coldest_first_, coldest_first_.begin());
  }
  std::sort(victims.begin(), victims.end());
  return victims;
}

}  // namespace brimfs
