// brimfs cache DIRECTORY, brimfs check DIRECTORY: what a cache directory holds, and whether it is
// right.
#ifndef BRIMFS_FS_CACHE_COMMANDS_H_
#define BRIMFS_FS_CACHE_COMMANDS_H_

#include <optional>
#include <ostream>

namespace brimfs {

// As fsck(8); kCheckCorrected and kCheckLeft may be added up.
enum CheckExitCode {
  kCheckClean = 0,
  kCheckCorrected = 1,
  kCheckLeft = 4,
  kCheckFailed = 8,
  kCheckUsage = 16,
};

// The exit code, if the first argument is the name of such a command and the program is not called
// as a helper of mount(8); nothing otherwise. A source of that name is mounted as ./cache.
std::optional<int> RunCacheCommand(int argc, const char* const* argv, std::ostream& out,
                                   std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_CACHE_COMMANDS_H_
