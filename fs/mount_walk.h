// Finds the files that a command is to treat: walks through the mount as any program would, on
// threads of its own, so that the command itself never waits for a source that does not answer.
#ifndef BRIMFS_FS_MOUNT_WALK_H_
#define BRIMFS_FS_MOUNT_WALK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "fs/control_client.h"

namespace brimfs {

// Used by one thread.
class MountWalk {
 public:
  // So many files are open and not yet taken at most. Of the others the path and the size are
  // remembered: the totals are known long before the last is done.
  static constexpr size_t kOpen = 16;

  // Files and directories, in mounts of brimfs. Symbolic links below them are not followed, and
  // what is mounted below them is left out.
  explicit MountWalk(std::vector<std::string> paths);

  // Ends the walk, without waiting for a lookup that is under way.
  ~MountWalk();
  MountWalk(const MountWalk&) = delete;
  MountWalk& operator=(const MountWalk&) = delete;

  struct Found {
    std::string path;
    uint64_t size = 0;         // bytes, as counted in the totals
    Result<MountedFile> file;  // or why it, or a directory, can't be had
  };

  // The next one, if there is one now.
  std::optional<Found> Take();

  // The version that was found is gone: what the path is now comes through Take, instead.
  void LookAgain(std::string path, uint64_t size);

  struct Totals {
    uint64_t files = 0;
    uint64_t bytes = 0;
    bool all = false;  // they grow no more
  };
  Totals totals() const;

  // Nothing is left, and unless LookAgain is called nothing will come.
  bool ended() const;

  // Readable when something has changed; Take and ended say what.
  int fd() const;

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_MOUNT_WALK_H_
