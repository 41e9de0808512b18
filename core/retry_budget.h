// Tokens for further tries, so that an outage is not multiplied by the number of flights.
#ifndef BRIMFS_CORE_RETRY_BUDGET_H_
#define BRIMFS_CORE_RETRY_BUDGET_H_

#include <cstdint>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/range.h"

namespace brimfs {

// One a source. Thread-safe. While all is well a try that fails is repeated at once; when
// everything fails, all flights together try so often as time brings tokens, and no more.
class RetryBudget {
 public:
  struct Options {
    double most = 32;                       // tokens, and so many there are at first
    double per_second = 8;                  // that time brings
    uint64_t bytes_per_token = kFillBlock;  // that came: what gets on has earned its next try
  };

  RetryBudget() : RetryBudget(Options{}) {}
  explicit RetryBudget(const Options& options) : options_(options), tokens_(options.most) {}

  // Takes a token for one more try. False: there is none, and no request may be made now.
  bool TryTake(TimePoint now);

  // A try has brought so many bytes.
  void Earn(uint64_t bytes);

 private:
  const Options options_;
  Mutex mu_;
  double tokens_ ABSL_GUARDED_BY(mu_);
  TimePoint filled_ ABSL_GUARDED_BY(mu_);  // up to here time has brought its tokens
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_RETRY_BUDGET_H_
