// A clock that a test moves by hand.
#ifndef BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_
#define BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <map>
#include <set>

#include "core/clock.h"

namespace brimfs {

// Thread-safe. Sleepers wake when Advance passes their deadline.
class FakeClock : public Clock {
 public:
  TimePoint Now() override;
  void WaitUntil(CondVar& cv, Mutex& mu, TimePoint deadline) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Moves time forward and wakes whoever's deadline has come.
  void Advance(Duration by);

  // Returns when at least `count` threads sleep in WaitUntil.
  void AwaitSleepers(size_t count);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_
