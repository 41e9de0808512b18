// What the servers of one S3 source have said of themselves: where buckets are, and what time it
// is.
#ifndef BRIMFS_BACKENDS_S3_REGIONS_H_
#define BRIMFS_BACKENDS_S3_REGIONS_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe.
class S3Regions {
 public:
  // `first` is believed of every bucket until a server says otherwise.
  explicit S3Regions(std::string first) : first_(std::move(first)) {}

  std::string Of(const std::string& bucket) const;

  // False if it is known already.
  bool Learn(const std::string& bucket, const std::string& region);

 private:
  const std::string first_;
  mutable Mutex mu_;
  std::map<std::string, std::string> learned_ ABSL_GUARDED_BY(mu_);
};

// The servers' clock, as far as it differs from ours. Thread-safe.
class ServerClock {
 public:
  // A signature counts within 15 minutes of the server's time.
  static constexpr absl::Duration kTolerated = absl::Minutes(5);

  // `now` by our clock.
  absl::Time At(absl::Time now) const;

  // It was `server` there when it was `now` here. False if that is no news: what is believed of it
  // is right to kTolerated. Says it in the log.
  bool Learn(absl::Time server, absl::Time now);

 private:
  mutable Mutex mu_;
  absl::Duration ahead_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_REGIONS_H_
