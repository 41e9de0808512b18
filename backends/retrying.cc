#include "backends/retrying.h"

#include <chrono>
#include <semaphore>
#include <stop_token>

namespace brimfs {

bool SleepUntil(TimePoint when, const std::stop_token& stop) {
  std::binary_semaphore stopped(0);
  const std::stop_callback wake(stop, [&stopped] { stopped.release(); });
  return !stopped.try_acquire_until(when);
}

Status Retrying(SourceHost& host, const RetryPolicy& policy, const CallLimits& limits,
                const std::function<Status()>& try_once) {
  Status status;
  for (int attempt = 1;; ++attempt) {
    TimePoint now = std::chrono::steady_clock::now();
    if (attempt == 1 || host.retries.TryTake(now)) {
      status = try_once();
      now = std::chrono::steady_clock::now();
    } else {
      // No try, and a longer wait than for this one. The server's time to come back is over.
      status = Status(status.code(), status.message());
    }
    if (status.ok()) {
      host.retries.Earn(kFillBlock);  // as a fetch of one
      return status;
    }
    const auto wait = policy.NextWait(attempt, status, now, limits.deadline, RandomFraction());
    if (!wait && status.code() == Code::kUnavailable) {
      return Status(Code::kTimedOut, status.message());
    }
    if (!wait) return status;
    if (!SleepUntil(now + *wait, limits.stop)) return Status(Code::kInterrupted, status.message());
  }
}

}  // namespace brimfs
