#include "core/catalogue_rows.h"

#include <xxhash.h>

#include <limits>
#include <utility>

#include "core/cache_directory.h"

namespace brimfs {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

const std::string kSelect =
    "SELECT e.id, s.identity, e.key, e.path, e.etag, e.modified, e.modified_nanos, e.precision, "
    "e.length, e.file, e.salt, e.kernels, e.pinned, e.bytes, e.last_use, e.checked, e.seal "
    "FROM entry e LEFT JOIN source s ON s.id = e.source ";
const std::string kOfSource = "e.source = (SELECT id FROM source WHERE identity = ?) ";

const std::string kFind =
    kSelect + "WHERE " + kOfSource + "AND e.key = ? ORDER BY e.last_use DESC, e.id";
const std::string kAt = kSelect + "WHERE " + kOfSource +
                        "AND e.path = ? ORDER BY e.checked DESC, e.last_use DESC, e.id";
const std::string kFrom = kSelect + "WHERE " + kOfSource + "AND e.path >= ? ORDER BY e.path";
const std::string kGet = kSelect + "WHERE e.id = ?";
const std::string kAfter = kSelect + "WHERE e.id > ? ORDER BY e.id LIMIT ?";
const std::string kColdest =
    kSelect + "WHERE e.pinned = 0 AND e.last_use > ? ORDER BY e.last_use, e.id LIMIT ?";
const std::string kFirstColdest = kSelect + "WHERE e.pinned = 0 ORDER BY e.last_use, e.id LIMIT ?";
const std::string kAsCold =
    kSelect + "WHERE e.pinned = 0 AND e.last_use = ? AND e.id > ? ORDER BY e.id LIMIT ?";

// Two halves of an absl::Time, to the nanosecond; years outside of int64_t nanoseconds included.
struct SplitTime {
  int64_t seconds;
  int64_t nanos;
};

SplitTime Split(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return {seconds, 0};
  return {seconds, absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))};
}

absl::Time Join(const SplitTime& time) {
  if (time.seconds == kNever) return absl::InfinitePast();
  if (time.seconds == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  return absl::FromUnixSeconds(time.seconds) + absl::Nanoseconds(time.nanos);
}

int64_t NanosOf(absl::Time time) {
  return time == absl::InfinitePast() ? kNever : absl::ToUnixNanos(time);
}

// An entry as its columns are.
struct Columns {
  explicit Columns(const StoredEntry& entry)
      : has_modified(entry.version.last_modified.has_value()),
        modified(Split(entry.version.last_modified.value_or(absl::UnixEpoch()))),
        precision(absl::ToInt64Nanoseconds(entry.version.precision)),
        length(static_cast<int64_t>(entry.version.length.value_or(0))),
        salt(static_cast<int64_t>(entry.salt)),
        bytes(static_cast<int64_t>(entry.bytes)),
        last_use(absl::ToUnixSeconds(entry.last_use)),
        checked(NanosOf(entry.checked)) {}

  bool has_modified;
  SplitTime modified;
  int64_t precision;
  int64_t length;
  int64_t salt;
  int64_t bytes;
  int64_t last_use;
  int64_t checked;
};

std::string Seal(const StoredEntry& entry) {
  const Columns columns(entry);
  std::string text;
  const auto number = [&](int64_t value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  for (const int64_t value :
       {entry.id, int64_t{columns.has_modified}, columns.modified.seconds, columns.modified.nanos,
        columns.precision, columns.length, columns.salt, int64_t{entry.kernels},
        int64_t{entry.pinned}, columns.bytes, columns.last_use, columns.checked}) {
    number(value);
  }
  for (const std::string* const bytes :
       {&entry.source, &entry.key, &entry.path, &entry.version.etag, &entry.file}) {
    number(static_cast<int64_t>(bytes->size()));
    text.append(*bytes);
  }
  XXH128_canonical_t seal;
  XXH128_canonicalFromHash(&seal, XXH3_128bits(text.data(), text.size()));
  return {reinterpret_cast<const char*>(seal.digest), sizeof(seal.digest)};
}

// The columns of one row, all but id and source, in the order of kInsert.
void BindColumns(Query& query, const StoredEntry& entry, const Columns& columns) {
  query.Bind(entry.version.etag);
  if (columns.has_modified) {
    query.Bind(columns.modified.seconds);
  } else {
    query.BindNull();
  }
  query.Bind(columns.modified.nanos)
      .Bind(columns.precision)
      .Bind(columns.length)
      .Bind(columns.salt)
      .Bind(int64_t{entry.kernels})
      .Bind(columns.bytes)
      .Bind(columns.last_use)
      .Bind(columns.checked);
}

// Makes the row if it is missing.
Status IdOfSource(Sqlite& database, std::string_view identity, int64_t& id) {
  for (int tries = 0; tries < 2; ++tries) {
    Query find(database, "SELECT id FROM source WHERE identity = ?");
    if (find.Bind(identity).Next()) {
      id = find.Int(0);
      return OkStatus();
    }
    BRIMFS_RETURN_IF_ERROR(find.status());
    Query insert(database, "INSERT INTO source(identity) VALUES(?)");
    BRIMFS_RETURN_IF_ERROR(insert.Bind(identity).Run());
  }
  return database.FailAsDamaged("a row that was inserted is not found");
}

Status Collect(Query& query, std::vector<EntryRow>& rows) {
  for (EntryRow row; NextEntry(query, row);) rows.push_back(std::move(row));
  return query.status();
}

// An index that leads to a row which is sound and not the one that was looked for is damaged.
template <typename Predicate>
Status Expect(Sqlite& database, const std::vector<EntryRow>& rows, const Predicate& right) {
  for (const EntryRow& row : rows) {
    if (row.sound && !right(row.entry)) {
      return database.FailAsDamaged("an index contradicts its table");
    }
  }
  return OkStatus();
}

int64_t NumberSeal(std::string_view name, int64_t value) {
  return static_cast<int64_t>(
      XXH3_64bits_withSeed(name.data(), name.size(), static_cast<uint64_t>(value)));
}

}  // namespace

bool NextEntry(Query& query, EntryRow& row) {
  if (!query.Next()) return false;
  StoredEntry entry;
  entry.id = query.Int(0);
  entry.source = query.Blob(1);
  entry.key = query.Blob(2);
  entry.path = query.Blob(3);
  entry.version.etag = query.Blob(4);
  if (!query.IsNull(5)) entry.version.last_modified = Join({query.Int(5), query.Int(6)});
  entry.version.precision = absl::Nanoseconds(query.Int(7));
  entry.version.length = static_cast<uint64_t>(query.Int(8));
  entry.file = query.Blob(9);
  entry.salt = static_cast<uint64_t>(query.Int(10));
  entry.kernels = query.Int(11) != 0;
  entry.pinned = query.Int(12) != 0;
  entry.bytes = static_cast<uint64_t>(query.Int(13));
  entry.last_use = Join({query.Int(14), 0});
  const int64_t checked = query.Int(15);
  entry.checked = checked == kNever ? absl::InfinitePast() : absl::FromUnixNanos(checked);
  row.sound = !query.IsNull(1) && *entry.version.length <= kMaxOffset &&
              CacheDirectory::IsFileName(entry.file) && Seal(entry) == query.Blob(16);
  row.entry = std::move(entry);
  return true;
}

Status FindEntries(Sqlite& database, std::string_view source, std::string_view key,
                   std::vector<EntryRow>& rows) {
  Query query(database, kFind);
  BRIMFS_RETURN_IF_ERROR(Collect(query.Bind(source).Bind(key), rows));
  return Expect(database, rows, [&](const StoredEntry& entry) {
    return entry.source == source && entry.key == key;
  });
}

Status EntriesAt(Sqlite& database, std::string_view source, std::string_view path,
                 std::vector<EntryRow>& rows) {
  Query query(database, kAt);
  BRIMFS_RETURN_IF_ERROR(Collect(query.Bind(source).Bind(path), rows));
  return Expect(database, rows, [&](const StoredEntry& entry) {
    return entry.source == source && entry.path == path;
  });
}

PathScan::PathScan(Sqlite& database, std::string_view source, std::string_view from)
    : database_(database), query_(database, kFrom), source_(source), last_(from) {
  query_.Bind(source).Bind(from);
}

bool PathScan::Next(EntryRow& row) {
  if (!NextEntry(query_, row)) {
    status_ = query_.status();
    return false;
  }
  if (!row.sound) return true;
  if (row.entry.source != source_ || row.entry.path < last_) {
    status_ = database_.FailAsDamaged("an index contradicts its table");
    return false;
  }
  last_ = row.entry.path;
  return true;
}

Status GetEntry(Sqlite& database, int64_t id, std::vector<EntryRow>& rows) {
  Query query(database, kGet);
  return Collect(query.Bind(id), rows);
}

Status ColdestEntries(Sqlite& database, size_t most, const StoredEntry* after,
                      std::vector<EntryRow>& rows) {
  // Two steps: SQLite would compare (last_use, id) with no more than the first half of the index.
  if (after != nullptr) {
    Query same(database, kAsCold);
    same.Bind(absl::ToUnixSeconds(after->last_use)).Bind(after->id);
    BRIMFS_RETURN_IF_ERROR(Collect(same.Bind(static_cast<int64_t>(most)), rows));
  }
  if (rows.size() < most) {
    Query query(database, after == nullptr ? kFirstColdest : kColdest);
    if (after != nullptr) query.Bind(absl::ToUnixSeconds(after->last_use));
    BRIMFS_RETURN_IF_ERROR(Collect(query.Bind(static_cast<int64_t>(most - rows.size())), rows));
  }
  std::pair<absl::Time, int64_t> last(absl::InfinitePast(), 0);
  if (after != nullptr) last = {after->last_use, after->id};
  return Expect(database, rows, [&](const StoredEntry& entry) {
    const std::pair before = std::exchange(last, {entry.last_use, entry.id});
    return !entry.pinned && before < last;
  });
}

Status EntriesAfter(Sqlite& database, int64_t id, size_t most, std::vector<EntryRow>& rows) {
  Query query(database, kAfter);
  BRIMFS_RETURN_IF_ERROR(Collect(query.Bind(id).Bind(static_cast<int64_t>(most)), rows));
  // Whoever goes on from the last one must come to an end.
  for (const EntryRow& row : rows) {
    if (row.entry.id <= id) return database.FailAsDamaged("rows are not in their order");
    id = row.entry.id;
  }
  return OkStatus();
}

Status IdOfFile(Sqlite& database, std::string_view file, int64_t& id) {
  Query query(database, "SELECT id FROM entry WHERE file = ?");
  id = query.Bind(file).Next() ? query.Int(0) : 0;
  return query.status();
}

Status InsertEntry(Sqlite& database, const StoredEntry& entry) {
  int64_t source = 0;
  BRIMFS_RETURN_IF_ERROR(IdOfSource(database, entry.source, source));
  const std::string seal = Seal(entry);
  Query query(database,
              "INSERT INTO entry(id, source, key, path, file, pinned, etag, modified, "
              "modified_nanos, precision, length, salt, kernels, bytes, last_use, checked, seal) "
              "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.Bind(entry.id).Bind(source).Bind(entry.key).Bind(entry.path).Bind(entry.file);
  query.Bind(int64_t{entry.pinned});
  BindColumns(query, entry, Columns(entry));
  return query.Bind(seal).Run();
}

Status UpdateEntry(Sqlite& database, const StoredEntry& before, const StoredEntry& entry) {
  // Only what has changed: naming a column costs its indices.
  if (before.path != entry.path) {
    Query path(database, "UPDATE entry SET path = ? WHERE id = ?");
    BRIMFS_RETURN_IF_ERROR(path.Bind(entry.path).Bind(entry.id).Run());
  }
  if (before.file != entry.file) {
    Query file(database, "UPDATE entry SET file = ? WHERE id = ?");
    BRIMFS_RETURN_IF_ERROR(file.Bind(entry.file).Bind(entry.id).Run());
  }
  if (before.pinned != entry.pinned) {
    Query pinned(database, "UPDATE entry SET pinned = ? WHERE id = ?");
    BRIMFS_RETURN_IF_ERROR(pinned.Bind(int64_t{entry.pinned}).Bind(entry.id).Run());
  }
  const std::string seal = Seal(entry);
  Query query(database,
              "UPDATE entry SET etag = ?, modified = ?, modified_nanos = ?, precision = ?, "
              "length = ?, salt = ?, kernels = ?, bytes = ?, last_use = ?, checked = ?, seal = ? "
              "WHERE id = ?");
  BindColumns(query, entry, Columns(entry));
  return query.Bind(seal).Bind(entry.id).Run();
}

Status DeleteEntry(Sqlite& database, int64_t id) {
  int64_t source = 0;
  Query find(database, "SELECT source FROM entry WHERE id = ?");
  if (find.Bind(id).Next()) source = find.Int(0);
  BRIMFS_RETURN_IF_ERROR(find.status());
  find.Restart();
  Query blocks(database, "DELETE FROM segment WHERE entry = ?");
  BRIMFS_RETURN_IF_ERROR(blocks.Bind(id).Run());
  Query entry(database, "DELETE FROM entry WHERE id = ?");
  BRIMFS_RETURN_IF_ERROR(entry.Bind(id).Run());
  Query unused(database,
               "DELETE FROM source WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entry WHERE "
               "source = ?1)");
  return unused.Bind(source).Run();
}

Status ReadNumber(Sqlite& database, std::string_view name, bool& found, int64_t& value) {
  Query query(database, "SELECT value, seal FROM meta WHERE name = ?");
  found = query.Bind(name).Next() && query.Int(1) == NumberSeal(name, query.Int(0));
  if (found) value = query.Int(0);
  return query.status();
}

Status WriteNumber(Sqlite& database, std::string_view name, int64_t value) {
  Query query(database, "INSERT OR REPLACE INTO meta(name, value, seal) VALUES(?, ?, ?)");
  return query.Bind(name).Bind(value).Bind(NumberSeal(name, value)).Run();
}

}  // namespace brimfs
