// /dev/fuse.
#ifndef BRIMFS_FS_FUSE_DEVICE_H_
#define BRIMFS_FS_FUSE_DEVICE_H_

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Opened for reading and writing, close-on-exec. An error's message has the remedy, for a container
// too.
Result<UniqueFd> OpenFuseDevice();

}  // namespace brimfs

#endif  // BRIMFS_FS_FUSE_DEVICE_H_
