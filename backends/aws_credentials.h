// The AWS keys of one source, shared by all its connections and renewed before they end.
#ifndef BRIMFS_BACKENDS_AWS_CREDENTIALS_H_
#define BRIMFS_BACKENDS_AWS_CREDENTIALS_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "backends/aws_key_source.h"
#include "backends/aws_keys.h"
#include "backends/aws_setup.h"
#include "core/backend.h"
#include "core/mutex.h"
#include "core/status.h"

namespace brimfs {

// Thread-safe. Keys are looked for by one thread at a time, with no lock held; whoever cannot do
// without them waits for its answer, an error included.
class AwsCredentials {
 public:
  using WallClock = std::function<absl::Time()>;

  // Renewed this long before they end, in the background of nobody: by the first who wants them
  // then, while the others go on with those that still hold.
  static constexpr absl::Duration kRenewBefore = absl::Minutes(5);

  // Keys that still hold, or that were found ended already, are not looked for again sooner. (The
  // metadata service gives ended ones out when it cannot renew them itself, and S3 takes them.)
  static constexpr absl::Duration kLookAgain = absl::Minutes(1);

  // How long the one who renews keys that still hold waits for it.
  static constexpr Duration kRenewPatience = std::chrono::seconds(10);

  AwsCredentials(std::unique_ptr<AwsKeySource> source, WallClock wall_clock);

  // kInterrupted, kTimedOut by `limits`, those of the one who waits; if they end the search, one of
  // the others who wait begins anew. Else as AwsKeySource has it; a search that fails while the
  // keys still hold is said in the log, and they go on.
  Result<std::shared_ptr<const AwsKeys>> Current(const CallLimits& limits);

  // After `refused` was answered with 403 or 400 (expired, unknown): what to try instead, found
  // again by one request however many were refused; null if they are the same as before. Asked so
  // again within a minute it answers null without looking: a wrong key is not looked up for ever.
  Result<std::shared_ptr<const AwsKeys>> Instead(const std::shared_ptr<const AwsKeys>& refused,
                                                 const CallLimits& limits);

 private:
  using Keys = std::shared_ptr<const AwsKeys>;

  bool MustLook(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool StillHold(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Until whoever looks has ended; what that came to if it concerns the others, which an end by its
  // own limits does not.
  Status AwaitLook(const CallLimits& limits) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The caller has set looking_, which ends here.
  enum class Reason { kRenew, kRefused };
  Status Look(const CallLimits& limits, Reason reason) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction; the source is used by whoever has set looking_.
  const std::unique_ptr<AwsKeySource> source_;
  const WallClock wall_clock_;

  Mutex mu_;  // a leaf
  CondVar changed_;
  bool looking_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t looks_ ABSL_GUARDED_BY(mu_) = 0;  // that have ended
  Status last_look_ ABSL_GUARDED_BY(mu_);
  Keys current_ ABSL_GUARDED_BY(mu_);  // null: none found yet
  bool found_ended_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time look_again_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time refuse_again_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();  // until then: null
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_CREDENTIALS_H_
