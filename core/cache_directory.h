// The directory in which the mmap driver's files lie, shared safely by any number of processes.
//
//   DIR/claims      a byte-range lock (fcntl(2), F_OFD_SETLK) for each entry in use: one byte at an
//                   offset that is a hash of the entry's name. The kernel frees it when its holder
//                   dies, whatever the way, and it costs no descriptor an entry.
//   DIR/data/NAME   the bytes of the entry; worth something only while its claim is held.
#ifndef BRIMFS_CORE_CACHE_DIRECTORY_H_
#define BRIMFS_CORE_CACHE_DIRECTORY_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "core/mutex.h"
#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Thread-safe.
class CacheDirectory {
 public:
  // A new, empty file and the right to its name, if somebody else did not have it: then the file
  // has no name. The end of this object removes the name, then gives the claim back.
  class Entry {
   public:
    Entry(CacheDirectory* directory, std::string name, off_t claim, UniqueFd fd)
        : directory_(directory), name_(std::move(name)), claim_(claim), fd_(std::move(fd)) {}
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&&) = delete;
    ~Entry();

    // Gives the descriptor (read and write) away, once.
    UniqueFd TakeFd() { return std::move(fd_); }

    // False: another process, or another entry of this one, holds the name.
    bool claimed() const { return directory_ != nullptr; }

   private:
    CacheDirectory* directory_;  // null: unclaimed
    std::string name_;
    off_t claim_;
    UniqueFd fd_;
  };

  // Makes what is missing with mode 0700 and removes files that dead processes left. kDenied, with
  // the remedy, if the directory is another user's or others may enter it.
  static Result<std::unique_ptr<CacheDirectory>> Open(const std::string& path);

  // `name` is one component. Never blocks on another process. The directory outlives the entry.
  Result<Entry> Create(const std::string& name);

 private:
  CacheDirectory(std::string path, UniqueFd data, UniqueFd claims)
      : path_(std::move(path)), data_(std::move(data)), claims_(std::move(claims)) {}

  // An open file description is one owner to the kernel: entries of this process exclude each other
  // through `claimed_`, other processes and other CacheDirectories through the lock.
  bool TryClaim(off_t claim);
  void ReleaseClaim(off_t claim);
  Result<UniqueFd> CreateNamed(const std::string& name);
  Result<UniqueFd> CreateUnnamed(const std::string& name);
  Status Sweep();

  const std::string path_;  // for messages
  const UniqueFd data_;
  const UniqueFd claims_;

  Mutex mu_;
  absl::flat_hash_set<off_t> claimed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CACHE_DIRECTORY_H_
