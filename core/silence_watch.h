// Tells when something that should make progress has not for a while.
#ifndef BRIMFS_CORE_SILENCE_WATCH_H_
#define BRIMFS_CORE_SILENCE_WATCH_H_

#include <functional>
#include <memory>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/timer.h"

namespace brimfs {

// Watches as long as it lives, from its construction on. `on_silence` is called on the timer's
// thread when there was no progress for `patience`, and again each time that so much has passed
// without any. It must be short, as the timer's actions are.
class SilenceWatch {
 public:
  // `timer` and `clock` outlive this.
  SilenceWatch(Timer& timer, Clock& clock, Duration patience, std::function<void()> on_silence);

  // `on_silence` has returned, and is not called again.
  ~SilenceWatch();

  // Something came. On one thread.
  void Progress();

  // The longest time without progress so far, up to the latest progress.
  Duration longest() const { return longest_; }

 private:
  // Outlives the watch as long as the timer knows it.
  struct State {
    Timer& timer;
    Clock& clock;
    const Duration patience;
    Mutex mu;                                              // held during on_silence
    std::function<void()> on_silence ABSL_GUARDED_BY(mu);  // empty: the watch is over
    TimePoint last ABSL_GUARDED_BY(mu);                    // progress, or a call
    Timer::Id alarm ABSL_GUARDED_BY(mu) = 0;
  };
  static void SetAlarm(const std::shared_ptr<State>& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state->mu);

  const std::shared_ptr<State> state_;
  TimePoint last_;
  Duration longest_{0};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SILENCE_WATCH_H_
