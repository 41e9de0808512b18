#include "core/timer.h"

namespace brimfs {

Timer::Timer(Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

Timer::~Timer() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  thread_.join();
}

Timer::Id Timer::At(TimePoint when, std::function<void()> action) {
  MutexLock lock(mu_);
  const Id id = next_id_++;
  const auto place = due_.emplace(std::pair(when, id), std::move(action)).first;
  when_.emplace(id, when);
  if (place == due_.begin()) wake_.NotifyAll();
  return id;
}

bool Timer::Cancel(Id id) {
  std::function<void()> dropped;  // what it captured is destroyed without the lock
  MutexLock lock(mu_);
  const auto it = when_.find(id);
  if (it == when_.end()) return false;
  const auto entry = due_.find({it->second, id});
  dropped = std::move(entry->second);
  due_.erase(entry);
  when_.erase(it);
  return true;
}

std::function<void()> Timer::AwaitNext() {
  MutexLock lock(mu_);
  while (!stopping_) {
    if (due_.empty()) {
      wake_.Wait(mu_);
      continue;
    }
    const auto next = due_.begin();
    const auto [when, id] = next->first;
    if (when > clock_.Now()) {
      clock_.WaitUntil(wake_, mu_, when);
      continue;
    }
    std::function<void()> action = std::move(next->second);
    due_.erase(next);
    when_.erase(id);
    return action;
  }
  return nullptr;
}

void Timer::Run() {
  while (std::function<void()> action = AwaitNext()) action();
}

}  // namespace brimfs
