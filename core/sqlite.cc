#include "core/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace brimfs {
namespace {

Sqlite::Trouble TroubleOf(int code) {
  if (code == SQLITE_READONLY_DBMOVED) return Sqlite::Trouble::kMoved;
  if (code == SQLITE_IOERR_SHORT_READ) return Sqlite::Trouble::kDamage;
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:  // none of ours is: its length was damaged
    case SQLITE_FORMAT:
    case SQLITE_ERROR:       // our statements are right where the tables are ours
    case SQLITE_CONSTRAINT:  // nothing is inserted before it is looked for
    case SQLITE_MISMATCH:
      return Sqlite::Trouble::kDamage;
    default:
      return Sqlite::Trouble::kOther;
  }
}

Code CodeOf(int code, int error) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Code::kNoSpace;
    case SQLITE_READONLY:
      return Code::kReadOnly;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Code::kDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Code::kBusy;
    case SQLITE_TOOBIG:
      return Code::kTooBig;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return error == 0 || error == ENOENT ? Code::kIo : FromErrno(error);
    default:
      return Code::kIo;
  }
}

}  // namespace

Sqlite::Sqlite(std::string path, sqlite3* connection)
    : path_(std::move(path)), connection_(connection) {}

Sqlite::~Sqlite() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

Result<std::unique_ptr<Sqlite>> Sqlite::Open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
  if (connection == nullptr) return Status(Code::kIo, path + ": out of memory");
  auto database = std::unique_ptr<Sqlite>(new Sqlite(path, connection));
  sqlite3_extended_result_codes(connection, 1);
  if (code != SQLITE_OK) return database->Fail(code);
  if (sqlite3_db_readonly(connection, nullptr) != 0) {
    return Status(Code::kReadOnly, path + ": cannot be written");
  }
  for (const auto& [option, value] :
       {std::pair(SQLITE_DBCONFIG_DEFENSIVE, 1), std::pair(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
        std::pair(SQLITE_DBCONFIG_ENABLE_VIEW, 0), std::pair(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)}) {
    sqlite3_db_config(connection, option, value, nullptr);
  }
  return database;
}

Status Sqlite::Fail(int code) {
  trouble_ = TroubleOf(code);
  const int error = sqlite3_system_errno(connection_);
  std::string message = path_ + ": " + sqlite3_errmsg(connection_);
  const Code meaning = CodeOf(code, error);
  if ((code & 0xff) == SQLITE_IOERR) message = Status::FromErrno(error, message).message();
  return Status(meaning, std::move(message));
}

Status Sqlite::Execute(const char* sql) {
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : Fail(code);
}

Status Sqlite::FailAsDamaged(const std::string& what) {
  trouble_ = Trouble::kDamage;
  return Status(Code::kIo, path_ + ": " + what);
}

Status Sqlite::FailAsMoved() {
  trouble_ = Trouble::kMoved;
  return Status(Code::kBusy, path_ + ": was replaced");
}

bool Sqlite::Moved() {
  int moved = 0;
  sqlite3_file_control(connection_, nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

int64_t Sqlite::Changed() const { return sqlite3_changes64(connection_); }

sqlite3_stmt* Sqlite::Prepare(std::string_view sql, Status& failure) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    failure = Fail(code);
    return nullptr;
  }
  statements_.emplace(sql, statement);
  return statement;
}

SqliteTransaction::~SqliteTransaction() {
  // Not through Execute: what went wrong before is what counts.
  if (sqlite3_get_autocommit(database_.connection_) == 0) {
    sqlite3_exec(database_.connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Query::Query(Sqlite& database, std::string_view sql)
    : database_(database), statement_(database.Prepare(sql, status_)) {}

Query::~Query() { Restart(); }

void Query::Restart() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
}

Query& Query::Bind(int64_t value) {
  if (!status_.ok()) return *this;
  const int code = sqlite3_bind_int64(statement_, ++bound_, value);
  if (code != SQLITE_OK) status_ = database_.Fail(code);
  return *this;
}

Query& Query::Bind(std::string_view blob) {
  if (!status_.ok()) return *this;
  const char* const data = blob.data() == nullptr ? "" : blob.data();  // null would bind NULL
  const int code = sqlite3_bind_blob64(statement_, ++bound_, data, blob.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) status_ = database_.Fail(code);
  return *this;
}

Query& Query::BindNull() {
  ++bound_;  // what is not bound is NULL
  return *this;
}

bool Query::Next() {
  if (!status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) status_ = database_.Fail(code);
  return false;
}

Status Query::Run() {
  while (Next()) {
  }
  return status_;
}

int64_t Query::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::Blob(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

}  // namespace brimfs
