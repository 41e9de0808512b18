// brimfs cache DIRECTORY, brimfs check DIRECTORY: what a cache directory holds, and whether it is
// right.
#ifndef BRIMFS_FS_CACHE_COMMANDS_H_
#define BRIMFS_FS_CACHE_COMMANDS_H_

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

// Command::run. ListCache answers with a CommandExitCode, CheckCacheDirectory with one of these.
int ListCache(int argc, const char* const* argv, std::ostream& out, std::ostream& err);
int CheckCacheDirectory(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace brimfs

#endif  // BRIMFS_FS_CACHE_COMMANDS_H_
