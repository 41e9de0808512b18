#include "tests/support/fake_clock.h"

#include <vector>

namespace brimfs {

TimePoint FakeClock::Now() {
  MutexLock lock(mu_);
  return now_;
}

void FakeClock::WaitUntil(CondVar& cv, Mutex& mu, TimePoint deadline) {
  std::list<Sleeper>::iterator self;
  {
    MutexLock lock(mu_);
    if (deadline <= now_) return;
    self = sleepers_.insert(sleepers_.end(), Sleeper{cv, mu, deadline});
    ++sleeps_;
    changed_.NotifyAll();
  }
  cv.Wait(mu);
  // Advance needs `mu` to wake this sleeper, so it is let go while waiting for Advance to be done.
  mu.Unlock();
  {
    MutexLock lock(mu_);
    while (self->being_woken) changed_.Wait(mu_);
    sleepers_.erase(self);
  }
  mu.Lock();
}

void FakeClock::Advance(Duration by) {
  std::vector<Sleeper*> due;
  {
    MutexLock lock(mu_);
    now_ += by;
    for (Sleeper& sleeper : sleepers_) {
      if (sleeper.deadline > now_ || sleeper.being_woken) continue;
      sleeper.being_woken = true;
      due.push_back(&sleeper);
    }
  }
  for (Sleeper* sleeper : due) {
    // The sleeper holds its mutex from the look at the time until it waits: no wake-up is lost.
    MutexLock lock(sleeper->mu);
    sleeper->cv.NotifyAll();
  }
  MutexLock lock(mu_);
  for (Sleeper* sleeper : due) sleeper->being_woken = false;
  changed_.NotifyAll();
}

void FakeClock::AwaitSleepers(size_t count) {
  MutexLock lock(mu_);
  while (sleepers_.size() < count) changed_.Wait(mu_);
}

size_t FakeClock::sleeps() {
  MutexLock lock(mu_);
  return sleeps_;
}

}  // namespace brimfs
