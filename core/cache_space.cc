#include "core/cache_space.h"

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

// What is believed of the disk without looking again, bytes.
constexpr uint64_t kMostAllowance = 32 << 20;

// The file system's own blocks and the catalogue grow as well.
constexpr uint64_t kMargin = 1 << 20;

constexpr Duration kHopeless = std::chrono::seconds(1);

}  // namespace

CacheSpace::CacheSpace(Limits limits, FreeBytes free_bytes, Clock& clock)
    : limits_(limits), free_bytes_(std::move(free_bytes)), clock_(clock) {}

uint64_t CacheSpace::Headroom() const {
  return std::clamp<uint64_t>(limits_.size / 64, 1 << 20, 256 << 20);
}

bool CacheSpace::Reserve(uint64_t bytes, const std::atomic<bool>& give_up) {
  for (;;) {
    uint64_t round = 0;
    bool full = false;
    {
      MutexLock lock(mu_);
      if (stopped_ || give_up) return false;
      round = rounds_;
      full = recorded_ + unrecorded_ + bytes > limits_.size;
      if (!full && allowance_ >= bytes) {
        allowance_ -= bytes;
        unrecorded_ += bytes;
        return true;
      }
      if (clock_.Now() < hopeless_until_) return false;
    }
    if (!full) {
      const uint64_t free = free_bytes_();
      const uint64_t kept = limits_.free + kMargin;
      const uint64_t room = free > kept ? free - kept : 0;
      MutexLock lock(mu_);
      // Others look at the same disk at the same time.
      allowance_ = std::min(room / 4, kMostAllowance);
      if (allowance_ >= bytes) continue;
    }
    {
      MutexLock lock(mu_);
      wanted_ += bytes;
    }
    evict_();
    MutexLock lock(mu_);
    while (rounds_ == round && !stopped_ && !give_up) evicted_.Wait(mu_);
    wanted_ -= bytes;
  }
}

void CacheSpace::Reconsider() {
  MutexLock lock(mu_);
  evicted_.NotifyAll();
}

void CacheSpace::Return(uint64_t bytes) {
  MutexLock lock(mu_);
  unrecorded_ -= std::min(bytes, unrecorded_);
  allowance_ = 0;  // perhaps because the disk is fuller than it was believed to be
}

uint64_t CacheSpace::Excess() {
  const uint64_t free = free_bytes_();
  const uint64_t kept = limits_.free + kMargin;
  MutexLock lock(mu_);
  const uint64_t used = recorded_ + unrecorded_;
  const uint64_t most = limits_.size - std::min(limits_.size, Headroom());
  uint64_t excess = used + wanted_ > most ? used + wanted_ - most : 0;
  // Room for an allowance is four times as much room on the disk.
  const uint64_t least_free = kept + Headroom() / 4 + 4 * wanted_;
  if (free < least_free) excess = std::max(excess, least_free - free);
  return excess;
}

void CacheSpace::OnEvicted(uint64_t freed) {
  MutexLock lock(mu_);
  ++rounds_;
  allowance_ = 0;
  if (freed == 0) hopeless_until_ = clock_.Now() + kHopeless;
  evicted_.NotifyAll();
}

void CacheSpace::SetRecorded(uint64_t total, uint64_t recorded) {
  MutexLock lock(mu_);
  recorded_ = total;
  unrecorded_ -= std::min(recorded, unrecorded_);
}

void CacheSpace::Stop() {
  MutexLock lock(mu_);
  stopped_ = true;
  evicted_.NotifyAll();
}

uint64_t CacheSpace::used() const {
  MutexLock lock(mu_);
  return recorded_ + unrecorded_;
}

}  // namespace brimfs
