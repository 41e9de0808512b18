// From the SOURCE that the user wrote to the backend that serves it. An explicit table: a static
// archive would drop self-registering objects.
#ifndef BRIMFS_BACKENDS_REGISTRY_H_
#define BRIMFS_BACKENDS_REGISTRY_H_

#include <memory>
#include <string>

#include "core/backend.h"

namespace brimfs {

struct BackendOptions {
  std::string cacert;                   // PEM file for https; empty: the system's
  Duration connect_timeout = std::chrono::seconds(10);
  int metadata_connections = 8;         // kept for Stat and List, apart from those that carry data
};

struct OpenedSource {
  std::unique_ptr<Backend> backend;
  // Not empty: SOURCE is one object, whose file has this name; its path in the backend is "".
  std::string single_file;
  std::string identity;  // of the source in the cache: its URL without secrets, normalised
};

// Parses SOURCE ("http://host/dir/", "file:///srv/data", "/srv/data"), asks it what it is (one that ends in '/' is a
// directory without asking, but has to answer), and gives its backend. Errors name the source without its
// secrets and say the remedy: kInvalidArgument for an unknown scheme or credentials in the URL.
Result<OpenedSource> OpenSource(const std::string& source, const BackendOptions& options,
                                const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_REGISTRY_H_
