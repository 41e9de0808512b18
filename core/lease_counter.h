// Counts who is reading, without a lock, so that an evictor can wait for exactly those who came
// before it. The scheme is sleepable RCU's (Linux kernel/rcu/srcutree.c): two phases of counters;
// the evictor flips the phase and waits for the old one to drain, twice, so that a steady stream of
// new readers cannot starve it and a reader that chose its phase late is still waited for.
#ifndef BRIMFS_CORE_LEASE_COUNTER_H_
#define BRIMFS_CORE_LEASE_COUNTER_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "core/mutex.h"

namespace brimfs {

class LeaseCounter {
 public:
  // Names the counter that Enter raised.
  using Ticket = uint8_t;

  // Any thread, lock-free. All memory operations after Enter are ordered after it (seq_cst), so:
  // enter, then look whether the bytes are there.
  Ticket Enter();
  void Leave(Ticket ticket);

  // Returns when everyone who had entered before the call has left. The caller has made the bytes
  // unfindable first. One drain at a time; further callers wait their turn. The caller may not hold
  // a ticket of this counter, nor a lock that somebody who holds one could want.
  void Drain();

 private:
  static constexpr int kStripes = 8;  // threads spread over these, a cache line each
  struct alignas(64) Stripe {
    std::array<std::atomic<uint32_t>, 2> count{};
  };

  bool Empty(uint32_t phase) const;

  std::array<Stripe, kStripes> stripes_;
  std::atomic<uint32_t> phase_{0};
  std::atomic<uint32_t> drainers_{0};  // non-zero: Leave notifies
  Mutex mu_;                           // for left_ alone
  CondVar left_;
  Mutex drain_mu_ ABSL_ACQUIRED_BEFORE(mu_);  // one drain at a time
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_LEASE_COUNTER_H_
