// What `brimfs status` shows to people. Pure.
#ifndef BRIMFS_FS_STATUS_TEXT_H_
#define BRIMFS_FS_STATUS_TEXT_H_

#include <string>

#include "fs/control_protocol.h"

namespace brimfs {

// Several lines each, the first of which names it. End with a line end.
std::string MountText(const MountStatus& status);
std::string FileText(const std::string& path, const FileStatus& status);

// "97.3%"; "100%" only if `part` is all, "-" of nothing.
std::string ReadableShare(uint64_t part, uint64_t all);

}  // namespace brimfs

#endif  // BRIMFS_FS_STATUS_TEXT_H_
