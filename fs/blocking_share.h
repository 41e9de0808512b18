// How many of the session's threads may sleep at once, so that some always answer `ls` and filled
// reads.
#ifndef BRIMFS_FS_BLOCKING_SHARE_H_
#define BRIMFS_FS_BLOCKING_SHARE_H_

#include <deque>
#include <functional>

#include "core/mutex.h"

namespace brimfs {

// Thread-safe. Work is called with no lock held; what is put off runs in the order it came.
class BlockingShare {
 public:
  explicit BlockingShare(int slots) : free_(slots) {}

  // A slot for a read that sleeps on this thread; without one the read is parked instead. Every
  // slot that was taken is given back with Return, after the reply.
  bool TryTake();
  void Return();  // runs what Run has put off, on this thread, while there is any

  // Runs `work` now if a slot is free, else when one becomes free, on the thread that frees it.
  void Run(std::function<void()> work);

 private:
  Mutex mu_;
  int free_ ABSL_GUARDED_BY(mu_);  // 0 while anything is put off
  std::deque<std::function<void()>> put_off_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_BLOCKING_SHARE_H_
