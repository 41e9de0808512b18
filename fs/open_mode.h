// In which way the open descriptors of one node read: through this program, or passed through to
// the kernel's backing file. The kernel allows one backing file for all opens of a node at a time
// and answers EIO to an open that mixes the two ways (Linux fs/fuse/iomode.c).
#ifndef BRIMFS_FS_OPEN_MODE_H_
#define BRIMFS_FS_OPEN_MODE_H_

#include <functional>

#include "core/mutex.h"
#include "core/status.h"

namespace brimfs {

// Thread-safe. An open counts from the moment its way is decided until Leave, because the kernel
// acts on the reply before this program can see that it did.
class OpenMode {
 public:
  // One more open; its backing id, or 0 for the ordinary way.
  //   some open is passed through          the same backing id
  //   some open is ordinary                0
  //   none is open, `may_pass`             what `register_file` gives, 0 if that is an error
  //   none is open, not `may_pass`         0
  // `register_file` is called with no lock held; other opens of the node wait for its outcome.
  int Enter(bool may_pass, const std::function<Result<int>()>& register_file);

  // Ends an open that Enter gave this `backing_id`. A backing id that nobody uses any more and that
  // the caller unregisters, or 0.
  int Leave(int backing_id);

  struct Count {
    int ordinary = 0;
    int passed = 0;
  };
  Count count() const;

 private:
  mutable Mutex mu_;
  CondVar decided_;
  bool deciding_ ABSL_GUARDED_BY(mu_) = false;
  int ordinary_ ABSL_GUARDED_BY(mu_) = 0;
  int passed_ ABSL_GUARDED_BY(mu_) = 0;
  int backing_id_ ABSL_GUARDED_BY(mu_) = 0;  // not 0 while passed_ > 0
};

}  // namespace brimfs

#endif  // BRIMFS_FS_OPEN_MODE_H_
