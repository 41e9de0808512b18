// A disk on which the power can be cut, and a look at what would be left on it.
#ifndef BRIMFS_TESTS_SUPPORT_POWER_CUT_DISK_H_
#define BRIMFS_TESTS_SUPPORT_POWER_CUT_DISK_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/file_io.h"
#include "core/mutex.h"
#include "core/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

// The bytes of a file, by pages: those that are not there are zeros. Copies share their pages.
class PagedContent {
 public:
  static constexpr uint64_t kPage = 4096;

  // As `fd` reads now.
  static PagedContent Of(int fd);

  void Write(uint64_t offset, std::span<const std::byte> data);
  void Truncate(uint64_t length);
  void Punch(const Range& range);

  // Of each page, and of the length, either what `older` has or what this has, as `pick` says.
  template <typename Pick>
  PagedContent MixedWith(const PagedContent& older, Pick pick) const;

  void WriteTo(const std::string& path) const;

 private:
  using Page = std::vector<std::byte>;

  uint64_t length_ = 0;
  std::map<uint64_t, std::shared_ptr<const Page>> pages_;
};

// Passes every call on to the real disk and keeps in mind what a power cut would leave of it: of a
// file what it held at its last Sync, of the names what SyncDirectory has seen (a rename when it
// has seen both directories), of either all at SyncFileSystem. What is not done through it, such as
// making a directory, is durable at once.
//
// SQLite's files are not under it: ROOT/catalogue.db is copied when the power goes, with all that
// has been committed by then, and once more at the last moment before.
//
// Thread-safe: one call after the other, so that there is an order to cut.
class PowerCutDisk : public FileIo {
 public:
  // What lies in `root` and its directories now is durable.
  explicit PowerCutDisk(const std::string& root);

  // The power goes after so many calls that change or sync something: what comes then fails with
  // EIO and changes nothing. Before the first call.
  void CutAfter(uint64_t calls);
  bool cut() const;
  uint64_t calls() const;  // that were done so far

  enum class Unsynced {
    kLost,  // nothing of it is left
    kSome,  // some pages of the files, and the first few of the changes of names
  };
  enum class Commits {
    kBeforeTheLastCall,  // those that came after it, and perhaps relied on it, are lost
    kUntilTheCut,        // all until somebody noticed that the power is gone
  };

  // Builds in the directory `to`, which is new, what would be found after the cut; or after one at
  // this moment.
  void Materialise(const std::string& to, Unsynced unsynced, Commits commits,
                   uint32_t seed = 0) const;

  int Create(int directory, const std::string& name, int* fd) override;
  int Write(int fd, uint64_t offset, std::span<const std::byte> data) override;
  int Read(int fd, uint64_t offset, std::span<std::byte> out) override;
  int Truncate(int fd, uint64_t length) override;
  int Punch(int fd, const Range& range) override;
  int Sync(int fd) override;
  int SyncDirectory(int fd) override;
  int SyncFileSystem(int fd) override;
  int Rename(int from, const std::string& old_name, int to, const std::string& new_name) override;
  int Unlink(int directory, const std::string& name) override;

 private:
  using Inode = std::pair<uint64_t, uint64_t>;  // device and number

  struct File {
    UniqueFd keeps;  // the inode's number from being used again
    PagedContent durable;
    PagedContent current;
  };

  struct Directory {
    std::string path;  // below the root
    std::map<std::string, std::shared_ptr<File>> durable;
    std::map<std::string, std::shared_ptr<File>> current;
  };

  // A name in a directory goes, or comes, or both.
  struct Side {
    Directory* directory;
    std::string name;
    bool synced = false;
  };
  struct NameChange {
    std::optional<Side> gone;
    std::optional<Side> come;
    std::shared_ptr<File> file;
  };
  using Names = std::map<std::pair<std::string, std::string>, std::shared_ptr<File>>;

  // Whether the next call is done; and counts it if it is.
  bool Powered() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool Gone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::shared_ptr<File> FileOf(int fd) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Directory& DirectoryOf(int fd) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Change(NameChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes those changes durable whose directories have all been synced, in their order.
  void Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string root_;
  const TempDir scratch_{TempDir::On::kMemory};

  mutable Mutex mu_;
  std::optional<uint64_t> cut_after_ ABSL_GUARDED_BY(mu_);
  uint64_t calls_ ABSL_GUARDED_BY(mu_) = 0;
  bool noticed_ ABSL_GUARDED_BY(mu_) = false;  // a call has found the power gone
  std::map<Inode, std::shared_ptr<File>> files_ ABSL_GUARDED_BY(mu_);
  std::map<Inode, Directory> directories_ ABSL_GUARDED_BY(mu_);
  std::list<NameChange> changes_ ABSL_GUARDED_BY(mu_);  // not durable yet, in their order
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_POWER_CUT_DISK_H_
