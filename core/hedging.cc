#include "core/hedging.h"

#include <algorithm>
#include <cmath>

namespace brimfs {
namespace {

constexpr uint32_t kFew = 16;       // peers say nothing yet
constexpr uint32_t kMemory = 2000;  // requests, then all are halved

// The first bucket ends here; the last, 64 buckets on, after some minutes.
constexpr double kFirstSeconds = 0.002;
constexpr double kGrowth = 1.2;

}  // namespace

void Hedging::OnRequest(Duration silence) {
  const double seconds = std::chrono::duration<double>(silence).count();
  const double steps = seconds <= kFirstSeconds
                           ? 0
                           : std::ceil(std::log(seconds / kFirstSeconds) / std::log(kGrowth));
  const size_t bucket = std::min(static_cast<size_t>(steps), kBuckets - 1);
  MutexLock lock(mu_);
  saved_ = std::min(options_.most, saved_ + options_.share);
  ++silences_[bucket];
  if (++requests_ < kMemory) return;
  requests_ = 0;
  for (uint32_t& count : silences_) requests_ += count /= 2;
}

void Hedging::OnOverload(TimePoint now) {
  MutexLock lock(mu_);
  paused_until_ = now + options_.pause;
}

Duration Hedging::Patience() {
  MutexLock lock(mu_);
  if (requests_ < kFew) return options_.unknown;
  uint32_t beyond = requests_ / 100;
  size_t bucket = kBuckets - 1;
  while (bucket > 0 && silences_[bucket] <= beyond) beyond -= silences_[bucket--];
  const std::chrono::duration<double> reach(kFirstSeconds *
                                            std::pow(kGrowth, static_cast<double>(bucket)));
  return std::max(options_.floor, std::chrono::duration_cast<Duration>(reach));
}

bool Hedging::TryTake(TimePoint now) {
  MutexLock lock(mu_);
  if (saved_ < 1 || now < paused_until_) return false;
  saved_ -= 1;
  return true;
}

}  // namespace brimfs
