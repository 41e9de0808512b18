// The rows of `entry` and `meta` (core/catalogue_schema.h), each sealed by a checksum over all of
// it.
#ifndef BRIMFS_CORE_CATALOGUE_ROWS_H_
#define BRIMFS_CORE_CATALOGUE_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/sqlite.h"
#include "core/status.h"

namespace brimfs {

// A row as it was read; its fields mean something only if it is sound.
struct EntryRow {
  StoredEntry entry;  // the id is right in any case
  bool sound = false;
};

// --- Looking

// The next row of a query that selects the columns of entries.
bool NextEntry(Query& query, EntryRow& row);

// All versions of an object, the most recently used first.
Status FindEntries(Sqlite& database, std::string_view source, std::string_view key,
                   std::vector<EntryRow>& rows);

// All that lies at `path`, the most recently checked first.
Status EntriesAt(Sqlite& database, std::string_view source, std::string_view path,
                 std::vector<EntryRow>& rows);

// `rows` has one, or none if there is none.
Status GetEntry(Sqlite& database, int64_t id, std::vector<EntryRow>& rows);

// At most `most` rows that are not pinned, in the order (last use, id), after that of `after`
// (null: from the beginning).
Status ColdestEntries(Sqlite& database, size_t most, const StoredEntry* after,
                      std::vector<EntryRow>& rows);

// At most `most` rows with ids above `id`, in their order.
Status EntriesAfter(Sqlite& database, int64_t id, size_t most, std::vector<EntryRow>& rows);

// The rows of one source in the order of their paths, from `from` on; fails where the index
// contradicts the table.
class PathScan {
 public:
  // The texts outlive the scan; the last one on a connection has ended.
  PathScan(Sqlite& database, std::string_view source, std::string_view from);
  bool Next(EntryRow& row);
  const Status& status() const { return status_; }

 private:
  Sqlite& database_;
  Query query_;
  const std::string_view source_;
  std::string last_;
  Status status_;
};

// `id` of the entry that has `file`; 0 if none has.
Status IdOfFile(Sqlite& database, std::string_view file, int64_t& id);

// --- Changing; in a transaction

// Makes a row of `entry`, its id included.
Status InsertEntry(Sqlite& database, const StoredEntry& entry);

// `before` is what the row was.
Status UpdateEntry(Sqlite& database, const StoredEntry& before, const StoredEntry& entry);

// With its blocks.
Status DeleteEntry(Sqlite& database, int64_t id);

// --- Numbers

// `found` is set if there is one and it is sound.
Status ReadNumber(Sqlite& database, std::string_view name, bool& found, int64_t& value);
Status WriteNumber(Sqlite& database, std::string_view name, int64_t value);

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_ROWS_H_
