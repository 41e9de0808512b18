#include "tests/support/origin/pacer.h"

#include <algorithm>

namespace brimfs {

TimePoint OriginBucket::Take(uint64_t bytes) {
  if (rate_ == 0) return TimePoint::min();
  const auto cost = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_)));
  MutexLock lock(mu_);
  free_at_ = std::max(free_at_, Clock::Steady().Now()) + cost;
  return free_at_;
}

uint64_t OriginPacer::PieceSize() const {
  constexpr uint64_t kLargest = 256 * 1024;
  uint64_t piece = kLargest;
  for (const uint64_t rate : {own_.rate(), total_.rate()}) {
    if (rate != 0) piece = std::min(piece, std::max<uint64_t>(rate / 100, 1024));
  }
  return piece;
}

TimePoint OriginPacer::Sent(uint64_t bytes) {
  return std::max(own_.Take(bytes), total_.Take(bytes));
}

}  // namespace brimfs
