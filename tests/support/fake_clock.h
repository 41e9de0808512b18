// A clock that a test moves by hand.
#ifndef BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_
#define BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <cstddef>
#include <list>

#include "core/clock.h"

namespace brimfs {

// Thread-safe. Sleepers wake when Advance passes their deadline.
class FakeClock : public Clock {
 public:
  TimePoint Now() override;
  void WaitUntil(CondVar& cv, Mutex& mu, TimePoint deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Moves time forward and wakes whoever's deadline has come.
  void Advance(Duration by);

  // Returns when at least `count` threads sleep in WaitUntil, with or without a deadline. A Timer's
  // thread counts only while the timer has something to run.
  void AwaitSleepers(size_t count);

  // How often anybody has gone to sleep in WaitUntil so far: sleepers that are not disturbed do not
  // raise it.
  size_t sleeps();

 private:
  struct Sleeper {
    CondVar& cv;
    Mutex& mu;
    TimePoint deadline;
    bool being_woken = false;  // by Advance, without mu_: may not go away meanwhile
  };

  Mutex mu_;  // taken after the mutex of a sleeper
  CondVar changed_;
  TimePoint now_ ABSL_GUARDED_BY(mu_) = TimePoint() + std::chrono::hours(1);
  std::list<Sleeper> sleepers_ ABSL_GUARDED_BY(mu_);
  size_t sleeps_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_FAKE_CLOCK_H_
