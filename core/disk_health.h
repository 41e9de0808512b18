// Whether the cache's disk takes what is written to it. One line in the log when it stops to, one
// when it does again; a disk that is at its limit and does now this, now that, says so once a
// minute.
#ifndef BRIMFS_CORE_DISK_HEALTH_H_
#define BRIMFS_CORE_DISK_HEALTH_H_

#include <atomic>
#include <string>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/status.h"

namespace brimfs {

// Thread-safe. Lock order: mu_ is a leaf.
class DiskHealth {
 public:
  // So long after a failure nothing is tried, so that not every write pays for it.
  static constexpr Duration kPause = std::chrono::seconds(2);

  // `directory` is for the log; `clock` outlives this.
  DiskHealth(std::string directory, Clock& clock);

  // Worth trying: it works as far as is known, or the pause is over. Of those who ask after a pause
  // one is let through, and the others wait for what becomes of it, or for another pause. One
  // atomic load while it works.
  bool Usable();

  // Whether it has failed and not worked since; asks for nothing to be tried.
  bool failing() const { return failing_.load(std::memory_order_relaxed); }

  // A call on a cache file has failed (ENOSPC, EDQUOT, EIO, EROFS, …); or has succeeded, which
  // counts if it was begun after the last failure's pause. The latter costs one atomic load while
  // it works.
  void Failed(const Status& why);
  void Worked();

 private:
  static constexpr Duration kQuiet = std::chrono::minutes(1);

  const std::string directory_;
  Clock& clock_;
  std::atomic<bool> failing_{false};  // written with mu_ held
  Mutex mu_;
  TimePoint again_ ABSL_GUARDED_BY(mu_);        // while failing: when to try next
  bool trying_ ABSL_GUARDED_BY(mu_) = false;    // somebody was let through since the last failure
  bool said_ ABSL_GUARDED_BY(mu_) = false;      // this failure is in the log
  TimePoint quiet_until_ ABSL_GUARDED_BY(mu_);  // no further failure is, before that
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_DISK_HEALTH_H_
