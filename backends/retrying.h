// Tries a request about names again, as often as its server's allowance lets it.
#ifndef BRIMFS_BACKENDS_RETRYING_H_
#define BRIMFS_BACKENDS_RETRYING_H_

#include <functional>
#include <stop_token>

#include "core/backend.h"
#include "core/retry.h"
#include "core/source_host.h"
#include "core/status.h"

namespace brimfs {

// Until `try_once` is ok or another try does not help. What keeps failing until limits.deadline is
// kTimedOut, with the last cause; limits.stop is kInterrupted. Shares `host.retries` with the
// fetches.
Status Retrying(SourceHost& host, const RetryPolicy& policy, const CallLimits& limits,
                const std::function<Status()>& try_once);

// Waits; false if `stop` came first.
bool SleepUntil(TimePoint when, const std::stop_token& stop);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_RETRYING_H_
