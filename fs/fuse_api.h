// libfuse's low-level interface at the one version that this program is written for.
#ifndef BRIMFS_FS_FUSE_API_H_
#define BRIMFS_FS_FUSE_API_H_

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

namespace brimfs {

class FuseChannel;
class FuseOps;

// What fuse_session_new is given as userdata; both outlive the session.
struct FuseUserdata {
  FuseOps* ops;
  FuseChannel* channel;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FUSE_API_H_
