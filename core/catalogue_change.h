// Applies changes to the catalogue's tables; core/catalogue.h says what they mean.
#ifndef BRIMFS_CORE_CATALOGUE_CHANGE_H_
#define BRIMFS_CORE_CATALOGUE_CHANGE_H_

#include <cstdint>

#include "core/catalogue.h"
#include "core/catalogue_rows.h"
#include "core/sqlite.h"
#include "core/status.h"

namespace brimfs {

// In one transaction: begin, apply, finish, commit.
class CatalogueWriter {
 public:
  explicit CatalogueWriter(Sqlite& database) : database_(database) {}

  // Reads the running totals.
  Status Begin();

  Status Apply(CatalogueChange& change);

  // If it is there and not sound.
  Status DropUnsound(int64_t id);

  Status SetPinned(int64_t id, bool pinned);

  // The row's `bytes` become those of its blocks; `right` is set to false if they were not.
  Status CountAgain(const StoredEntry& entry, bool& right);

  // Blocks of no entry leave; `right` as above.
  Status DropOrphans(bool& right);

  // Adds all rows up instead of trusting the totals; `right` as above.
  Status CountAllAgain(bool& right);

  // Writes the totals.
  Status Finish();

 private:
  Status Add(CatalogueChange& change);
  Status Change(CatalogueChange& change);
  Status Drop(const EntryRow& row);
  Status ReadSound(int64_t id, std::vector<EntryRow>& rows);
  Status EditBlocks(const CatalogueChange& change, StoredEntry& entry);

  Sqlite& database_;
  int64_t total_ = 0;
  int64_t count_ = 0;
  bool recount_ = false;
  bool changed_ = false;
};

// The totals without a transaction; adds them up if they are missing or damaged.
Status ReadTotals(Sqlite& database, int64_t& bytes, int64_t& entries);

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_CHANGE_H_
