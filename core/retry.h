// When to try again: a pure function of the attempt, the error and the clock.
#ifndef BRIMFS_CORE_RETRY_H_
#define BRIMFS_CORE_RETRY_H_

#include <optional>

#include "core/clock.h"
#include "core/status.h"

namespace brimfs {

struct RetryPolicy {
  Duration base = std::chrono::milliseconds(50);  // of the exponential backoff
  Duration cap = std::chrono::seconds(5);         // of one wait that the server did not ask for
  Duration retry_after_cap = std::chrono::seconds(30);  // a longer Retry-After is cut to this
  int protocol_tries = 3;  // an answer that contradicts the request is not believed more often

  // How long to wait before try number `attempt` + 1 (the first try is attempt 1), or nothing if
  // the error is final or the wait would not end before `deadline`. `random` is uniform in [0, 1).
  // The second try is immediate unless the server named a time; after that full jitter.
  std::optional<Duration> NextWait(int attempt, const Status& error, TimePoint now,
                                   TimePoint deadline, double random) const;
};

// Uniform in [0, 1), from a generator of the calling thread's own: for NextWait.
double RandomFraction();

}  // namespace brimfs

#endif  // BRIMFS_CORE_RETRY_H_
