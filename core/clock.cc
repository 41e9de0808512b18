#include "core/clock.h"

namespace brimfs {
namespace {

class SteadyClock : public Clock {
 public:
  TimePoint Now() override { return std::chrono::steady_clock::now(); }

  void WaitUntil(CondVar& cv, Mutex& mu, TimePoint deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    if (deadline == kNever) {
      cv.Wait(mu);
    } else {
      cv.WaitUntil(mu, deadline);
    }
  }
};

}  // namespace

Clock& Clock::Steady() {
  static SteadyClock* const clock = new SteadyClock;  // outlives every thread that still waits
  return *clock;
}

}  // namespace brimfs
