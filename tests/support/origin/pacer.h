// Bandwidth limits of the test origin.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_PACER_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_PACER_H_

#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe. No burst: time that was not used is lost.
class OriginBucket {
 public:
  explicit OriginBucket(uint64_t bytes_a_second) : rate_(bytes_a_second) {}

  // When `bytes` more may have been sent; the past without a limit.
  TimePoint Take(uint64_t bytes);
  uint64_t rate() const { return rate_; }

 private:
  const uint64_t rate_;
  Mutex mu_;
  TimePoint free_at_ ABSL_GUARDED_BY(mu_);
};

// One connection's limit and its share of the total one.
class OriginPacer {
 public:
  OriginPacer(uint64_t bandwidth, OriginBucket& total) : own_(bandwidth), total_(total) {}

  // A piece for one send: small enough that the pace is even.
  uint64_t PieceSize() const;

  // When the next piece may be sent after one of `bytes`.
  TimePoint Sent(uint64_t bytes);

 private:
  OriginBucket own_;
  OriginBucket& total_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_PACER_H_
