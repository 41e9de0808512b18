#include "core/silence_watch.h"

#include <algorithm>
#include <utility>

namespace brimfs {

SilenceWatch::SilenceWatch(Timer& timer, Clock& clock, Duration patience,
                           std::function<void()> on_silence)
    : state_(new State{timer, clock, patience, {}, std::move(on_silence), clock.Now()}),
      since_(clock.Now()) {
  MutexLock lock(state_->mu);
  SetAlarm(state_);
}

SilenceWatch::~SilenceWatch() {
  MutexLock lock(state_->mu);
  state_->on_silence = nullptr;
  (void)state_->timer.Cancel(state_->alarm);
}

void SilenceWatch::Hear() {
  longest_ = std::max(longest_, state_->clock.Now() - since_);
  MutexLock lock(state_->mu);
  state_->listening = false;
}

void SilenceWatch::Listen() {
  since_ = state_->clock.Now();
  MutexLock lock(state_->mu);
  state_->listening = true;
  state_->since = since_;
}

void SilenceWatch::SetAlarm(const std::shared_ptr<State>& state) {
  state->alarm = state->timer.At(state->since + state->patience, [state] {
    MutexLock lock(state->mu);
    if (!state->on_silence) return;
    const TimePoint now = state->clock.Now();
    if (!state->listening) {
      state->since = now;
    } else if (now - state->since >= state->patience) {
      state->on_silence();
      state->since = now;
    }
    SetAlarm(state);
  });
}

}  // namespace brimfs
