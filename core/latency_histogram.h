// How long things took, counted into fixed buckets.
#ifndef BRIMFS_CORE_LATENCY_HISTOGRAM_H_
#define BRIMFS_CORE_LATENCY_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.h"

namespace brimfs {

// Thread-safe, lock-free. Relaxed atomics: exact in sum, not ordered against each other.
class LatencyHistogram {
 public:
  // Bucket i takes what took at most so long and longer than bucket i - 1; one more takes the rest.
  // From a disk's time to a timeout's.
  static constexpr std::array<std::chrono::microseconds, 16> kBounds = {
      std::chrono::microseconds(100),
      std::chrono::microseconds(250),
      std::chrono::microseconds(500),
      std::chrono::microseconds(1'000),
      std::chrono::microseconds(2'500),
      std::chrono::microseconds(5'000),
      std::chrono::microseconds(10'000),
      std::chrono::microseconds(25'000),
      std::chrono::microseconds(50'000),
      std::chrono::microseconds(100'000),
      std::chrono::microseconds(250'000),
      std::chrono::microseconds(500'000),
      std::chrono::seconds(1),
      std::chrono::seconds(5),
      std::chrono::seconds(10),
      std::chrono::seconds(60)};

  void Observe(Duration took) {
    size_t bucket = 0;
    while (bucket < kBounds.size() && took > kBounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
    if (nanoseconds > 0) {
      nanoseconds_.fetch_add(static_cast<uint64_t>(nanoseconds), std::memory_order_relaxed);
    }
  }

  struct Snapshot {
    std::array<uint64_t, kBounds.size() + 1> counts{};  // of each bucket alone
    double seconds = 0;                                 // in all
  };
  Snapshot Take() const {
    Snapshot snapshot;
    for (size_t i = 0; i < counts_.size(); ++i) {
      snapshot.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    snapshot.seconds = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
    return snapshot;
  }

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<uint64_t> nanoseconds_{0};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_LATENCY_HISTOGRAM_H_
