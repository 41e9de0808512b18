// The directory in which the mmap driver's files lie, shared safely by any number of processes.
//
//   DIR/claims      a byte-range lock (fcntl(2), F_OFD_SETLK) for each file in use: one byte at an
//                   offset that is a hash of the file's name. The kernel frees it when its holder
//                   dies, whatever the way, and it costs no descriptor a file.
//   DIR/new/NAME    a file that the catalogue does not name yet: worth something only to the
//                   process that has claimed it. Few, however large the cache.
//   DIR/data/NAME   a file that the catalogue names.
//
// NAME is 32 hexadecimal digits, random. Who has claimed it may write, punch, keep and remove the
// file; everybody else only reads it.
#ifndef BRIMFS_CORE_CACHE_DIRECTORY_H_
#define BRIMFS_CORE_CACHE_DIRECTORY_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "core/file_io.h"
#include "core/mutex.h"
#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Thread-safe.
class CacheDirectory {
 public:
  // The right to change a file, until the end of this object. Move-only.
  class Claim {
   public:
    Claim(Claim&& other) noexcept
        : directory_(std::exchange(other.directory_, nullptr)), at_(other.at_) {}
    Claim& operator=(Claim&& other) noexcept {
      std::swap(directory_, other.directory_);
      std::swap(at_, other.at_);
      return *this;
    }
    ~Claim() {
      if (directory_ != nullptr) directory_->ReleaseClaim(at_);
    }

   private:
    friend class CacheDirectory;
    Claim(CacheDirectory* directory, off_t at) : directory_(directory), at_(at) {}

    CacheDirectory* directory_;
    off_t at_;
  };

  struct NewFile {
    std::string name;
    Claim claim;
    UniqueFd fd;  // read and write
  };

  enum class Place { kNew, kData };
  enum class Access { kRead, kWrite };

  // Makes what is missing with mode 0700. kDenied, with the remedy, if the directory is another
  // user's or others may enter it. `io` outlives this.
  static Result<std::unique_ptr<CacheDirectory>> Open(const std::string& path,
                                                      FileIo& io = FileIo::System());

  const std::string& path() const { return path_; }

  // An empty file in new/, claimed.
  Result<NewFile> Create();

  // An empty file without a name, which goes with its last descriptor.
  Result<UniqueFd> CreateUnnamed();

  // Nothing if another process has it. If this process has it, waits for up to two seconds: it is
  // about to let go.
  std::optional<Claim> TryClaim(const std::string& name);

  // The same without waiting for anybody.
  std::optional<Claim> TryClaimNow(const std::string& name);

  // A file that was created here, wherever it lies. Writing takes its claim. kNotFound if there is
  // none, or if what has its name is no regular file, has other links, is open to others or
  // somebody else's: worth nothing.
  Result<UniqueFd> OpenFile(const std::string& name, Access access);

  // Moves a claimed file from new/ to data/, where it may be already.
  Status Keep(const std::string& name);

  // Unlinks a claimed file (or whatever has its name), wherever it lies; fine if there is none. The
  // kernel may still map it for somebody, so it is never truncated.
  Status Remove(const std::string& name);

  // What was created, kept and removed survives a power cut once this has returned.
  Status Sync();

  // Calls `each` for every name in a place, until it answers false. In the order of the file
  // system, without reading all of it before.
  Status ForEachName(Place place, const std::function<bool(const std::string&)>& each);

  // This process is about to let go of everything, and others, who come early, should wait for it
  // rather than do without: says so of all that is claimed now, until the end of this object; asks
  // whether who has claimed this file says so.
  void Leave();
  bool HolderLeaves(const std::string& name);

  // What Create makes, and nothing else, is named like this.
  static bool IsFileName(const std::string& name);

 private:
  CacheDirectory(std::string path, FileIo& io, UniqueFd fresh, UniqueFd data, UniqueFd claims)
      : path_(std::move(path)),
        io_(io),
        new_(std::move(fresh)),
        data_(std::move(data)),
        claims_(std::move(claims)) {}

  // An open file description is one owner to the kernel: users in this process exclude each other
  // through `claimed_`, other processes and other CacheDirectories through the lock.
  std::optional<Claim> ClaimAt(off_t at);
  void ReleaseClaim(off_t at);

  const std::string path_;  // for messages
  FileIo& io_;
  const UniqueFd new_;
  const UniqueFd data_;
  const UniqueFd claims_;

  Mutex mu_;
  CondVar released_;
  absl::flat_hash_set<off_t> claimed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_DIRECTORY_H_
