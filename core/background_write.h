// Whose turn it is to write into a file ahead of its readers.
#ifndef BRIMFS_CORE_BACKGROUND_WRITE_H_
#define BRIMFS_CORE_BACKGROUND_WRITE_H_

#include <semaphore>

namespace brimfs {

// Admits one at a time of the flights that run ahead of a file's readers; guards no data. The
// kernel lets one writer into a file anyway (its inode lock), first come first served: a write that
// a reader sleeps for takes no turn here, so it queues behind one of these there and not behind one
// of every connection. A turn lasts as long as Resource::Write, which ends by itself: what it waits
// for, the disk and readers' leases, takes no turn. Lockable (std::unique_lock); from any thread.
class BackgroundWrite {
 public:
  void lock() { free_.acquire(); }
  void unlock() { free_.release(); }

 private:
  std::binary_semaphore free_{1};
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_BACKGROUND_WRITE_H_
