// The parts of Resource that only its own sources see: who waits, and what is left to be done once
// the lock has been let go.
#ifndef BRIMFS_CORE_RESOURCE_WAITER_H_
#define BRIMFS_CORE_RESOURCE_WAITER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/resource.h"

namespace brimfs {

// All fields and calls: with the resource's lock held, unless said.
struct Resource::Waiter {
  virtual ~Waiter() = default;

  // Whether the caller may end this wait; true once. False: another thread has taken it upon itself
  // and will take it out of the queue.
  virtual bool ClaimEnd() = 0;

  // The outcome is set and the wait is out of the queue.
  virtual void OnEnded(Afterwards& after) = 0;

  Range range;              // wanted, cut at the length
  Waiters::iterator place;  // in the queue, until the outcome is set
  std::optional<Result<Lease>> outcome;
  bool waits = false;  // what it misses has been demanded; a parked one's thread is out of Arm
};

// Lies on the stack of the thread that sleeps.
struct Resource::Sleeper : Resource::Waiter {
  bool ClaimEnd() override { return !outcome; }
  void OnEnded(Afterwards& after) override;

  CondVar wake;
};

// Owned by `self` while it is in the queue, then by whoever calls `done`.
struct Resource::Parked : Resource::Waiter {
  explicit Parked(WaitCallback callback) : done(std::move(callback)) {}

  // Without the lock too: the resource lives at least until `done` has been called, so a late timer
  // must know, before it touches the resource, that nobody else calls it.
  bool ClaimEnd() override { return !end_claimed.exchange(true); }
  void OnEnded(Afterwards& after) override;

  // Disarms and calls `done`, which may destroy the resource. Without the lock.
  void Call(Timer& timer);

  std::atomic<bool> end_claimed{false};
  std::shared_ptr<Parked> self;

  // Set by the thread in Arm, then used by the one in Call.
  WaitCallback done;
  std::optional<Timer::Id> deadline;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

struct Resource::Afterwards {
  struct Demanded {
    Range wanted;
    std::vector<Range> claimed;
  };
  std::vector<Demanded> demands;
  std::vector<std::shared_ptr<Parked>> ended;

  // For the observers.
  struct Written {
    Range range;
    std::span<const std::byte> bytes;  // the caller's of Write
  };
  std::vector<Written> written;
  std::vector<Range> adopted;
  std::vector<Range> evicted;
  bool covers = false;  // counted in untold_
  std::optional<uint64_t> committed;
  std::optional<Status> failed;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_RESOURCE_WAITER_H_
