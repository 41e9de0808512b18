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
// thread when there was silence for `patience`, and again each time that so much has passed
// in silence. It must be short, as the timer's actions are.
class SilenceWatch {
 public:
  // `timer` and `clock` outlive this.
  SilenceWatch(Timer& timer, Clock& clock, Duration patience, std::function<void()> on_silence);

  // `on_silence` has returned, and is not called again.
  ~SilenceWatch();

  // Something came; it takes its time to deal with it, which is no silence. On one thread.
  void Hear();

  // That is done: silence may begin anew. The same thread.
  void Listen();

  // The longest silence so far that has ended.
  Duration longest() const { return longest_; }

 private:
  // Outlives the watch as long as the timer knows it.
  struct State {
    Timer& timer;
    Clock& clock;
    const Duration patience;
    Mutex mu;                                              // held during on_silence
    std::function<void()> on_silence ABSL_GUARDED_BY(mu);  // empty: the watch is over
    TimePoint since ABSL_GUARDED_BY(mu);                   // silent, or told of it
    bool listening ABSL_GUARDED_BY(mu) = true;
    Timer::Id alarm ABSL_GUARDED_BY(mu) = 0;
  };
  static void SetAlarm(const std::shared_ptr<State>& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state->mu);

  const std::shared_ptr<State> state_;
  TimePoint since_;  // silent
  Duration longest_{0};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SILENCE_WATCH_H_
