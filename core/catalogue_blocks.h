// The rows of `segment` (core/catalogue_schema.h): which fill blocks of an entry are on disk, and
// their checksums. A row that is malformed counts as absent. Nothing here is sealed: a bit that is
// set by mistake goes with a checksum that is wrong.
#ifndef BRIMFS_CORE_CATALOGUE_BLOCKS_H_
#define BRIMFS_CORE_CATALOGUE_BLOCKS_H_

#include <cstdint>
#include <vector>

#include "core/catalogue.h"
#include "core/range.h"
#include "core/range_set.h"
#include "core/sqlite.h"
#include "core/status.h"

namespace brimfs {

// Bytes on disk of entry `id`, whose object is `length` long. Does not touch the checksums.
Status ReadBlocks(Sqlite& database, int64_t id, uint64_t length, RangeSet& blocks);

Status ReadChecksums(Sqlite& database, int64_t id, uint64_t length, const Range& range,
                     std::vector<StoredBlock>& checksums);

// Forgets every block that `range` touches; takes their bytes off `bytes`.
Status ForgetBlocks(Sqlite& database, int64_t id, uint64_t length, const Range& range,
                    uint64_t& bytes);

// Adds or replaces; blocks behind `length` are passed over. Adds what is new to `bytes`.
Status AddBlocks(Sqlite& database, int64_t id, uint64_t length,
                 const std::vector<StoredBlock>& blocks, uint64_t& bytes);

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_BLOCKS_H_
