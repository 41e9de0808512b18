#include "core/rate_limit.h"

#include <algorithm>

namespace brimfs {
namespace {

constexpr double kBurstSeconds = 0.1;

}  // namespace

RateLimit::RateLimit(Clock& clock, uint64_t bytes_per_second)
    : clock_(clock),
      per_second_(static_cast<double>(bytes_per_second)),
      most_(per_second_ * kBurstSeconds),
      bytes_(most_),
      filled_(clock.Now()) {}

void RateLimit::Fill(TimePoint now) {
  const std::chrono::duration<double> passed = now - filled_;
  bytes_ = std::min(most_, bytes_ + passed.count() * per_second_);
  filled_ = now;
}

Status RateLimit::Take(uint64_t bytes, bool demanded, const std::stop_token& stop) {
  if (per_second_ == 0) return OkStatus();
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  MutexLock lock(mu_);
  demanded_ += demanded ? 1 : 0;
  for (;;) {
    const TimePoint now = clock_.Now();
    Fill(now);
    if (stop.stop_requested() || (bytes_ > 0 && (demanded || demanded_ == 0))) break;
    // Rounded up: a clock that stands still until then must not find it a little short.
    const double missing = std::max(1.0, -bytes_) / per_second_;
    const auto wait = std::chrono::ceil<Duration>(std::chrono::duration<double>(missing));
    clock_.WaitUntil(changed_, mu_, now + wait + Duration(1));
  }
  demanded_ -= demanded ? 1 : 0;
  if (demanded_ == 0) changed_.NotifyAll();
  if (stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
  bytes_ -= static_cast<double>(bytes);
  return OkStatus();
}

}  // namespace brimfs
