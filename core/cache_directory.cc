#include "core/cache_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

namespace brimfs {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// So far behind each claim is the byte that its holder locks as well when it is about to end.
constexpr off_t kLeaving = off_t{1} << 62;

// Long enough for a thread of ours that is about to let go of a claim.
constexpr auto kOwnPatience = std::chrono::seconds(2);

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

struct flock LockOf(short type, off_t at) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

bool SetLock(int fd, short type, off_t at) {
  struct flock lock = LockOf(type, at);
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

std::string RandomName() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(random()));
    name += digits;
  }
  return name;
}

Result<UniqueFd> OpenPart(int top, const std::string& path, const char* part) {
  if (mkdirat(top, part, 0700) != 0 && errno != EEXIST) {
    return Unusable(errno, "cannot write to the cache directory " + path);
  }
  return OpenPrivateDirectory(top, part, O_NOFOLLOW, path + "/" + part);
}

}  // namespace

Result<std::unique_ptr<CacheDirectory>> CacheDirectory::Open(const std::string& path, FileIo& io) {
  BRIMFS_RETURN_IF_ERROR(MakeDirectories(path));
  // The last component of what the user named may be a symbolic link; nothing below may.
  Result<UniqueFd> top = OpenPrivateDirectory(AT_FDCWD, path, 0, path);
  if (!top.ok()) return top.status();
  Result<UniqueFd> fresh = OpenPart(top->get(), path, "new");
  if (!fresh.ok()) return fresh.status();
  Result<UniqueFd> data = OpenPart(top->get(), path, "data");
  if (!data.ok()) return data.status();

  UniqueFd claims(openat(top->get(), "claims", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!claims.valid()) return Unusable(errno, "cannot write to the cache directory " + path);
  BRIMFS_RETURN_IF_ERROR(CheckPrivate(claims.get(), path + "/claims"));
  return std::unique_ptr<CacheDirectory>(
      new CacheDirectory(path, io, std::move(*fresh), std::move(*data), std::move(claims)));
}

bool CacheDirectory::IsFileName(const std::string& name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<CacheDirectory::NewFile> CacheDirectory::Create() {
  for (;;) {
    std::string name = RandomName();
    std::optional<Claim> claim = TryClaimNow(name);
    if (!claim) continue;
    int fd = -1;
    const int error = io_.Create(new_.get(), name, &fd);
    if (error == EEXIST) continue;
    if (error != 0) return Status::FromErrno(error, "cannot make a file in " + path_ + "/new");
    return NewFile{std::move(name), std::move(*claim), UniqueFd(fd)};
  }
}

Result<UniqueFd> CacheDirectory::CreateUnnamed() {
  // Not O_TMPFILE, which not every file system has.
  Result<NewFile> file = Create();
  if (!file.ok()) return file.status();
  BRIMFS_RETURN_IF_ERROR(Remove(file->name));
  return std::move(file->fd);
}

std::optional<CacheDirectory::Claim> CacheDirectory::TryClaim(const std::string& name) {
  const off_t at = ClaimOf(name);
  {
    const auto deadline = std::chrono::steady_clock::now() + kOwnPatience;
    MutexLock lock(mu_);
    while (claimed_.contains(at) && std::chrono::steady_clock::now() < deadline) {
      released_.WaitUntil(mu_, deadline);
    }
  }
  return ClaimAt(at);
}

std::optional<CacheDirectory::Claim> CacheDirectory::TryClaimNow(const std::string& name) {
  return ClaimAt(ClaimOf(name));
}

std::optional<CacheDirectory::Claim> CacheDirectory::ClaimAt(off_t at) {
  {
    MutexLock lock(mu_);
    if (!claimed_.insert(at).second) return std::nullopt;
  }
  if (SetLock(claims_.get(), F_WRLCK, at)) return Claim(this, at);
  MutexLock lock(mu_);
  claimed_.erase(at);
  released_.NotifyAll();
  return std::nullopt;
}

void CacheDirectory::ReleaseClaim(off_t at) {
  SetLock(claims_.get(), F_UNLCK, kLeaving + at);
  SetLock(claims_.get(), F_UNLCK, at);
  MutexLock lock(mu_);
  claimed_.erase(at);
  released_.NotifyAll();
}

Result<UniqueFd> CacheDirectory::OpenFile(const std::string& name, Access access) {
  const int flags =
      (access == Access::kWrite ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Status not_ours(Code::kNotFound, path_ + ": " + name + " is not a file that was made here");
  for (const int place : {data_.get(), new_.get()}) {
    UniqueFd fd(openat(place, name.c_str(), flags));
    if (!fd.valid()) {
      if (errno == ENOENT) continue;
      if (errno == ELOOP || errno == EISDIR || errno == ENXIO) return not_ours;
      return Status::FromErrno(errno, path_ + ": " + name);
    }
    struct stat info;
    if (fstat(fd.get(), &info) != 0) return Status::FromErrno(errno, path_ + ": " + name);
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_nlink != 1 ||
        (info.st_mode & 077) != 0) {
      return not_ours;
    }
    return fd;
  }
  return Status(Code::kNotFound, path_ + ": " + name + " is gone");
}

Status CacheDirectory::Keep(const std::string& name) {
  const int error = io_.Rename(new_.get(), name, data_.get(), name);
  if (error == 0 || error == ENOENT) return OkStatus();
  return Status::FromErrno(error, "cannot move a file to " + path_ + "/data");
}

Status CacheDirectory::Remove(const std::string& name) {
  for (const int place : {data_.get(), new_.get()}) {
    int error = io_.Unlink(place, name);
    if (error == EISDIR || error == EPERM) {
      // Not ours, but in the way.
      error = unlinkat(place, name.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
    }
    if (error != 0 && error != ENOENT) {
      return Status::FromErrno(error, "cannot remove a file of " + path_);
    }
  }
  return OkStatus();
}

Status CacheDirectory::Sync() {
  for (const int place : {new_.get(), data_.get()}) {
    if (const int error = io_.SyncDirectory(place); error != 0) {
      return Status::FromErrno(error, "cannot sync " + path_);
    }
  }
  return OkStatus();
}

Status CacheDirectory::ForEachName(Place place,
                                   const std::function<bool(const std::string&)>& each) {
  // A second descriptor: closedir closes the one it is given.
  const int from = place == Place::kNew ? new_.get() : data_.get();
  const int listing = openat(from, ".", kOpenDirectory);
  DIR* const directory = listing < 0 ? nullptr : fdopendir(listing);
  if (directory == nullptr) return Status::FromErrno(errno, "cannot list " + path_);
  while (const dirent* found = readdir(directory)) {
    const std::string name = found->d_name;
    if (name != "." && name != ".." && !each(name)) break;
  }
  closedir(directory);
  return OkStatus();
}

void CacheDirectory::Leave() {
  std::vector<off_t> claimed;
  {
    MutexLock lock(mu_);
    claimed.assign(claimed_.begin(), claimed_.end());
  }
  for (const off_t at : claimed) SetLock(claims_.get(), F_WRLCK, kLeaving + at);
}

bool CacheDirectory::HolderLeaves(const std::string& name) {
  struct flock lock = LockOf(F_WRLCK, kLeaving + ClaimOf(name));
  return fcntl(claims_.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace brimfs
