// What `brimfs status` shows to people. Pure.
#ifndef BRIMFS_FS_STATUS_TEXT_H_
#define BRIMFS_FS_STATUS_TEXT_H_

#include <string>

#include "fs/control_protocol.h"

namespace brimfs {

// Several lines each, the first of which names it. End with a line end. Control characters and what
// is no text are escaped. `utf8`: the terminal shows more than ASCII.
std::string MountText(const MountStatus& status);
std::string FileText(const std::string& path, const FileStatus& status, bool utf8);

// As much from the beginning of `text` as can be drawn without scrolling: at most height - 1 lines
// of a terminal, on which a long line takes several. The last says if something is left out.
std::string Screenful(const std::string& text, int width, int height, bool utf8);

// "97.3%"; "100%" only if `part` is all, "-" of nothing.
std::string ReadableShare(uint64_t part, uint64_t all);

}  // namespace brimfs

#endif  // BRIMFS_FS_STATUS_TEXT_H_
