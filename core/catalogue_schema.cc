#include "core/catalogue_schema.h"

#include <string>
#include <string_view>

namespace brimfs {
namespace {

constexpr int64_t kApplication = 0x6272696d;  // "brim"
constexpr int64_t kFormat = 1;

struct Object {
  std::string_view name;
  const char* sql;
};

// In the order of the names. Keys, paths and texts are blobs: any bytes, compared as such. A
// segment's `present` comes before its `sums`, so that it is read without them; that would not be
// so WITHOUT ROWID.
constexpr Object kObjects[] = {
    {"entry",
     "CREATE TABLE entry(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, key BLOB NOT NULL, "
     "path BLOB NOT NULL, etag BLOB NOT NULL, modified INTEGER, modified_nanos INTEGER NOT NULL, "
     "precision INTEGER NOT NULL, length INTEGER NOT NULL, file BLOB NOT NULL, "
     "salt INTEGER NOT NULL, kernels INTEGER NOT NULL, pinned INTEGER NOT NULL, "
     "bytes INTEGER NOT NULL, last_use INTEGER NOT NULL, checked INTEGER NOT NULL, "
     "seal BLOB NOT NULL)"},
    {"entry_cold", "CREATE INDEX entry_cold ON entry(last_use) WHERE pinned = 0"},
    {"entry_file", "CREATE UNIQUE INDEX entry_file ON entry(file)"},
    {"entry_key", "CREATE INDEX entry_key ON entry(source, key)"},
    {"entry_path", "CREATE INDEX entry_path ON entry(source, path)"},
    {"meta",
     "CREATE TABLE meta(name BLOB PRIMARY KEY, value INTEGER NOT NULL, seal INTEGER NOT NULL) "
     "WITHOUT ROWID"},
    {"segment",
     "CREATE TABLE segment(id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, "
     "number INTEGER NOT NULL, present BLOB NOT NULL, sums BLOB NOT NULL)"},
    {"segment_place", "CREATE UNIQUE INDEX segment_place ON segment(entry, number)"},
    {"source", "CREATE TABLE source(id INTEGER PRIMARY KEY, identity BLOB NOT NULL)"},
    {"source_identity", "CREATE UNIQUE INDEX source_identity ON source(identity)"},
};

// A failure that counts as damage.
Status Foreign(Sqlite& database) {
  return database.FailAsDamaged("not a catalogue, or of another format");
}

Status ReadNumber(Sqlite& database, std::string_view sql, int64_t& value) {
  Query query(database, sql);
  if (query.Next()) value = query.Int(0);
  return query.status();
}

Status SetWal(Sqlite& database) {
  Query query(database, "PRAGMA journal_mode = WAL");
  if (!query.Next()) return query.status();
  return query.Blob(0) == "wal" ? OkStatus()
                                : Status(Code::kIo, "the cache's disk does not suit SQLite's WAL");
}

Status Create(Sqlite& database) {
  BRIMFS_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  for (const Object& object : kObjects) BRIMFS_RETURN_IF_ERROR(database.Execute(object.sql));
  BRIMFS_RETURN_IF_ERROR(
      database.Execute(("PRAGMA application_id = " + std::to_string(kApplication)).c_str()));
  BRIMFS_RETURN_IF_ERROR(
      database.Execute(("PRAGMA user_version = " + std::to_string(kFormat)).c_str()));
  return database.Execute("COMMIT");
}

Status Check(Sqlite& database) {
  Query objects(database,
                "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
  for (const Object& expected : kObjects) {
    if (!objects.Next()) {
      BRIMFS_RETURN_IF_ERROR(objects.status());
      return Foreign(database);
    }
    if (objects.Blob(0) != expected.name || objects.Blob(1) != expected.sql) {
      return Foreign(database);
    }
  }
  if (objects.Next()) return Foreign(database);
  return objects.status();
}

}  // namespace

Status PrepareCatalogue(Sqlite& database) {
  BRIMFS_RETURN_IF_ERROR(database.Execute("PRAGMA busy_timeout = 10000"));
  BRIMFS_RETURN_IF_ERROR(database.Execute("PRAGMA cell_size_check = ON"));
  BRIMFS_RETURN_IF_ERROR(database.Execute("PRAGMA mmap_size = 0"));
  BRIMFS_RETURN_IF_ERROR(database.Execute("PRAGMA temp_store = MEMORY"));
  // Fails for what is no database. One that is not in this mode and not empty is not ours.
  int64_t application = 0;
  int64_t format = 0;
  int64_t objects = 0;
  BRIMFS_RETURN_IF_ERROR(ReadNumber(database, "PRAGMA application_id", application));
  BRIMFS_RETURN_IF_ERROR(ReadNumber(database, "PRAGMA user_version", format));
  BRIMFS_RETURN_IF_ERROR(ReadNumber(database, "SELECT count(*) FROM sqlite_schema", objects));
  const bool empty = application == 0 && format == 0 && objects == 0;
  if (!empty && (application != kApplication || format != kFormat)) return Foreign(database);

  BRIMFS_RETURN_IF_ERROR(SetWal(database));
  BRIMFS_RETURN_IF_ERROR(database.Execute("PRAGMA journal_size_limit = 16777216"));
  if (empty) BRIMFS_RETURN_IF_ERROR(Create(database));
  return Check(database);
}

}  // namespace brimfs
