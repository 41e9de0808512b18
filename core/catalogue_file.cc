#include "core/catalogue_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/catalogue_schema.h"
#include "core/log.h"
#include "core/unique_fd.h"

namespace brimfs {
namespace {

constexpr const char* kSuffixes[] = {"", "-wal", "-shm"};

// Excludes every other process, and every other thread of this one.
class FileLock {
 public:
  explicit FileLock(const std::string& directory) {
    const std::string path = directory + "/catalogue.lock";
    fd_ = UniqueFd(open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    int failed = fd_.valid() ? 0 : errno;
    while (failed == 0 && flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) failed = errno;
    }
    if (failed != 0) status_ = Status::FromErrno(failed, path);
  }
  const Status& status() const { return status_; }

 private:
  UniqueFd fd_;
  Status status_;
};

FileIdentity IdentityOf(const std::string& path) {
  struct stat found = {};
  if (lstat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

std::string RealPath(const std::string& directory) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(directory.c_str(), nullptr),
                                                    std::free);
  return real == nullptr ? directory : std::string(real.get());
}

// A plain file of ours with one name.
bool IsOurs(const struct stat& found) {
  return S_ISREG(found.st_mode) && found.st_uid == geteuid() && found.st_nlink == 1;
}

Status Remove(const std::string& path) {
  if (remove(path.c_str()) == 0 || errno == ENOENT) return OkStatus();
  return Status::FromErrno(errno, path);
}

}  // namespace

CatalogueFile::Connection::Connection(const CatalogueFile& file, std::unique_ptr<Sqlite> database,
                                      uint64_t lost_pages)
    : file_(file),
      database_(std::move(database)),
      lost_pages_(lost_pages),
      identity_(IdentityOf(file.path_)),
      log_(IdentityOf(file.path_ + "-wal")),
      shared_(IdentityOf(file.path_ + "-shm")) {}

CatalogueFile::Connection::~Connection() {
  // The last one to close removes the logs, by their names. Without the lock, rather than never.
  const FileLock lock(file_.directory_);
  database_.reset();
}

CatalogueFile::CatalogueFile(const std::string& directory, bool replace)
    : directory_(RealPath(directory)), path_(directory_ + "/catalogue.db"), replace_(replace) {}

Status CatalogueFile::Create() const {
  // Logs without a database are nobody's.
  for (const char* const suffix : {"-wal", "-shm"}) {
    BRIMFS_RETURN_IF_ERROR(Remove(path_ + suffix));
  }
  const UniqueFd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  return fd.valid() ? OkStatus() : Status::FromErrno(errno, path_);
}

Status CatalogueFile::MoveAway(const Status& why) const {
  const std::string away = directory_ + "/catalogue.damaged";
  Log(LogLevel::kWarning,
      "the catalogue of the cache is begun anew, what was in it is fetched "
      "again: " +
          why.message());
  for (const char* const suffix : kSuffixes) {
    // What takes its place may be of another kind: a directory, say.
    BRIMFS_RETURN_IF_ERROR(Remove(away + suffix));
  }
  for (const char* const suffix : kSuffixes) {
    const std::string from = path_ + suffix;
    if (rename(from.c_str(), (away + suffix).c_str()) != 0 && errno != ENOENT) {
      return Status::FromErrno(errno, from);
    }
  }
  return OkStatus();
}

Status CatalogueFile::MakeReady() const {
  struct stat found = {};
  for (const char* const suffix : {"-wal", "-shm"}) {
    const std::string log = path_ + suffix;
    if (lstat(log.c_str(), &found) == 0 && !IsOurs(found)) BRIMFS_RETURN_IF_ERROR(Remove(log));
  }
  if (lstat(path_.c_str(), &found) != 0) {
    if (errno != ENOENT) return Status::FromErrno(errno, path_);
    if (!replace_) return Status(Code::kNotFound, path_ + ": there is no catalogue");
    return Create();
  }
  if (IsOurs(found)) return OkStatus();
  Status foreign(Code::kDenied, path_ + ": not a plain file of this user with one name");
  if (!replace_) return foreign;
  BRIMFS_RETURN_IF_ERROR(MoveAway(foreign));
  return Create();
}

Result<std::unique_ptr<CatalogueFile::Connection>> CatalogueFile::Open() const {
  const FileLock lock(directory_);
  BRIMFS_RETURN_IF_ERROR(lock.status());
  SurviveLostPages();
  const uint64_t lost_pages = LostPages();
  for (int tries = 0;; ++tries) {
    BRIMFS_RETURN_IF_ERROR(MakeReady());
    Result<std::unique_ptr<Sqlite>> database = Sqlite::Open(path_);
    if (!database.ok()) return database.status();
    const Status ready = PrepareCatalogue(**database);
    if (ready.ok()) {
      return std::unique_ptr<Connection>(new Connection(*this, std::move(*database), lost_pages));
    }
    const bool damaged = (*database)->trouble() == Sqlite::Trouble::kDamage;
    database->reset();
    if (!damaged || !replace_ || tries > 0) return ready;
    BRIMFS_RETURN_IF_ERROR(MoveAway(ready));
  }
}

Status CatalogueFile::Replace(std::unique_ptr<Connection> connection, const Status& why) const {
  if (!replace_) return why;
  const FileLock lock(directory_);
  BRIMFS_RETURN_IF_ERROR(lock.status());
  Status moved;
  if (!connection->database().Moved()) moved = MoveAway(why);
  connection->database_.reset();
  return moved;
}

Status CatalogueFile::Abandon(std::unique_ptr<Connection> connection) const {
  const FileLock lock(directory_);
  BRIMFS_RETURN_IF_ERROR(lock.status());
  const FileIdentity now = IdentityOf(path_);
  const bool replaced = now != FileIdentity{} && now != connection->identity_;
  for (const auto& [suffix, identity] :
       {std::pair("-wal", connection->log_), std::pair("-shm", connection->shared_)}) {
    const std::string log = path_ + suffix;
    if (replaced && identity != FileIdentity{} && IdentityOf(log) == identity) {
      BRIMFS_RETURN_IF_ERROR(Remove(log));
    }
  }
  connection->database_.reset();
  return OkStatus();
}

}  // namespace brimfs
