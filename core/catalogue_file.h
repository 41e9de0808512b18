// The catalogue's database file: made, opened, found damaged, moved out of the way; safely with
// respect to other processes that have it open.
//
//   DIR/catalogue.db        and -wal, -shm: SQLite's; opened and closed by SQLite alone, because
//                           close(2) would drop this process's locks on it
//   DIR/catalogue.lock      flock(2)ed while a connection is opened or closed and while a damaged
//                           database is replaced: the three files always belong together
//   DIR/catalogue.damaged   the last one that was moved away, with its -wal
#ifndef BRIMFS_CORE_CATALOGUE_FILE_H_
#define BRIMFS_CORE_CATALOGUE_FILE_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "core/lost_pages.h"
#include "core/sqlite.h"
#include "core/status.h"

namespace brimfs {

// What tells one database file from another that got its name.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

class CatalogueFile {
 public:
  // A connection to the database, closed safely.
  class Connection {
   public:
    ~Connection();
    Sqlite& database() { return *database_; }
    const FileIdentity& identity() const { return identity_; }

    // Pages were lost since this was opened (core/lost_pages.h): nothing it says counts any more.
    bool LostPagesSince() const { return LostPages() != lost_pages_; }

   private:
    friend class CatalogueFile;
    Connection(const CatalogueFile& file, std::unique_ptr<Sqlite> database, uint64_t lost_pages);

    const CatalogueFile& file_;
    std::unique_ptr<Sqlite> database_;
    uint64_t lost_pages_;
    FileIdentity identity_;
    FileIdentity log_;  // -wal and -shm, as they were when this was opened
    FileIdentity shared_;
  };

  // `replace`: one that is missing, damaged, foreign or of an unknown format is begun anew;
  // otherwise that is kNotFound or kIo. `directory` may be reached through symbolic links.
  CatalogueFile(const std::string& directory, bool replace);

  // The file outlives the connection.
  Result<std::unique_ptr<Connection>> Open() const;

  // `connection` has found its database damaged: that is moved away, unless somebody else has
  // already done so.
  Status Replace(std::unique_ptr<Connection> connection, const Status& why) const;

  // `connection` has lost its file. Closes it; log files at the path that were its own are not the
  // new database's and leave.
  Status Abandon(std::unique_ptr<Connection> connection) const;

  const std::string& path() const { return path_; }
  bool replaces() const { return replace_; }

 private:
  Status MakeReady() const;
  Status MoveAway(const Status& why) const;
  Status Create() const;

  std::string directory_;
  std::string path_;  // of the database
  bool replace_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_FILE_H_
