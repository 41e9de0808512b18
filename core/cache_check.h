// Verifies a cache directory as a whole and repairs it: `brimfs check`. Entries that a mount uses
// are left alone.
#ifndef BRIMFS_CORE_CACHE_CHECK_H_
#define BRIMFS_CORE_CACHE_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>

#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "core/file_io.h"
#include "core/status.h"

namespace brimfs {

struct CacheCheckOptions {
  bool repair = true;  // false: only look; then the catalogue is open with OnDamage::kReport
};

struct CacheCheckResult {
  uint64_t entries = 0;    // that were checked
  uint64_t in_use = 0;     // that were not, because somebody has claimed them
  uint64_t bytes = 0;      // that were read and right
  uint64_t corrected = 0;  // findings
  uint64_t left = 0;       // findings that are as they were
};

// One line for the user about each finding and each entry in use; not escaped.
using CacheCheckReport = std::function<void(const std::string& line)>;

// Reads every block of every entry that is free and compares it with its checksum. Damaged blocks
// are forgotten, and punched where the kernel never had the file; else the file is rebuilt. Entries
// without a file that is worth something leave, files without an entry too. An error is one of the
// directory or the catalogue, which keeps this from going on.
Result<CacheCheckResult> CheckCache(CacheDirectory& directory, Catalogue& catalogue, FileIo& io,
                                    const CacheCheckOptions& options,
                                    const CacheCheckReport& report);

// Design rule 4: puts those blocks of `entry` that are right into a new file, which the kernel
// never had, records it durably, and unlinks the old one. The caller has claimed the old file.
// Answers the entry as it is then, with its new file; kNotFound if the entry is gone.
Result<StoredEntry> RebuildFile(CacheDirectory& directory, Catalogue& catalogue, FileIo& io,
                                const StoredEntry& entry);

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_CHECK_H_
