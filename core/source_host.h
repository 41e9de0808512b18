// What is known of one server of a source, whatever is asked of it.
#ifndef BRIMFS_CORE_SOURCE_HOST_H_
#define BRIMFS_CORE_SOURCE_HOST_H_

#include <atomic>

#include "core/retry_budget.h"

namespace brimfs {

// The backend has one for each server (Backend::HostOf). Thread-safe.
struct SourceHost {
  RetryBudget retries;  // of requests for bytes and for names

  // The last answer that could tell was the whole object in place of a range. Files that have not
  // been asked for anything begin accordingly; each finds out for itself.
  std::atomic<bool> without_ranges{false};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SOURCE_HOST_H_
