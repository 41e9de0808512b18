#include "core/retry.h"

#include <algorithm>
#include <random>

namespace brimfs {

std::optional<Duration> RetryPolicy::NextWait(int attempt, const Status& error, TimePoint now,
                                              TimePoint deadline, double random) const {
  const bool again = error.code() == Code::kUnavailable ||
                     (error.code() == Code::kProtocol && attempt < protocol_tries);
  if (!again) return std::nullopt;

  Duration wait{0};
  if (error.retry_after() > Duration::zero()) {
    wait = std::min<Duration>(error.retry_after(), retry_after_cap);
  } else if (attempt > 1) {
    // Sixteen doublings of any base worth having are past any cap worth having.
    const Duration full = base * (int64_t{1} << std::min(attempt - 2, 16));
    wait = std::chrono::duration_cast<Duration>(std::min(full, cap) * random);
  }
  if (now >= deadline || wait >= deadline - now) return std::nullopt;
  return wait;
}

double RandomFraction() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace brimfs
