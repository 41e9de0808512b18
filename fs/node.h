// What the file system knows of one name: a directory, or one version of one file.
#ifndef BRIMFS_FS_NODE_H_
#define BRIMFS_FS_NODE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "core/backend.h"
#include "core/cache.h"
#include "core/mutex.h"
#include "fs/directory.h"

namespace brimfs {

// Also st_ino: a hash of path and version, so that it is the same in every mount of the source and a
// new process can find it again. 0 is never used.
using NodeId = uint64_t;
inline constexpr NodeId kRootNode = 1;

// What stat(2) shows beyond mode and owner, which are the mount's. Frozen for the life of a node:
// a new version is a new node, and a time that became finer would drop the kernel's page cache.
struct Attributes {
  NodeId ino = 0;
  ObjectKind kind = ObjectKind::kFile;
  uint64_t size = 0;  // bytes
  absl::Time mtime = absl::UnixEpoch();
};

struct Node {
  // Constant after construction.
  const NodeId id;
  const NodeId parent;
  const std::string name;
  const std::string path;  // for the backend
  const Attributes attributes;

  // Of a directory; has its own lock.
  std::unique_ptr<Directory> directory;

  // How many open descriptors read this node in which way. The kernel allows one backing file for all
  // opens of a node and refuses to mix (design: "Passthrough to the kernel"), so the mode is decided
  // and counted under mu, from the decision to open until the last release.
  // mu is taken after InodeTable's lock is let go, and no other lock is taken under it.
  Mutex mu;
  Version version ABSL_GUARDED_BY(mu);            // merged as more becomes known
  TimePoint checked ABSL_GUARDED_BY(mu);          // when the source last confirmed it
  bool gone ABSL_GUARDED_BY(mu) = false;          // replaced or vanished: open answers kStale
  std::weak_ptr<CachedFile> file ABSL_GUARDED_BY(mu);
  int ordinary_opens ABSL_GUARDED_BY(mu) = 0;
  int passthrough_opens ABSL_GUARDED_BY(mu) = 0;
  int backing_id ABSL_GUARDED_BY(mu) = 0;         // registered while passthrough_opens > 0
};

}  // namespace brimfs

#endif  // BRIMFS_FS_NODE_H_
