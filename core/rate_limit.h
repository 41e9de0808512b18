// So many bytes a second over the whole mount, demanded ones first (`-o rate=`).
#ifndef BRIMFS_CORE_RATE_LIMIT_H_
#define BRIMFS_CORE_RATE_LIMIT_H_

#include <cstdint>
#include <stop_token>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/status.h"

namespace brimfs {

// Thread-safe. A bucket that holds what a tenth of a second brings: no longer a burst.
class RateLimit {
 public:
  // 0 bytes a second: no limit, no lock. `clock` outlives this.
  RateLimit(Clock& clock, uint64_t bytes_per_second);

  // Waits until `bytes` that have come may be gone on with. One who takes for a sleeping reader
  // goes before all others. kInterrupted: `stop` was requested.
  Status Take(uint64_t bytes, bool demanded, const std::stop_token& stop);

 private:
  // Adds what time has brought.
  void Fill(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  const double per_second_;
  const double most_;  // bytes in the bucket

  Mutex mu_;
  CondVar changed_;                    // a demanded one has its bytes, or a stop was requested
  double bytes_ ABSL_GUARDED_BY(mu_);  // negative: what came last has to be waited for
  TimePoint filled_ ABSL_GUARDED_BY(mu_);
  int demanded_ ABSL_GUARDED_BY(mu_) = 0;  // waiting
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_RATE_LIMIT_H_
