// What every kind of SOURCE needs to be opened, and what comes of it.
#ifndef BRIMFS_BACKENDS_SOURCE_H_
#define BRIMFS_BACKENDS_SOURCE_H_

#include <memory>
#include <string>

#include "core/backend.h"

namespace brimfs {

struct BackendOptions {
  std::string cacert;  // PEM file for https; empty: the system's
  Duration connect_timeout = std::chrono::seconds(10);
  int metadata_connections = 8;  // kept for Stat and List, apart from those that carry data
};

struct OpenedSource {
  std::unique_ptr<Backend> backend;
  // Not empty: SOURCE is one object, whose file has this name; its path in the backend is "".
  std::string single_file;
  std::string identity;  // of the source in the cache: its URL without secrets, normalised
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_SOURCE_H_
