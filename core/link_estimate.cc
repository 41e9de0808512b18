#include "core/link_estimate.h"

#include <algorithm>

#include "core/range.h"

namespace brimfs {
namespace {

// Measurements this long halve in weight: a link that changed is known after a second or two of
// use.
constexpr double kMemorySeconds = 2;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

uint64_t LinkEstimate::Snapshot::BandwidthDelayProduct() const {
  return static_cast<uint64_t>(bytes_per_second * Seconds(round_trip));
}

void LinkEstimate::Rate::Add(double more_bytes, double more_seconds) {
  bytes += more_bytes;
  seconds += more_seconds;
  if (seconds > kMemorySeconds) {
    bytes /= 2;
    seconds /= 2;
  }
}

void LinkEstimate::OnFlight(Duration to_first_byte, uint64_t bytes, Duration body, TimePoint now) {
  MutexLock lock(mu_);
  round_trips_[round_trip_count_++ % round_trips_.size()] = to_first_byte;
  if (bytes < kFillBlock) return;

  connection_.Add(static_cast<double>(bytes), Seconds(body));
  // Bodies that arrive side by side share their time: only what this one adds to it counts.
  const Duration alone = std::min(body, busy_until_ == TimePoint::min() ? body : now - busy_until_);
  link_.Add(static_cast<double>(bytes), Seconds(std::max(alone, Duration::zero())));
  busy_until_ = std::max(busy_until_, now);
}

LinkEstimate::Snapshot LinkEstimate::snapshot() const {
  MutexLock lock(mu_);
  Snapshot result;
  const size_t known = std::min(round_trip_count_, round_trips_.size());
  if (known > 0) {
    result.round_trip = *std::min_element(round_trips_.begin(), round_trips_.begin() + known);
  }
  result.bytes_per_second = link_.PerSecond();
  result.connection_bytes_per_second = connection_.PerSecond();
  return result;
}

}  // namespace brimfs
