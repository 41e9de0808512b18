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
    bool reserved = false;
    bool ahead = false;
    {
      MutexLock lock(mu_);
      if (stopped_ || give_up) return false;
      round = rounds_;
      full = recorded_ + unrecorded_ + bytes > limits_.size;
      if (!full && allowance_ >= bytes) {
        allowance_ -= bytes;
        unrecorded_ += bytes;
        ahead = limits_.size - recorded_ - unrecorded_ < Headroom() / 2 &&
                clock_.Now() >= not_ahead_until_;
        reserved = true;
      } else if (full && clock_.Now() < hopeless_until_) {
        return false;
      }
    }
    if (reserved) {
      // So that the next ones need not wait.
      if (ahead) evict_();
      return true;
    }
    if (!full) {
      const uint64_t free = free_bytes_();
      const uint64_t kept = limits_.free + kMargin;
      const uint64_t room = free > kept ? free - kept : 0;
      MutexLock lock(mu_);
      // Others look at the same disk at the same time.
      allowance_ = std::min(room / 4, kMostAllowance);
      if (allowance_ >= bytes) continue;
      if (clock_.Now() < hopeless_until_) return false;
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

void CacheSpace::DiskIsFull() {
  {
    MutexLock lock(mu_);
    allowance_ = 0;
    if (stopped_ || clock_.Now() < hopeless_until_) return;
  }
  evict_();
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
  if (freed == 0) {
    // Who comes while there is room still does not speak for those who find none.
    (wanted_ > 0 ? hopeless_until_ : not_ahead_until_) = clock_.Now() + kHopeless;
  }
  evicted_.NotifyAll();
}

bool CacheSpace::HasRoom(uint64_t bytes) {
  const uint64_t free = free_bytes_();
  MutexLock lock(mu_);
  return recorded_ + unrecorded_ + bytes <= limits_.size && free >= limits_.free + kMargin + bytes;
}

uint64_t CacheSpace::sequence() const {
  MutexLock lock(mu_);
  return sequence_;
}

bool CacheSpace::SetRecorded(uint64_t total, uint64_t recorded, uint64_t sequence) {
  MutexLock lock(mu_);
  if (sequence != sequence_) return false;
  ++sequence_;
  recorded_ = total;
  unrecorded_ -= std::min(recorded, unrecorded_);
  return true;
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
