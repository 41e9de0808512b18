// What the cache directory holds: one SQLite database (DIR/catalogue.db, WAL), shared by every
// process that uses the directory.
//
//   entry     one row a version of an object: whose bytes they are, in which file they lie, when
//             they were last used. Sealed by a checksum over all of it: a row that was damaged is
//             ignored, and leaves with the next Apply.
//   segment   which fill blocks of 64 MiB of a file are on disk, one bit each, and their checksums,
//             one blob: not a row a block.
//   meta      the format, the running total of bytes, settings of the directory.
//
// It never names bytes that are not on disk (design rule 3): callers sync data before Apply adds
// it, and punch or unlink only after an Apply with Durability::kPower that forgets it.
//
// A database that is damaged, foreign or of an unknown format is moved out of the way (to
// DIR/catalogue.damaged) and a new one begun: that costs refetches, nothing else. It is found
// damaged at Open or at any later call, which then answers as the new, empty one does. So does one
// that another process has replaced, or that was put in its place: every call looks, with one
// stat(2), whether the database is still the one at that path. Ids are random, so that one of an
// earlier database is no other entry's in the next.
#ifndef BRIMFS_CORE_CATALOGUE_H_
#define BRIMFS_CORE_CATALOGUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "core/catalogue_file.h"
#include "core/mutex.h"
#include "core/range.h"
#include "core/range_set.h"
#include "core/sqlite.h"
#include "core/status.h"
#include "core/version.h"

namespace brimfs {

struct EntryRow;

// One row of `entry`.
struct StoredEntry {
  int64_t id = 0;        // 0: not in the catalogue (yet)
  std::string source;    // identity of the SOURCE
  std::string key;       // Backend::CacheKey: any bytes
  std::string path;      // in the mount, for those who look offline: any bytes
  Version version;       // its length is known; its time is kept to the nanosecond
  std::string file;      // name in the cache directory: 32 hexadecimal digits, lower case, random
  uint64_t salt = 0;     // of its block checksums, random
  bool kernels = false;  // the kernel was given the file: only ever unlinked (design rule 4)
  bool pinned = false;   // never evicted
  uint64_t bytes = 0;    // of the blocks on disk; kept by the catalogue
  absl::Time last_use = absl::InfinitePast();  // to the second
  absl::Time checked = absl::InfinitePast();   // when the source last said that this is the version
};

struct StoredBlock {
  uint64_t number;  // of the fill block in its file
  uint64_t checksum;
};

// What is to change about one entry.
struct CatalogueChange {
  // `entry.id` 0: a new row, unless there is one of the same version (SameForCertain) of the same
  // source and key, or one with the same file, already: then nothing of this change happens and
  // `taken` is set. A row that is gone meanwhile is `taken` as well.
  //
  // Otherwise the row's path, version, file, salt, kernels, last_use and checked become these. Its
  // `pinned` stays (SetPinned), and so does `kernels` once it is set for a file. With another file,
  // salt or length all blocks that were known are forgotten first.
  StoredEntry entry;
  std::vector<Range> forget;     // bytes; every block that they touch; before what is added
  std::vector<StoredBlock> add;  // they replace what was known of these blocks
  bool drop = false;             // the row and all its blocks; nothing if it is gone already
  bool taken = false;            // out

  static CatalogueChange Drop(StoredEntry entry) {
    CatalogueChange change;
    change.entry = std::move(entry);
    change.drop = true;
    return change;
  }
};

// Thread-safe; every call may wait for the disk or (up to 10 s) for another process.
class Catalogue {
 public:
  enum class OnDamage {
    kReplace,  // a missing or damaged database is begun anew
    kReport,   // nothing is changed that the caller does not change: kNotFound, respectively kIo
  };

  // `directory` is private to this user (CacheDirectory has checked it). After fork(2), never
  // before. kIo, kNoSpace, kReadOnly, kDenied with a message that names the file.
  static Result<std::unique_ptr<Catalogue>> Open(const std::string& directory,
                                                 OnDamage on_damage = OnDamage::kReplace);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // --- Looking

  // All versions of one object, the most recently used first; sound rows only.
  Result<std::vector<StoredEntry>> Find(const std::string& source, const std::string& key);

  // The row as it is now; nothing if it is gone.
  Result<std::optional<StoredEntry>> Get(int64_t id);

  // Which bytes of an entry are on disk: whole fill blocks, the last one cut at the length.
  Result<RangeSet> Blocks(const StoredEntry& entry);

  // The checksums of those blocks that `range` (bytes) touches and that are on disk, in order.
  Result<std::vector<StoredBlock>> Checksums(const StoredEntry& entry, const Range& range);

  // For -o offline: the most recently checked version of what lies at `path` of this source; and
  // what lies in a directory ("" is the root), in the order of the names: each name once, `entry`
  // absent for a directory. A name that is a file and a directory is the directory.
  Result<std::optional<StoredEntry>> AtPath(const std::string& source, const std::string& path);
  struct Child {
    std::string name;
    std::optional<StoredEntry> entry;
  };
  Result<std::vector<Child>> Children(const std::string& source, const std::string& path);

  // Up to `most` entries that are not pinned, the least recently used first, from `after` on: the
  // last one of the call before. One step of an index, however many entries there are.
  Result<std::vector<StoredEntry>> Coldest(size_t most, const StoredEntry* after = nullptr);

  // Whether an entry has this file.
  Result<bool> HasFile(const std::string& file);

  // Every entry, in the order of `id`; pages, so that writers are not kept waiting. Rows that are
  // not sound come with their id and an empty `file`.
  Status ForEach(const std::function<void(const StoredEntry&)>& each);

  Result<uint64_t> TotalBytes();  // sum of `bytes` of all entries; a number that is kept
  Result<uint64_t> CountEntries();

  // --- Changing

  enum class Durability {
    kProcess,  // survives the death of this process
    kPower,    // survives a power cut as well: the log is synced
  };

  // All of `changes`, or none of them, in one transaction; fills in `taken`, the ids of new rows
  // and `bytes`. kInvalidArgument if a file is not named as StoredEntry says or a length is
  // unknown.
  Status Apply(std::vector<CatalogueChange>& changes, Durability durability);

  // kNotFound if the row is gone.
  Status SetPinned(int64_t id, bool pinned);

  // A number that belongs to the directory, such as its size limit; set once by whoever is first:
  // answers what holds.
  Result<uint64_t> SettingOr(const std::string& name, uint64_t fallback);

  // --- Health

  // Reads all of the database (PRAGMA integrity_check) and adds the numbers up that are kept. False
  // if something was wrong: it has been put right, or the database replaced, except with
  // OnDamage::kReport. Rows that are not sound are ForEach's to find.
  Result<bool> Verify();

  // How often a damaged or replaced database had to be begun anew since Open: entries that were
  // found before are gone then, and ids have lost their meaning.
  uint64_t generation() const;

 private:
  Catalogue(const std::string& directory, OnDamage on_damage);

  using Work = std::function<Status(Sqlite& database)>;

  // Does `work`, again with the new database if it finds that this one is damaged or was replaced:
  // it must be fit for that. `work` runs without a transaction, in one for writing respectively.
  Status Run(const Work& work);
  Status RunInTransaction(Durability durability, const Work& work);
  Status RunAndRollBack(const Work& work);
  Status RunOnce(const Work& work, bool& again);

  Result<std::unique_ptr<CatalogueFile::Connection>> Acquire();
  void Release(std::unique_ptr<CatalogueFile::Connection> connection);

  // Those that are sound, without their marks; the others are remembered for the next Apply.
  std::vector<StoredEntry> SoundOnes(std::vector<EntryRow>& rows);

  Status VerifyBytes(bool& right);

  const CatalogueFile file_;
  std::atomic<uint64_t> generation_{0};

  // No call into SQLite is made with mu_ held.
  mutable Mutex mu_;
  std::vector<std::unique_ptr<CatalogueFile::Connection>> idle_ ABSL_GUARDED_BY(mu_);
  FileIdentity current_ ABSL_GUARDED_BY(mu_);              // of the newest connection
  absl::btree_set<int64_t> unsound_ ABSL_GUARDED_BY(mu_);  // rows that were found to be so
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_H_
