#include "core/retry_budget.h"

#include <algorithm>

namespace brimfs {

bool RetryBudget::TryTake(TimePoint now) {
  MutexLock lock(mu_);
  const std::chrono::duration<double> passed = now - std::max(filled_, TimePoint());
  tokens_ = std::min(options_.most, tokens_ + std::max(0.0, passed.count()) * options_.per_second);
  filled_ = std::max(filled_, now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void RetryBudget::Earn(uint64_t bytes) {
  MutexLock lock(mu_);
  const double earned = static_cast<double>(bytes) / static_cast<double>(options_.bytes_per_token);
  tokens_ = std::min(options_.most, tokens_ + earned);
}

}  // namespace brimfs
