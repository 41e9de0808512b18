// The counters of a mount in the words of Prometheus: names, help, units. `-o metrics=` serves
// them.
#ifndef BRIMFS_FS_METRICS_H_
#define BRIMFS_FS_METRICS_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "core/cache.h"
#include "core/scheduler.h"
#include "core/stats.h"

namespace brimfs {

// What every line says of the mount. Nothing secret in it.
struct MountLabels {
  std::string source;  // its DisplayUrl
  std::string mountpoint;
};

struct MountFigures {
  const Stats& stats;
  Scheduler::Load load;
  Cache::Usage space;
  size_t nodes = 0;     // names that the kernel knows
  std::string version;  // of brimfs
  std::chrono::system_clock::time_point mounted;
};

// A page in the text format, version 0.0.4.
std::string MetricsText(const MountLabels& labels, const MountFigures& figures);

}  // namespace brimfs

#endif  // BRIMFS_FS_METRICS_H_
