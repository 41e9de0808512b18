#include "core/link_estimate.h"

#include <algorithm>

#include "core/range.h"

namespace brimfs {
namespace {

// Measurements this long halve in weight: a link that changed is known after a second or two of
// use.
constexpr double kMemorySeconds = 2;

// A request costs processor time too, however near the server is.
constexpr Duration kLeastPart = std::chrono::milliseconds(10);

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Duration LinkEstimate::Snapshot::PartTime() const { return std::max(4 * round_trip, kLeastPart); }

uint64_t LinkEstimate::Snapshot::PartBytes() const {
  return static_cast<uint64_t>(connection_bytes_per_second * Seconds(PartTime()));
}

uint64_t LinkEstimate::Snapshot::WindowBytes() const {
  return static_cast<uint64_t>(2 * bytes_per_second * Seconds(round_trip + PartTime()));
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
  const size_t known = std::min(round_trip_count_, round_trips_.size());
  round_trip_.store(*std::min_element(round_trips_.begin(), round_trips_.begin() + known),
                    std::memory_order_relaxed);
  if (bytes < kFillBlock) return;

  connection_.Add(static_cast<double>(bytes), Seconds(body));
  // Bodies that arrive side by side share their time: only what this one adds to it counts.
  const Duration alone = std::min(body, busy_until_ == TimePoint::min() ? body : now - busy_until_);
  link_.Add(static_cast<double>(bytes), Seconds(std::max(alone, Duration::zero())));
  busy_until_ = std::max(busy_until_, now);
  bytes_per_second_.store(link_.PerSecond(), std::memory_order_relaxed);
  connection_bytes_per_second_.store(connection_.PerSecond(), std::memory_order_relaxed);
}

LinkEstimate::Snapshot LinkEstimate::snapshot() const {
  Snapshot result;
  result.round_trip = round_trip_.load(std::memory_order_relaxed);
  result.bytes_per_second = bytes_per_second_.load(std::memory_order_relaxed);
  result.connection_bytes_per_second = connection_bytes_per_second_.load(std::memory_order_relaxed);
  return result;
}

}  // namespace brimfs
