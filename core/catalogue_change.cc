#include "core/catalogue_change.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "core/cache_directory.h"
#include "core/catalogue_blocks.h"

namespace brimfs {
namespace {

constexpr std::string_view kTotal = "bytes";
constexpr std::string_view kCount = "entries";

Status AddUp(Sqlite& database, int64_t& bytes, int64_t& entries) {
  // total(), not sum(): damaged rows may overflow it.
  Query query(database, "SELECT CAST(total(bytes) AS INTEGER), count(*) FROM entry");
  if (query.Next()) {
    bytes = query.Int(0);
    entries = query.Int(1);
  }
  return query.status();
}

Status RandomId(int64_t& id) {
  uint64_t random = 0;
  while (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    if (errno != EINTR) return Status::FromErrno(errno, "getrandom");
  }
  constexpr int kSignBit = 1;
  id = std::max<int64_t>(1, static_cast<int64_t>(random >> kSignBit));
  return OkStatus();
}

}  // namespace

Status ReadTotals(Sqlite& database, int64_t& bytes, int64_t& entries) {
  bool has_total = false;
  bool has_count = false;
  BRIMFS_RETURN_IF_ERROR(ReadNumber(database, kTotal, has_total, bytes));
  BRIMFS_RETURN_IF_ERROR(ReadNumber(database, kCount, has_count, entries));
  return has_total && has_count ? OkStatus() : AddUp(database, bytes, entries);
}

Status CatalogueWriter::Begin() { return ReadTotals(database_, total_, count_); }

Status CatalogueWriter::Apply(CatalogueChange& change) {
  change.taken = false;
  if (change.drop) {
    std::vector<EntryRow> rows;
    BRIMFS_RETURN_IF_ERROR(GetEntry(database_, change.entry.id, rows));
    return rows.empty() ? OkStatus() : Drop(rows.front());
  }
  if (!CacheDirectory::IsFileName(change.entry.file) || !change.entry.version.length ||
      *change.entry.version.length > kMaxOffset) {
    return Status(Code::kInvalidArgument, "an entry of the catalogue without file or length");
  }
  return change.entry.id == 0 ? Add(change) : Change(change);
}

Status CatalogueWriter::Add(CatalogueChange& change) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(FindEntries(database_, change.entry.source, change.entry.key, rows));
  for (const EntryRow& row : rows) {
    if (!row.sound) {
      BRIMFS_RETURN_IF_ERROR(DropUnsound(row.entry.id));
    } else if (SameForCertain(row.entry.version, change.entry.version)) {
      change.taken = true;
    }
  }
  int64_t owner = 0;
  BRIMFS_RETURN_IF_ERROR(IdOfFile(database_, change.entry.file, owner));
  change.taken |= owner != 0;
  if (change.taken) return OkStatus();

  StoredEntry entry = change.entry;
  BRIMFS_RETURN_IF_ERROR(RandomId(entry.id));
  entry.bytes = 0;
  BRIMFS_RETURN_IF_ERROR(EditBlocks(change, entry));
  BRIMFS_RETURN_IF_ERROR(InsertEntry(database_, entry));
  total_ += static_cast<int64_t>(entry.bytes);
  ++count_;
  changed_ = true;
  change.entry.id = entry.id;
  change.entry.bytes = entry.bytes;
  return OkStatus();
}

Status CatalogueWriter::Change(CatalogueChange& change) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(ReadSound(change.entry.id, rows));
  if (rows.empty()) {
    change.taken = true;
    return OkStatus();
  }
  const StoredEntry& before = rows.front().entry;
  if (before.file != change.entry.file) {
    int64_t owner = 0;
    BRIMFS_RETURN_IF_ERROR(IdOfFile(database_, change.entry.file, owner));
    change.taken = owner != 0;
    if (change.taken) return OkStatus();
  }
  StoredEntry entry = change.entry;
  entry.source = before.source;
  entry.key = before.key;
  entry.pinned = before.pinned;
  entry.kernels |= before.kernels && before.file == entry.file;
  entry.bytes = before.bytes;
  if (before.file != entry.file || before.salt != entry.salt ||
      before.version.length != entry.version.length) {
    Query all(database_, "DELETE FROM segment WHERE entry = ?");
    BRIMFS_RETURN_IF_ERROR(all.Bind(entry.id).Run());
    entry.bytes = 0;
  }
  BRIMFS_RETURN_IF_ERROR(EditBlocks(change, entry));
  BRIMFS_RETURN_IF_ERROR(UpdateEntry(database_, before, entry));
  const int64_t more = static_cast<int64_t>(entry.bytes) - static_cast<int64_t>(before.bytes);
  total_ += more;
  changed_ |= more != 0;
  change.entry.bytes = entry.bytes;
  return OkStatus();
}

Status CatalogueWriter::EditBlocks(const CatalogueChange& change, StoredEntry& entry) {
  const uint64_t length = *entry.version.length;
  for (const Range& range : change.forget) {
    BRIMFS_RETURN_IF_ERROR(ForgetBlocks(database_, entry.id, length, range, entry.bytes));
  }
  return AddBlocks(database_, entry.id, length, change.add, entry.bytes);
}

Status CatalogueWriter::Drop(const EntryRow& row) {
  BRIMFS_RETURN_IF_ERROR(DeleteEntry(database_, row.entry.id));
  changed_ = true;
  recount_ |= !row.sound;  // its bytes may be anything
  total_ -= row.sound ? static_cast<int64_t>(row.entry.bytes) : 0;
  --count_;
  return OkStatus();
}

Status CatalogueWriter::DropUnsound(int64_t id) {
  std::vector<EntryRow> rows;
  return ReadSound(id, rows);
}

Status CatalogueWriter::ReadSound(int64_t id, std::vector<EntryRow>& rows) {
  BRIMFS_RETURN_IF_ERROR(GetEntry(database_, id, rows));
  if (rows.empty() || rows.front().sound) return OkStatus();
  const EntryRow row = std::move(rows.front());
  rows.clear();
  return Drop(row);
}

Status CatalogueWriter::SetPinned(int64_t id, bool pinned) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(ReadSound(id, rows));
  if (rows.empty()) return Status(Code::kNotFound, "the entry has left the cache");
  StoredEntry entry = rows.front().entry;
  entry.pinned = pinned;
  return UpdateEntry(database_, rows.front().entry, entry);
}

Status CatalogueWriter::CountAgain(const StoredEntry& entry, bool& right) {
  RangeSet blocks;
  BRIMFS_RETURN_IF_ERROR(ReadBlocks(database_, entry.id, *entry.version.length, blocks));
  if (blocks.TotalBytes() == entry.bytes) return OkStatus();
  right = false;
  StoredEntry counted = entry;
  counted.bytes = blocks.TotalBytes();
  recount_ = true;
  return UpdateEntry(database_, entry, counted);
}

Status CatalogueWriter::DropOrphans(bool& right) {
  Query query(database_, "DELETE FROM segment WHERE entry NOT IN (SELECT id FROM entry)");
  BRIMFS_RETURN_IF_ERROR(query.Run());
  right &= database_.Changed() == 0;
  return OkStatus();
}

Status CatalogueWriter::CountAllAgain(bool& right) {
  int64_t total = 0;
  int64_t count = 0;
  BRIMFS_RETURN_IF_ERROR(AddUp(database_, total, count));
  right &= total == total_ && count == count_;
  recount_ = true;
  return OkStatus();
}

Status CatalogueWriter::Finish() {
  if (recount_) BRIMFS_RETURN_IF_ERROR(AddUp(database_, total_, count_));
  if (!recount_ && !changed_) return OkStatus();
  BRIMFS_RETURN_IF_ERROR(WriteNumber(database_, kTotal, std::max<int64_t>(total_, 0)));
  return WriteNumber(database_, kCount, std::max<int64_t>(count_, 0));
}

}  // namespace brimfs
