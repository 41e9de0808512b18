// Asks several mounts at once, for brimfs status. A mount that does not answer holds whoever asks
// it, and a signal would not help: each is asked on a thread of its own, which may never come back.
#ifndef BRIMFS_FS_MOUNT_LOOKS_H_
#define BRIMFS_FS_MOUNT_LOOKS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/unique_fd.h"
#include "fs/control_protocol.h"

namespace brimfs {

// Used by one thread.
class MountLooks {
 public:
  struct Target {
    std::string key;  // the same from call to call, and no other's
    // On another thread, perhaps until after this object is gone.
    std::function<Result<ControlAnswer>()> ask;
  };

  // A mount that has not answered after `patience` is passed over.
  explicit MountLooks(Duration patience);

  // What each says, in their order; an answer that is an error is one. kTimedOut: nothing yet. What
  // it is still asked from an earlier call is neither asked again nor waited for, so that it costs
  // one thread and holds the others up once. Returns early, with kInterrupted for who has not
  // answered, once `stop_fd` is readable; -1: none.
  std::vector<Result<ControlAnswer>> Ask(const std::vector<Target>& targets, int stop_fd);

 private:
  struct Asked;

  // Until all have answered, the patience is over, or `stop_fd` is readable: true.
  bool Await(const std::vector<std::shared_ptr<Asked>>& asked, int stop_fd) const;

  const Duration patience_;
  const std::shared_ptr<UniqueFd> answered_fd_;          // eventfd
  std::map<std::string, std::shared_ptr<Asked>> asked_;  // by key: who has not answered yet
};

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_LOOKS_H_
