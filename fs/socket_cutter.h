// Cuts connections that last too long.
#ifndef BRIMFS_FS_SOCKET_CUTTER_H_
#define BRIMFS_FS_SOCKET_CUTTER_H_

#include <cstdint>
#include <map>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/timer.h"

namespace brimfs {

// Thread-safe.
class SocketCutter {
 public:
  // `clock` outlives this.
  SocketCutter(Duration lifetime, Clock& clock) : lifetime_(lifetime), clock_(clock) {}

  // `lifetime` from now both ends of this socket find that it has ended; who owns it closes it.
  void Opened(int fd);

  // It is about to be closed: not cut from now on.
  void Closing(int fd);

 private:
  void Cut(int fd, uint64_t number);

  const Duration lifetime_;
  Clock& clock_;

  Mutex mu_;                                           // a leaf
  std::map<int, uint64_t> open_ ABSL_GUARDED_BY(mu_);  // which of all that had the descriptor
  uint64_t opened_ ABSL_GUARDED_BY(mu_) = 0;

  Timer timer_{clock_};  // goes first: it uses the above
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SOCKET_CUTTER_H_
