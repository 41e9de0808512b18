#include "core/lease_counter.h"

namespace brimfs {

LeaseCounter::Ticket LeaseCounter::Enter() {
  static std::atomic<uint32_t> threads{0};
  thread_local const uint32_t stripe = threads.fetch_add(1, std::memory_order_relaxed) % kStripes;

  const uint32_t phase = phase_.load(std::memory_order_relaxed);
  stripes_[stripe].count[phase].fetch_add(1, std::memory_order_seq_cst);
  return static_cast<Ticket>(stripe * 2 + phase);
}

void LeaseCounter::Leave(Ticket ticket) {
  stripes_[ticket / 2].count[ticket % 2].fetch_sub(1, std::memory_order_seq_cst);
  // A drainer raises drainers_ before it looks at the counters: it sees the one or we see the
  // other.
  if (drainers_.load(std::memory_order_seq_cst) == 0) return;
  MutexLock lock(mu_);
  left_.NotifyAll();
}

bool LeaseCounter::Empty(uint32_t phase) const {
  for (const Stripe& stripe : stripes_) {
    if (stripe.count[phase].load(std::memory_order_seq_cst) != 0) return false;
  }
  return true;
}

void LeaseCounter::Drain() {
  MutexLock one_at_a_time(drain_mu_);
  drainers_.fetch_add(1, std::memory_order_seq_cst);
  for (int flips = 0; flips < 2; ++flips) {
    const uint32_t old_phase = phase_.load(std::memory_order_relaxed);
    phase_.store(1 - old_phase, std::memory_order_seq_cst);
    MutexLock lock(mu_);
    while (!Empty(old_phase)) left_.Wait(mu_);
  }
  drainers_.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace brimfs
