// What makes one cached file outlive the process: which of its blocks an earlier run left, which of
// those that came since are to be recorded, and its entry in the catalogue.
//
// A block that an earlier run left is not covered in the resource until it has been read back and
// its checksum was right (Recover): that happens when it is first wanted, or in the background.
//
// Where another process has claimed the entry, the resource lies in a file of our own without a
// name; what is stored is copied into it block by block, verified on the way. Follow learns what
// the other one has stored meanwhile; when it is gone, we become the writer of the entry, and what
// we have is copied to it.
#ifndef BRIMFS_CORE_DURABLE_FILE_H_
#define BRIMFS_CORE_DURABLE_FILE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "core/cache_directory.h"
#include "core/cache_space.h"
#include "core/catalogue.h"
#include "core/disk_health.h"
#include "core/file_io.h"
#include "core/local_source.h"
#include "core/mutex.h"
#include "core/overflow_file.h"
#include "core/range_set.h"
#include "core/resource.h"
#include "core/stats.h"

namespace brimfs {

// Thread-safe. Lock order: mu_ is a leaf; no call into the resource, the driver, the catalogue or
// the disk is made under it.
class DurableFile : public ResourceObserver, public LocalSource {
 public:
  // Recorded in one batch of one file at most: a gibibyte.
  static constexpr size_t kMostBlocks = 16384;

  // What all files of a cache share; outlives them.
  struct Shared {
    CacheDirectory& directory;
    Catalogue& catalogue;
    FileIo& io;
    DiskHealth& health;
    CacheSpace& space;
    Stats& stats;
    // There is something to record. Cheap, from any thread.
    std::function<void()> on_dirty;
    // A complete file waits to be recorded. As cheap.
    std::function<void()> on_complete;
  };

  // Where the bytes are to lie, and what is there already.
  struct Opening {
    StoredEntry entry;  // id 0: nothing is stored
    std::optional<CacheDirectory::Claim> claim;
    UniqueFd own;                     // for the driver; invalid: the disk takes no file
    UniqueFd stored;                  // the entry's file, where that is another one than `own`
    RangeSet blocks;                  // stored and not verified
    bool sealed = false;              // `own` was the kernel's
    std::vector<StoredEntry> others;  // other versions of this object
  };

  // Finds the entry of this version of (source, key), or begins a new one. kIo where no file can be
  // had; with `or_none` there is none then, and all lies in memory.
  static Result<Opening> Open(const Shared& shared, StoredEntry wanted, bool or_none);

  // The entry leaves with its file, which the caller has claimed; or the catalogue's error.
  static Status Drop(const Shared& shared, const StoredEntry& entry);

  // `opening.own` stays the caller's, for the driver.
  DurableFile(const Shared& shared, Opening& opening);

  // Nothing is recorded any more. A file that never was goes.
  ~DurableFile() override;

  // Once, before anything else; both outlive this, but for its destructor.
  void Attach(Resource& resource, OverflowFile& driver);

  // --- ResourceObserver
  void OnWrite(Resource& resource, const Range& written, std::span<const std::byte> bytes) override;
  void OnEvict(Resource& resource, const Range& evicted) override;

  // --- LocalSource
  std::vector<Range> Recover(const std::vector<Range>& claimed) override;
  std::vector<Range> Absent(const Range& range) override;

  // What an earlier run left and nobody has verified yet.
  std::vector<Range> Stored() const;

  // The first stored bytes from `from` on that nobody has verified, at most `most` of them.
  std::optional<Range> NextStored(uint64_t from, uint64_t most);

  // An earlier run left all of the object, and some of it was not verified yet.
  bool ToVerify();

  // --- The entry

  // It was opened or closed; the source has said that this is the version.
  void Used(absl::Time now);
  void Confirmed(absl::Time now);

  // An entry that is yet to be made is not pinned.
  void Unpin();

  // Whether all that there is is safe on the disk and recorded, or never will be: bytes that were
  // lost before they got there could not be taken back from the kernel. If not yet, it soon is.
  bool ReadyForKernel();

  // The kernel is about to be given the file (design rule 4), which is ready for it and written no
  // more: recorded before this returns true.
  bool MarkKernels();

  // A block of a file that was the kernel's is wrong: the entry needs another file.
  bool condemned() const;

  // As far as is known; its file is empty if nothing of this will ever be stored.
  StoredEntry entry() const;

  // The next batch makes an entry even if nothing is to be recorded in it yet.
  void WantEntry();

  // --- The keeper's side: one thread

  bool dirty() const;
  bool settled() const;  // all that is there is recorded
  bool follows() const;  // another process has the claim

  // What is to be recorded now, as far as it is complete; nothing if there is nothing. Reads back
  // blocks that came in pieces. `version` as the source has said it.
  std::optional<CatalogueChange> Collect(const Version& version);

  // What holds the collected bytes, to be synced before they are recorded; and how that ended.
  int sync_fd() const;
  void SyncFailed(const Status& why);

  // The change of the last Collect was applied: how many bytes that were reserved here are the
  // catalogue's to count from now on. Or it was not.
  uint64_t Recorded(const CatalogueChange& change);
  void NotRecorded(const CatalogueChange& change);

  // Versions of the object that this one replaces; once it is recorded, and once.
  std::vector<StoredEntry> TakeOthers();

  // Of a file that follows: the writer may have stored more, or may be gone.
  void Follow();

 private:
  // By number; no sum where it is not known: the block came in pieces.
  using Touched = absl::btree_map<uint64_t, std::optional<uint64_t>>;

  using Sums = absl::flat_hash_map<uint64_t, uint64_t>;

  struct Block {
    uint64_t number;
    std::optional<uint64_t> sum;
  };

  Range BlockRange(uint64_t number) const;
  bool Settled() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Brings in what is right of `run`, which is stored, and lets go of the claims on it. The rest is
  // returned.
  std::vector<Range> RecoverRun(const Range& run);
  // Reads `run` into `bytes`, and returns its blocks whose checksums are right.
  RangeSet ReadRight(int fd, const Range& run, std::span<std::byte> bytes);
  void NoteDamage(const Range& range);

  // By number of block; those of the catalogue for one segment are kept for the next call.
  Result<std::shared_ptr<const Sums>> StoredSums(const Range& run);

  // Blocks that are touched and complete, not so many that memory is the less; they are not touched
  // any more.
  std::vector<Block> TakeComplete();

  // The block as it is on the disk, copied to the entry's file if it is in another one. Nothing if
  // it is not there any more.
  std::optional<StoredBlock> ReadBack(const Block& block, std::span<std::byte> buffer);

  // Where blocks are copied from a file of our own: what was written to it is on the disk.
  bool SyncOwn();

  // Our entry is not in the catalogue: there is another one of this version, or the catalogue was
  // lost.
  void FollowTheOther();
  void BeginAnew();
  void LookAgain(const StoredEntry& known);
  void TakeOver(const StoredEntry& known, CacheDirectory::Claim claim);
  void Touch(const std::vector<Range>& covered) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Shared shared_;
  const uint64_t length_;
  const int own_fd_;  // the driver's; -1: it has none
  const bool sealed_;
  const bool was_whole_;  // an earlier run left all of it
  Resource* resource_ = nullptr;
  OverflowFile* driver_ = nullptr;

  mutable Mutex mu_;
  StoredEntry entry_ ABSL_GUARDED_BY(mu_);
  std::optional<CacheDirectory::Claim> claim_ ABSL_GUARDED_BY(mu_);
  // The entry's file where it is not the driver's. Constant but for the keeper's thread.
  std::shared_ptr<const UniqueFd> stored_fd_ ABSL_GUARDED_BY(mu_);
  RangeSet stored_ ABSL_GUARDED_BY(mu_);  // not verified
  Touched touched_ ABSL_GUARDED_BY(mu_);  // to be recorded
  RangeSet forget_ ABSL_GUARDED_BY(mu_);  // recorded, and gone
  std::vector<StoredEntry> others_ ABSL_GUARDED_BY(mu_);
  RangeSet gone_ ABSL_GUARDED_BY(mu_);            // since the last Collect began
  bool collecting_ ABSL_GUARDED_BY(mu_) = false;  // from Collect until it is recorded or not
  bool in_place_ ABSL_GUARDED_BY(mu_);            // the driver's file is the entry's
  bool kept_ ABSL_GUARDED_BY(mu_) = true;         // may be recorded
  bool used_ ABSL_GUARDED_BY(mu_) = false;        // the entry itself has changed
  bool wanted_ ABSL_GUARDED_BY(mu_) = false;      // even if it is empty
  bool kernels_recorded_ ABSL_GUARDED_BY(mu_);
  bool condemned_ ABSL_GUARDED_BY(mu_) = false;
  bool said_damaged_ ABSL_GUARDED_BY(mu_) = false;
  Range summed_ ABSL_GUARDED_BY(mu_);  // whose checksums these are
  std::shared_ptr<const Sums> sums_ ABSL_GUARDED_BY(mu_);
  uint64_t looks_ ABSL_GUARDED_BY(mu_) = 0;  // how often `stored_` has changed its source
};

// Tells the space what the catalogue's total is now; see CacheSpace::SetRecorded.
void CountRecorded(const DurableFile::Shared& shared, uint64_t recorded);

}  // namespace brimfs

#endif  // BRIMFS_CORE_DURABLE_FILE_H_
