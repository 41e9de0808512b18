#include "core/silence_watch.h"

#include <algorithm>
#include <utility>

namespace brimfs {

SilenceWatch::SilenceWatch(Timer& timer, Clock& clock, Duration patience,
                           std::function<void()> on_silence)
    : state_(new State{timer, clock, patience, {}, std::move(on_silence), clock.Now()}),
      last_(state_->clock.Now()) {
  MutexLock lock(state_->mu);
  SetAlarm(state_);
}

SilenceWatch::~SilenceWatch() {
  MutexLock lock(state_->mu);
  state_->on_silence = nullptr;
  (void)state_->timer.Cancel(state_->alarm);
}

void SilenceWatch::Progress() {
  const TimePoint now = state_->clock.Now();
  longest_ = std::max(longest_, now - last_);
  last_ = now;
  MutexLock lock(state_->mu);
  state_->last = now;
}

void SilenceWatch::SetAlarm(const std::shared_ptr<State>& state) {
  state->alarm = state->timer.At(state->last + state->patience, [state] {
    MutexLock lock(state->mu);
    if (!state->on_silence) return;
    const TimePoint now = state->clock.Now();
    if (now - state->last >= state->patience) {
      state->on_silence();
      state->last = now;
    }
    SetAlarm(state);
  });
}

}  // namespace brimfs
