// From the options of the user to a source and the cache of its files, for a mount and for the
// commands that need none. Beside main.cc the only file that sees backends/.
#ifndef BRIMFS_FS_OPEN_SOURCE_H_
#define BRIMFS_FS_OPEN_SOURCE_H_

#include <memory>
#include <string>

#include "core/backend.h"
#include "core/cache.h"
#include "core/object_probe.h"
#include "fs/mount_options.h"

namespace brimfs {

struct RemoteSource {
  std::unique_ptr<Backend> backend;
  std::string single_file;  // not empty: SOURCE is one object of this name; its path is ""
  std::string identity;     // in the cache
};

// Paths as they are seen from "/", where the daemon goes; an empty cache becomes the default one.
// Before the two below.
void MakePathsAbsolute(MountOptions& options);

// Asks the source what it is, or with `offline` the cache. Errors are one line for the user;
// kInvalidArgument if it is the command line that is wrong.
Result<RemoteSource> OpenRemoteSource(const std::string& name, const MountOptions& options);

// Asks the server of the object at `path` what it supports, see backends/object_probe.h.
Result<ObjectProbe> ProbeServer(const std::string& name, const std::string& path,
                                const MountOptions& options);

// `identity` is the source's.
Cache::Options CacheOptions(const MountOptions& options, const std::string& identity);

}  // namespace brimfs

#endif  // BRIMFS_FS_OPEN_SOURCE_H_
