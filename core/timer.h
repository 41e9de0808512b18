// One thread that runs small functions at their time: deadlines of parked waiters, backoff.
#ifndef BRIMFS_CORE_TIMER_H_
#define BRIMFS_CORE_TIMER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "core/clock.h"

namespace brimfs {

class Timer {
 public:
  using Id = uint64_t;

  // Starts the thread. `clock` outlives the timer.
  explicit Timer(Clock& clock);

  // Drops what has not run yet and joins the thread.
  ~Timer();

  // Runs `action` on the timer's thread, once, not before `when`. It must be short and may not wait
  // for anything that the timer is to do. From any thread, the timer's own included.
  Id At(TimePoint when, std::function<void()> action);

  // True if the action had not started and now never will; false if it has run, runs, or is
  // unknown.
  bool Cancel(Id id);

 private:
  void Run();

  // Sleeps until an action is due and takes it out; none when the timer is being destroyed.
  std::function<void()> AwaitNext();

  Clock& clock_;
  Mutex mu_;
  CondVar wake_;
  std::map<std::pair<TimePoint, Id>, std::function<void()>> due_ ABSL_GUARDED_BY(mu_);
  std::map<Id, TimePoint> when_ ABSL_GUARDED_BY(mu_);
  Id next_id_ ABSL_GUARDED_BY(mu_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_TIMER_H_
