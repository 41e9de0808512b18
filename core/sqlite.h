// SQLite with owners and Status: one connection, its prepared statements, one query.
#ifndef BRIMFS_CORE_SQLITE_H_
#define BRIMFS_CORE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace brimfs {

// One connection; one thread at a time.
class Sqlite {
 public:
  // Why the last call that failed did so, as far as it matters to whoever owns the file.
  enum class Trouble {
    kNone,
    kDamage,  // the file is no database, contradicts itself, or is not of the expected form
    kMoved,   // the file was renamed or removed
    kOther,   // the disk, a lock, memory
  };

  // `path` is absolute and no component of it is a symbolic link; the file is there.
  static Result<std::unique_ptr<Sqlite>> Open(const std::string& path);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  // Statements without results or parameters.
  Status Execute(const char* sql);

  // Whether another file, or none, has the path now. One stat(2).
  bool Moved();

  Trouble trouble() const { return trouble_; }
  Trouble TakeTrouble() { return std::exchange(trouble_, Trouble::kNone); }

  // What is read makes no sense: kIo, and trouble() is kDamage.
  Status FailAsDamaged(const std::string& what);

  // kBusy, and trouble() is kMoved.
  Status FailAsMoved();

  // Rows that the last statement changed.
  int64_t Changed() const;

 private:
  friend class Query;
  friend class SqliteTransaction;
  Sqlite(std::string path, sqlite3* connection);

  Status Fail(int code);  // sets trouble_
  sqlite3_stmt* Prepare(std::string_view sql, Status& failure);

  const std::string path_;  // for messages
  sqlite3* const connection_;
  Trouble trouble_ = Trouble::kNone;
  // Keys are literals.
  absl::flat_hash_map<std::string_view, sqlite3_stmt*> statements_;
};

// A transaction for writing; rolled back at the end unless it was committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(Sqlite& database) : database_(database) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  Status Begin() { return database_.Execute("BEGIN IMMEDIATE"); }
  Status Commit() { return database_.Execute("COMMIT"); }

 private:
  Sqlite& database_;
};

// One run of a statement that the connection keeps prepared: bind in the order of the parameters,
// then Next until it is false, then look at status(). A statement has one Query at a time.
class Query {
 public:
  // `sql` is a literal.
  Query(Sqlite& database, std::string_view sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Bind(int64_t value);
  Query& BindNull();
  Query& Bind(std::string_view blob);  // not copied: outlives the query

  // The next row; false at the end or after an error.
  bool Next();

  // For those without rows.
  Status Run();

  // Back to before the first row, with nothing bound.
  void Restart();

  const Status& status() const { return status_; }

  // Of the current row, columns from 0. A value of another type is converted; NULL is 0 or empty. A
  // blob is good until the next call.
  int64_t Int(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  Sqlite& database_;
  Status status_;
  sqlite3_stmt* const statement_;  // null after an error
  int bound_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SQLITE_H_
