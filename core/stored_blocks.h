// Reads the blocks of an entry's file that the catalogue names, and compares their checksums.
#ifndef BRIMFS_CORE_STORED_BLOCKS_H_
#define BRIMFS_CORE_STORED_BLOCKS_H_

#include <cstddef>
#include <functional>
#include <span>

#include "core/catalogue.h"
#include "core/file_io.h"
#include "core/range.h"
#include "core/status.h"

namespace brimfs {

// One block: where it lies, cut at the object's length, and its bytes; none if they are wrong or
// cannot be read. An error ends the reading.
using StoredBlockVisitor =
    std::function<Status(uint64_t number, const Range& range, std::span<const std::byte> bytes)>;

// Every block of `entry` that the catalogue names, in order, from the file `fd`.
Status VisitStoredBlocks(Catalogue& catalogue, FileIo& io, const StoredEntry& entry, int fd,
                         const StoredBlockVisitor& visit);

}  // namespace brimfs

#endif  // BRIMFS_CORE_STORED_BLOCKS_H_
