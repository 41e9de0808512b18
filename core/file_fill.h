// Brings in all of one file that is missing, behind everything that a reader wants.
#ifndef BRIMFS_CORE_FILE_FILL_H_
#define BRIMFS_CORE_FILE_FILL_H_

#include <cstdint>
#include <functional>
#include <stop_token>

#include "core/cached_file.h"
#include "core/clock.h"
#include "core/status.h"

namespace brimfs {

// How many bytes may be on their way for this fill now; asked again and again.
using FillWindow = std::function<uint64_t()>;

// Returns when nothing of `file` needs a request any more; what an earlier run left of a file of
// which something had to be fetched is verified, too, so that the file is complete. The caller has
// it open.
//   kInterrupted   `stop` was requested: what is under way ends, what came stays
//   kNoSpace       the cache takes no more of it, or some of it had to leave again
//   kShutdown      the mount is going away
//   other codes    what its fetches ended with, after their tries
Status FillFile(CachedFile& file, Clock& clock, const FillWindow& window,
                const std::stop_token& stop);

}  // namespace brimfs

#endif  // BRIMFS_CORE_FILE_FILL_H_
