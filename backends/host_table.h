// The servers of an HTTP source, by their origin.
#ifndef BRIMFS_BACKENDS_HOST_TABLE_H_
#define BRIMFS_BACKENDS_HOST_TABLE_H_

#include <map>
#include <string>

#include "backends/url.h"
#include "core/mutex.h"
#include "core/source_host.h"

namespace brimfs {

// Thread-safe. Grows by one entry for each server that is asked.
class HostTable {
 public:
  // That of the URL's scheme, host and port; lives as long as the table.
  SourceHost& Of(const Url& url) {
    const std::string origin = url.Origin();
    MutexLock lock(mu_);
    return hosts_[origin];
  }

 private:
  Mutex mu_;
  std::map<std::string, SourceHost> hosts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HOST_TABLE_H_
