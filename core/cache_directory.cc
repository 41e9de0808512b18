#include "core/cache_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "core/log.h"

namespace brimfs {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int kCreateFile = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

off_t ClaimOf(const std::string& name) {
  return static_cast<off_t>(XXH3_64bits(name.data(), name.size()) >> 2);
}

Status Unusable(int error, const std::string& what) {
  const Status status = Status::FromErrno(error, what);
  return Status(status.code(), status.message() + "; choose another one with -o cache=");
}

// As `mkdir -p`: a component that is there already is fine, whatever it is; opening it will tell.
Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return Unusable(errno, "cannot make the cache directory " + part);
    }
    if (slash == std::string::npos) return OkStatus();
  }
}

// What other users may enter, or may already have changed, can't be trusted to hold our bytes.
Status CheckPrivate(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return Status::FromErrno(errno, path);
  if (info.st_uid != geteuid()) {
    return Status(Code::kDenied,
                  "the cache directory " + path +
                      " belongs to another user; choose one of your own with -o cache=");
  }
  if ((info.st_mode & 077) != 0) {
    return Status(Code::kDenied, "others may enter the cache directory " + path +
                                     "; run chmod 700 " + path +
                                     ", or choose another one with -o cache=");
  }
  return OkStatus();
}

Result<UniqueFd> OpenPrivateDirectory(int parent, const std::string& name, int flags,
                                      const std::string& path) {
  UniqueFd fd(openat(parent, name.c_str(), kOpenDirectory | flags));
  if (!fd.valid()) return Unusable(errno, "cannot open the cache directory " + path);
  BRIMFS_RETURN_IF_ERROR(CheckPrivate(fd.get(), path));
  return fd;
}

bool SetLock(int fd, short type, off_t at) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

CacheDirectory::Entry::Entry(Entry&& other) noexcept
    : directory_(std::exchange(other.directory_, nullptr)),
      name_(std::move(other.name_)),
      claim_(other.claim_),
      fd_(std::move(other.fd_)) {}

CacheDirectory::Entry::~Entry() {
  if (directory_ == nullptr) return;
  unlinkat(directory_->data_.get(), name_.c_str(), 0);
  directory_->ReleaseClaim(claim_);
}

Result<std::unique_ptr<CacheDirectory>> CacheDirectory::Open(const std::string& path) {
  BRIMFS_RETURN_IF_ERROR(MakeDirectories(path));
  // The last component of what the user named may be a symbolic link; nothing below may.
  Result<UniqueFd> top = OpenPrivateDirectory(AT_FDCWD, path, 0, path);
  if (!top.ok()) return top.status();

  if (mkdirat(top->get(), "data", 0700) != 0 && errno != EEXIST) {
    return Unusable(errno, "cannot write to the cache directory " + path);
  }
  Result<UniqueFd> data = OpenPrivateDirectory(top->get(), "data", O_NOFOLLOW, path + "/data");
  if (!data.ok()) return data.status();

  UniqueFd claims(openat(top->get(), "claims", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!claims.valid()) return Unusable(errno, "cannot write to the cache directory " + path);
  BRIMFS_RETURN_IF_ERROR(CheckPrivate(claims.get(), path + "/claims"));

  std::unique_ptr<CacheDirectory> directory(
      new CacheDirectory(path, std::move(*data), std::move(claims)));
  BRIMFS_RETURN_IF_ERROR(directory->Sweep());
  return directory;
}

Result<CacheDirectory::Entry> CacheDirectory::Create(const std::string& name) {
  const off_t claim = ClaimOf(name);
  if (!TryClaim(claim)) {
    Result<UniqueFd> fd = CreateUnnamed(name);
    if (!fd.ok()) return fd.status();
    return Entry(nullptr, {}, 0, std::move(*fd));
  }
  Result<UniqueFd> fd = CreateNamed(name);
  if (!fd.ok()) {
    ReleaseClaim(claim);
    return fd.status();
  }
  return Entry(this, name, claim, std::move(*fd));
}

bool CacheDirectory::TryClaim(off_t claim) {
  {
    MutexLock lock(mu_);
    if (!claimed_.insert(claim).second) return false;
  }
  if (SetLock(claims_.get(), F_WRLCK, claim)) return true;
  MutexLock lock(mu_);
  claimed_.erase(claim);
  return false;
}

void CacheDirectory::ReleaseClaim(off_t claim) {
  SetLock(claims_.get(), F_UNLCK, claim);
  MutexLock lock(mu_);
  claimed_.erase(claim);
}

Result<UniqueFd> CacheDirectory::CreateNamed(const std::string& name) {
  // A file that is there already was left by a dead process. The kernel may still map it for
  // somebody, so it is unlinked and never truncated.
  unlinkat(data_.get(), name.c_str(), 0);
  UniqueFd fd(openat(data_.get(), name.c_str(), kCreateFile, 0600));
  if (!fd.valid()) return Status::FromErrno(errno, "cannot make a file in " + path_ + "/data");
  return fd;
}

Result<UniqueFd> CacheDirectory::CreateUnnamed(const std::string& name) {
  UniqueFd fd(openat(data_.get(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (fd.valid()) return fd;
  // Not every file system has O_TMPFILE. The claim of this name, too, keeps sweepers off for the
  // moment.
  for (int i = 0; i < 100; ++i) {
    const std::string temporary = name + "." + std::to_string(getpid()) + "." + std::to_string(i);
    if (!TryClaim(ClaimOf(temporary))) continue;
    Result<UniqueFd> named = CreateNamed(temporary);
    unlinkat(data_.get(), temporary.c_str(), 0);
    ReleaseClaim(ClaimOf(temporary));
    return named;
  }
  return Status(Code::kBusy, "no free temporary name in " + path_ + "/data");
}

Status CacheDirectory::Sweep() {
  // A second descriptor: closedir closes the one it is given.
  const int listing = openat(data_.get(), ".", kOpenDirectory);
  DIR* directory = listing < 0 ? nullptr : fdopendir(listing);
  if (directory == nullptr) return Status::FromErrno(errno, "cannot list " + path_ + "/data");
  std::vector<std::string> names;
  while (const dirent* found = readdir(directory)) {
    if (found->d_name[0] != '.') names.emplace_back(found->d_name);
  }
  closedir(directory);

  size_t removed = 0;
  for (const std::string& name : names) {
    const off_t claim = ClaimOf(name);
    if (!TryClaim(claim)) continue;
    removed += unlinkat(data_.get(), name.c_str(), 0) == 0 ? 1 : 0;
    ReleaseClaim(claim);
  }
  if (removed > 0) {
    Log(LogLevel::kInfo, "removed " + std::to_string(removed) +
                             " files that an earlier run left in " + path_ + "/data");
  }
  return OkStatus();
}

}  // namespace brimfs
