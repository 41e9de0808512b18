#include "core/catalogue.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/btree_map.h"
#include "core/catalogue_blocks.h"
#include "core/catalogue_change.h"
#include "core/catalogue_rows.h"

namespace brimfs {
namespace {

constexpr size_t kIdleConnections = 4;  // each may hold 2 MB of pages
constexpr size_t kPage = 256;           // rows
constexpr std::string_view kSettingPrefix = "setting.";

// The first text that is behind all that begin with `directory` + '/'.
std::string Behind(const std::string& directory) {
  constexpr char kAfterSlash = '/' + 1;
  return directory + kAfterSlash;
}

}  // namespace

Catalogue::Catalogue(const std::string& directory, OnDamage on_damage)
    : file_(directory, on_damage == OnDamage::kReplace) {}

Catalogue::~Catalogue() = default;

Result<std::unique_ptr<Catalogue>> Catalogue::Open(const std::string& directory,
                                                   OnDamage on_damage) {
  auto catalogue = std::unique_ptr<Catalogue>(new Catalogue(directory, on_damage));
  Result<std::unique_ptr<CatalogueFile::Connection>> first = catalogue->file_.Open();
  if (!first.ok()) return first.status();
  {
    const MutexLock lock(catalogue->mu_);
    catalogue->current_ = (*first)->identity();
  }
  catalogue->Release(std::move(*first));
  return catalogue;
}

// --- Connections

Result<std::unique_ptr<CatalogueFile::Connection>> Catalogue::Acquire() {
  for (;;) {
    std::unique_ptr<CatalogueFile::Connection> connection;
    {
      const MutexLock lock(mu_);
      if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (connection == nullptr) break;
    if (connection->LostPagesSince()) continue;  // they go with the last connection
    if (!connection->database().Moved()) return connection;
    BRIMFS_RETURN_IF_ERROR(file_.Abandon(std::move(connection)));
  }
  Result<std::unique_ptr<CatalogueFile::Connection>> opened = file_.Open();
  if (!opened.ok()) return opened.status();
  const MutexLock lock(mu_);
  if (current_ != (*opened)->identity()) {
    current_ = (*opened)->identity();
    ++generation_;
    unsound_.clear();
  }
  return opened;
}

void Catalogue::Release(std::unique_ptr<CatalogueFile::Connection> connection) {
  const MutexLock lock(mu_);
  if (idle_.size() < kIdleConnections) idle_.push_back(std::move(connection));
}

Status Catalogue::Run(const Work& work) {
  constexpr int kTries = 3;
  Status status;
  bool again = true;
  for (int tries = 0; again && tries < kTries; ++tries) {
    again = false;
    status = RunOnce(work, again);
  }
  return status;
}

Status Catalogue::RunOnce(const Work& work, bool& again) {
  Result<std::unique_ptr<CatalogueFile::Connection>> acquired = Acquire();
  if (!acquired.ok()) return acquired.status();
  std::unique_ptr<CatalogueFile::Connection> connection = std::move(*acquired);
  Status status = work(connection->database());
  if (connection->LostPagesSince()) {
    status = connection->database().FailAsDamaged("pages of its index were lost");
  }
  if (status.ok()) {
    Release(std::move(connection));
    return status;
  }
  switch (connection->database().TakeTrouble()) {
    case Sqlite::Trouble::kNone:
    case Sqlite::Trouble::kOther:
      Release(std::move(connection));
      return status;
    case Sqlite::Trouble::kMoved:
      again = true;
      BRIMFS_RETURN_IF_ERROR(file_.Abandon(std::move(connection)));
      return status;
    case Sqlite::Trouble::kDamage:
      again = file_.replaces();
      BRIMFS_RETURN_IF_ERROR(file_.Replace(std::move(connection), status));
      return status;
  }
  return status;
}

Status Catalogue::RunInTransaction(Durability durability, const Work& work) {
  return Run([&](Sqlite& database) -> Status {
    BRIMFS_RETURN_IF_ERROR(database.Execute(durability == Durability::kPower
                                                ? "PRAGMA synchronous = FULL"
                                                : "PRAGMA synchronous = NORMAL"));
    SqliteTransaction transaction(database);
    BRIMFS_RETURN_IF_ERROR(transaction.Begin());
    if (database.Moved()) return database.FailAsMoved();
    BRIMFS_RETURN_IF_ERROR(work(database));
    BRIMFS_RETURN_IF_ERROR(transaction.Commit());
    // Written to a database that has just lost its place: once again, to the new one.
    return database.Moved() ? database.FailAsMoved() : OkStatus();
  });
}

// --- Looking

std::vector<StoredEntry> Catalogue::SoundOnes(std::vector<EntryRow>& rows) {
  std::vector<StoredEntry> sound;
  for (EntryRow& row : rows) {
    if (row.sound) {
      sound.push_back(std::move(row.entry));
    } else {
      const MutexLock lock(mu_);
      unsound_.insert(row.entry.id);
    }
  }
  return sound;
}

Result<std::vector<StoredEntry>> Catalogue::Find(const std::string& source,
                                                 const std::string& key) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
    rows.clear();
    return FindEntries(database, source, key, rows);
  }));
  return SoundOnes(rows);
}

Result<std::optional<StoredEntry>> Catalogue::Get(int64_t id) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
    rows.clear();
    return GetEntry(database, id, rows);
  }));
  std::vector<StoredEntry> sound = SoundOnes(rows);
  if (sound.empty()) return std::optional<StoredEntry>();
  return std::optional<StoredEntry>(std::move(sound.front()));
}

Result<RangeSet> Catalogue::Blocks(const StoredEntry& entry) {
  RangeSet blocks;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
    blocks.Clear();
    return ReadBlocks(database, entry.id, entry.version.length.value_or(0), blocks);
  }));
  return blocks;
}

Result<std::vector<StoredBlock>> Catalogue::Checksums(const StoredEntry& entry,
                                                      const Range& range) {
  std::vector<StoredBlock> checksums;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
    checksums.clear();
    return ReadChecksums(database, entry.id, entry.version.length.value_or(0), range, checksums);
  }));
  return checksums;
}

Result<std::optional<StoredEntry>> Catalogue::AtPath(const std::string& source,
                                                     const std::string& path) {
  std::vector<EntryRow> rows;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
    rows.clear();
    return EntriesAt(database, source, path, rows);
  }));
  std::vector<StoredEntry> sound = SoundOnes(rows);
  if (sound.empty()) return std::optional<StoredEntry>();
  return std::optional<StoredEntry>(std::move(sound.front()));
}

Result<std::vector<Catalogue::Child>> Catalogue::Children(const std::string& source,
                                                          const std::string& path) {
  const std::string prefix = path.empty() || path.ends_with('/') ? path : path + "/";
  absl::btree_map<std::string, std::optional<StoredEntry>> children;
  std::vector<EntryRow> unsound;
  const Status status = Run([&](Sqlite& database) -> Status {
    children.clear();
    unsound.clear();
    std::string from = prefix;
    for (;;) {
      // Steps through the files, and jumps over what is in a directory.
      PathScan scan(database, source, from);
      std::optional<std::string> jump;
      EntryRow row;
      while (!jump && scan.Next(row)) {
        const std::string_view found = row.entry.path;
        if (!found.starts_with(prefix)) return OkStatus();
        const size_t slash = found.find('/', prefix.size());
        std::string name(found.substr(prefix.size(), slash - prefix.size()));
        if (slash != std::string_view::npos) {
          jump = Behind(std::string(found.substr(0, slash)));
          children[std::move(name)] = std::nullopt;
        } else if (!row.sound) {
          unsound.push_back(std::move(row));
        } else if (!name.empty()) {
          const auto [child, fresh] = children.try_emplace(std::move(name), row.entry);
          if (!fresh && child->second && child->second->checked < row.entry.checked) {
            child->second = std::move(row.entry);
          }
        }
      }
      BRIMFS_RETURN_IF_ERROR(scan.status());
      if (!jump) return OkStatus();
      from = std::move(*jump);
    }
  });
  if (!status.ok()) return status;
  SoundOnes(unsound);
  std::vector<Child> result;
  result.reserve(children.size());
  for (auto& [name, entry] : children) result.push_back({name, std::move(entry)});
  return result;
}

Result<std::vector<StoredEntry>> Catalogue::Coldest(size_t most, const StoredEntry* after) {
  std::vector<StoredEntry> coldest;
  std::optional<StoredEntry> last;
  if (after != nullptr) last = *after;
  while (coldest.size() < most) {
    std::vector<EntryRow> rows;
    BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
      rows.clear();
      return ColdestEntries(database, most - coldest.size(), last ? &*last : nullptr, rows);
    }));
    if (rows.empty()) break;
    const StoredEntry behind = rows.back().entry;
    std::vector<StoredEntry> sound = SoundOnes(rows);
    if (!sound.empty()) {
      last = sound.back();
    } else if (!last ||
               std::pair(last->last_use, last->id) < std::pair(behind.last_use, behind.id)) {
      last = behind;
    } else {
      break;  // damaged so that it leads back; these rows leave with the next Apply
    }
    for (StoredEntry& entry : sound) coldest.push_back(std::move(entry));
  }
  return coldest;
}

Result<bool> Catalogue::HasFile(const std::string& file) {
  int64_t id = 0;
  BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) { return IdOfFile(database, file, id); }));
  return id != 0;
}

Status Catalogue::ForEach(const std::function<void(const StoredEntry&)>& each) {
  int64_t last = std::numeric_limits<int64_t>::min();
  for (;;) {
    std::vector<EntryRow> rows;
    BRIMFS_RETURN_IF_ERROR(Run([&](Sqlite& database) {
      rows.clear();
      return EntriesAfter(database, last, kPage, rows);
    }));
    if (rows.empty()) return OkStatus();
    last = rows.back().entry.id;
    for (const EntryRow& row : rows) {
      if (row.sound) {
        each(row.entry);
      } else {
        StoredEntry unsound;
        unsound.id = row.entry.id;
        each(unsound);
      }
    }
  }
}

Result<uint64_t> Catalogue::TotalBytes() {
  int64_t bytes = 0;
  int64_t entries = 0;
  BRIMFS_RETURN_IF_ERROR(
      Run([&](Sqlite& database) { return ReadTotals(database, bytes, entries); }));
  return static_cast<uint64_t>(bytes);
}

Result<uint64_t> Catalogue::CountEntries() {
  int64_t bytes = 0;
  int64_t entries = 0;
  BRIMFS_RETURN_IF_ERROR(
      Run([&](Sqlite& database) { return ReadTotals(database, bytes, entries); }));
  return static_cast<uint64_t>(entries);
}

// --- Changing

Status Catalogue::Apply(std::vector<CatalogueChange>& changes, Durability durability) {
  absl::btree_set<int64_t> unsound;
  {
    const MutexLock lock(mu_);
    unsound.swap(unsound_);
  }
  if (changes.empty() && unsound.empty()) return OkStatus();
  std::vector<int64_t> ids;
  ids.reserve(changes.size());
  for (const CatalogueChange& change : changes) ids.push_back(change.entry.id);
  const auto forget_ids = [&] {
    for (size_t i = 0; i < changes.size(); ++i) changes[i].entry.id = ids[i];
  };

  Status status = RunInTransaction(durability, [&](Sqlite& database) -> Status {
    forget_ids();
    CatalogueWriter writer(database);
    BRIMFS_RETURN_IF_ERROR(writer.Begin());
    for (const int64_t id : unsound) BRIMFS_RETURN_IF_ERROR(writer.DropUnsound(id));
    for (CatalogueChange& change : changes) BRIMFS_RETURN_IF_ERROR(writer.Apply(change));
    return writer.Finish();
  });
  if (status.ok()) return status;
  forget_ids();
  const MutexLock lock(mu_);
  unsound_.insert(unsound.begin(), unsound.end());
  return status;
}

Status Catalogue::SetPinned(int64_t id, bool pinned) {
  return RunInTransaction(Durability::kPower, [&](Sqlite& database) -> Status {
    CatalogueWriter writer(database);
    BRIMFS_RETURN_IF_ERROR(writer.Begin());
    const Status set = writer.SetPinned(id, pinned);
    BRIMFS_RETURN_IF_ERROR(set);
    return writer.Finish();
  });
}

Result<uint64_t> Catalogue::SettingOr(const std::string& name, uint64_t fallback) {
  const std::string key = std::string(kSettingPrefix) + name;
  bool found = false;
  int64_t value = 0;
  BRIMFS_RETURN_IF_ERROR(
      Run([&](Sqlite& database) { return ReadNumber(database, key, found, value); }));
  if (found) return static_cast<uint64_t>(value);
  const Status status = RunInTransaction(Durability::kPower, [&](Sqlite& database) -> Status {
    BRIMFS_RETURN_IF_ERROR(ReadNumber(database, key, found, value));
    if (found) return OkStatus();
    value = static_cast<int64_t>(fallback);
    return WriteNumber(database, key, value);
  });
  if (!status.ok()) return status;
  return static_cast<uint64_t>(value);
}

// --- Health

Result<bool> Catalogue::Verify() {
  bool right = true;
  const uint64_t before = generation();
  const Status checked = Run([&](Sqlite& database) -> Status {
    Query query(database, "PRAGMA integrity_check(1)");
    if (query.Next() && query.Blob(0) == "ok") return OkStatus();
    Status why = query.status().ok() ? database.FailAsDamaged("is damaged") : query.status();
    right = database.trouble() != Sqlite::Trouble::kDamage || file_.replaces();
    return why;
  });
  if (!right) return false;
  if (!checked.ok()) return checked;
  BRIMFS_RETURN_IF_ERROR(VerifyBytes(right));
  return right && generation() == before;
}

Status Catalogue::VerifyBytes(bool& right) {
  int64_t last = std::numeric_limits<int64_t>::min();
  for (bool more = true; more;) {
    // A page at a time, so that writers are not kept waiting.
    const Work page = [&](Sqlite& database) -> Status {
      std::vector<EntryRow> rows;
      CatalogueWriter writer(database);
      BRIMFS_RETURN_IF_ERROR(writer.Begin());
      BRIMFS_RETURN_IF_ERROR(EntriesAfter(database, last, kPage, rows));
      bool same = true;
      for (const EntryRow& row : rows) {
        if (row.sound) BRIMFS_RETURN_IF_ERROR(writer.CountAgain(row.entry, same));
      }
      if (rows.empty()) {
        BRIMFS_RETURN_IF_ERROR(writer.DropOrphans(same));
        BRIMFS_RETURN_IF_ERROR(writer.CountAllAgain(same));
      }
      BRIMFS_RETURN_IF_ERROR(writer.Finish());
      right &= same;
      more = !rows.empty();
      if (more) last = rows.back().entry.id;
      return OkStatus();
    };
    BRIMFS_RETURN_IF_ERROR(file_.replaces() ? RunInTransaction(Durability::kProcess, page)
                                            : RunAndRollBack(page));
  }
  return OkStatus();
}

Status Catalogue::RunAndRollBack(const Work& work) {
  return Run([&](Sqlite& database) -> Status {
    SqliteTransaction transaction(database);
    BRIMFS_RETURN_IF_ERROR(transaction.Begin());
    return work(database);
  });
}

uint64_t Catalogue::generation() const { return generation_; }

}  // namespace brimfs
