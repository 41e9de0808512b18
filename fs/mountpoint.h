// The directory to mount on: what is wrong with it is said before anything that takes time.
#ifndef BRIMFS_FS_MOUNTPOINT_H_
#define BRIMFS_FS_MOUNTPOINT_H_

#include <string>

#include "core/status.h"

namespace brimfs {

// `path` as an absolute one without symbolic links. Does not ask the file system that is mounted
// just there, which may not answer. An error's message names it and the remedy.
Result<std::string> ResolveMountpoint(const std::string& path);

// Whether `mountpoint` (from ResolveMountpoint) will do, in this order: it is a directory, nothing
// of FUSE is mounted on it, it is empty (or `nonempty`), this user may write to it. A mount of
// brimfs whose daemon is dead is taken away, with a line in the log.
//
// Bounded in time even if what is mounted there hangs. Forks: no other thread may exist.
Status CheckMountpoint(const std::string& mountpoint, bool nonempty);

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNTPOINT_H_
