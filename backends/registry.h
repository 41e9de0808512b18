// From the SOURCE that the user wrote to the backend that serves it. An explicit table: a static
// archive would drop self-registering objects.
#ifndef BRIMFS_BACKENDS_REGISTRY_H_
#define BRIMFS_BACKENDS_REGISTRY_H_

#include <string>

#include "backends/source.h"
#include "core/offline_backend.h"

namespace brimfs {

// Parses SOURCE ("http://host/dir/", "list:urls.txt", "file:///srv/data", "/srv/data"), asks it
// what it is (one that ends in '/' is a directory without asking, but has to answer), and gives its
// backend. Tries once: who mounts wants to hear of a wrong name now. Errors name the source without
// its secrets and say the remedy: kInvalidArgument for an unknown scheme or credentials in the URL.
Result<OpenedSource> OpenSource(const std::string& source, const BackendOptions& options,
                                const CallLimits& limits);

// What SOURCE may be called in the cache, without asking it: for -o offline. Errors as above, those
// of an answer excepted.
Result<OfflineSource> NameSource(const std::string& source, const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_REGISTRY_H_
