// Time as a parameter, so that a test moves it by hand (tests/support/fake_clock.h).
#ifndef BRIMFS_CORE_CLOCK_H_
#define BRIMFS_CORE_CLOCK_H_

#include <chrono>

#include "core/mutex.h"

namespace brimfs {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Never reached; a wait with it has no deadline.
inline constexpr TimePoint kNever = TimePoint::max();

// `wait` from `now`; kNever if that is past all time.
inline TimePoint After(TimePoint now, Duration wait) {
  return wait >= kNever - now ? kNever : now + wait;
}

class Clock {
 public:
  virtual ~Clock() = default;

  // Monotonic. From any thread.
  virtual TimePoint Now() = 0;

  // Waits on `cv` until it is notified or this clock reaches `deadline`. Spurious returns happen.
  virtual void WaitUntil(CondVar& cv, Mutex& mu, TimePoint deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) = 0;

  // std::chrono::steady_clock; lives as long as the process.
  static Clock& Steady();
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CLOCK_H_
