#include "core/disk_health.h"

#include <utility>

#include "core/log.h"

namespace brimfs {

DiskHealth::DiskHealth(std::string directory, Clock& clock)
    : directory_(std::move(directory)), clock_(clock) {}

bool DiskHealth::Usable() {
  if (!failing_.load(std::memory_order_relaxed)) return true;
  MutexLock lock(mu_);
  if (!failing_) return true;
  const TimePoint now = clock_.Now();
  if (now < again_) return false;
  again_ = now + kPause;
  trying_ = true;
  return true;
}

void DiskHealth::Failed(const Status& why) {
  {
    MutexLock lock(mu_);
    // What nobody let through does not put off the next try.
    if (failing_ && !trying_) return;
    const TimePoint now = clock_.Now();
    again_ = now + kPause;
    trying_ = false;
    if (failing_.exchange(true) || now < quiet_until_) return;
    said_ = true;
    quiet_until_ = now + kQuiet;
  }
  Log(LogLevel::kWarning, "the cache in " + directory_ + " fails, what it does not take is kept " +
                              "in memory: " + why.message());
}

void DiskHealth::Worked() {
  if (!failing_.load(std::memory_order_relaxed)) return;
  {
    MutexLock lock(mu_);
    if (!failing_ || !trying_) return;
    failing_ = false;
    if (!std::exchange(said_, false)) return;
  }
  Log(LogLevel::kInfo, "the cache in " + directory_ + " works again");
}

}  // namespace brimfs
