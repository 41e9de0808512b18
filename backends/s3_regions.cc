#include "backends/s3_regions.h"

#include "core/log.h"

namespace brimfs {

std::string S3Regions::Of(const std::string& bucket) const {
  MutexLock lock(mu_);
  const auto learned = learned_.find(bucket);
  return learned == learned_.end() ? first_ : learned->second;
}

bool S3Regions::Learn(const std::string& bucket, const std::string& region) {
  MutexLock lock(mu_);
  const auto [learned, fresh] = learned_.try_emplace(bucket, first_);
  if (learned->second == region) return false;
  learned->second = region;
  return true;
}

absl::Time ServerClock::At(absl::Time now) const {
  MutexLock lock(mu_);
  return now + ahead_;
}

bool ServerClock::Learn(absl::Time server, absl::Time now) {
  const absl::Duration ahead = server - now;
  {
    MutexLock lock(mu_);
    if (absl::AbsDuration(ahead - ahead_) <= kTolerated) return false;
    ahead_ = ahead;
  }
  Log(LogLevel::kWarning, "the clocks of this machine and of the server differ by " +
                              absl::FormatDuration(absl::Trunc(ahead, absl::Seconds(1))) +
                              "; requests are signed by the server's");
  return true;
}

}  // namespace brimfs
