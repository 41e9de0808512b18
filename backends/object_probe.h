// Asks the server of an object what it supports.
#ifndef BRIMFS_BACKENDS_OBJECT_PROBE_H_
#define BRIMFS_BACKENDS_OBJECT_PROBE_H_

#include <string>

#include "backends/source.h"
#include "core/object_probe.h"

namespace brimfs {

// Of the object at `path` (core/backend.h) of the source, which OpenSource has opened before. Makes
// at most six requests, each tried once, and takes no body. kUnsupported for a source that has no
// server, or more than one; kInvalidArgument as OpenSource.
Result<ObjectProbe> ProbeObject(const std::string& source, const BackendOptions& options,
                                const std::string& path, const CallLimits& limits);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_OBJECT_PROBE_H_
