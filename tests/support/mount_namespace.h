// A mount namespace of a test's own, over a system that the test may change: what is mounted,
// installed or written below /etc, /run, /sbin and /usr is seen by nobody else and ends with it.
#ifndef BRIMFS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_
#define BRIMFS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_

#include <string>

#include "core/status.h"
#include "core/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

// Takes root and overlayfs.
class MountNamespace {
 public:
  // From here on the calling thread lives in the namespace, and so does every process that it
  // starts, a Mount included. It has to be the first thread of the process (/proc/self shows that
  // one's mounts) and to end the object itself, after every thread that it started meanwhile.
  //
  // Everything in it is private. FUSE mounts of the outside are not there: their daemons would be
  // kept alive. /dev/fuse may be opened by everybody; /etc/fstab is empty.
  MountNamespace();

  // Detaches what is still mounted there, so that its daemons end; the thread is back outside.
  ~MountNamespace();
  MountNamespace(const MountNamespace&) = delete;
  MountNamespace& operator=(const MountNamespace&) = delete;

  // Why there is no namespace; the test is to be skipped.
  const Status& status() const { return status_; }

  // Installs this build as `cmake --install` does, with the prefix /usr: /usr/bin/brimfs,
  // /sbin/mount.brimfs and the manuals. Once.
  Status Install();

 private:
  Status Enter();
  Status Overlay(const std::string& directory);
  Status OpenFuseDevice();

  const TempDir dir_;
  UniqueFd outside_;
  Status status_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_
