// Mounts that only this process and its children see.
#ifndef BRIMFS_TESTS_SUPPORT_PRIVATE_MOUNTS_H_
#define BRIMFS_TESTS_SUPPORT_PRIVATE_MOUNTS_H_

#include "core/status.h"

namespace brimfs {

// The calling thread lives in a mount namespace of its own from here on. It has to be the first
// thread of the process (/proc/self shows that one's mounts). FUSE mounts of the outside are not
// there: a copy would keep their daemons alive after they are unmounted.
Status EnterPrivateMounts();

// Lets every FUSE mount of this namespace go.
void DetachFuseMounts();

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_PRIVATE_MOUNTS_H_
