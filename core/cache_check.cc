#include "core/cache_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "core/block_checksum.h"
#include "core/range_set.h"
#include "core/stored_blocks.h"

namespace brimfs {
namespace {

uint64_t RandomSalt() {
  std::random_device random;
  constexpr int kHalf = 32;
  return (uint64_t{random()} << kHalf) | random();
}

std::string NameOf(const StoredEntry& entry) {
  return entry.source + (entry.path.empty() || entry.source.ends_with('/') ? "" : " ") + entry.path;
}

class Checker {
 public:
  Checker(CacheDirectory& directory, Catalogue& catalogue, FileIo& io,
          const CacheCheckOptions& options, const CacheCheckReport& report)
      : directory_(directory), catalogue_(catalogue), io_(io), options_(options), report_(report) {}

  Result<CacheCheckResult> Run() {
    const Result<bool> right = catalogue_.Verify();
    if (!right.ok()) return right.status();
    if (!*right) Found("the catalogue was damaged");
    const Status entries = CheckEntries();
    if (!*right && !options_.repair && !entries.ok()) return result_;  // it is too damaged
    BRIMFS_RETURN_IF_ERROR(entries);
    for (const CacheDirectory::Place place :
         {CacheDirectory::Place::kNew, CacheDirectory::Place::kData}) {
      BRIMFS_RETURN_IF_ERROR(CheckFiles(place));
    }
    if (options_.repair && result_.corrected > 0) BRIMFS_RETURN_IF_ERROR(directory_.Sync());
    return result_;
  }

 private:
  // Something that is put right now, or would be.
  void Found(const std::string& what) {
    ++(options_.repair ? result_.corrected : result_.left);
    report_(what);
  }

  Status CheckEntries() {
    Status status;
    BRIMFS_RETURN_IF_ERROR(catalogue_.ForEach([&](const StoredEntry& entry) {
      if (status.ok()) status = CheckEntry(entry);
    }));
    return status;
  }

  Status CheckEntry(const StoredEntry& seen) {
    if (seen.file.empty()) return Forsake(seen, "a damaged row of the catalogue", /*remove=*/false);
    const std::optional<CacheDirectory::Claim> claim = directory_.TryClaimNow(seen.file);
    if (!claim) {
      ++result_.in_use;
      report_(NameOf(seen) + ": in use, not checked");
      return OkStatus();
    }
    // As it is now that nobody else may change it.
    const Result<std::optional<StoredEntry>> now = catalogue_.Get(seen.id);
    if (!now.ok()) return now.status();
    if (!*now || (*now)->file != seen.file) return OkStatus();
    const StoredEntry& entry = **now;
    ++result_.entries;

    const Result<UniqueFd> file = directory_.OpenFile(
        entry.file, options_.repair && !entry.kernels ? CacheDirectory::Access::kWrite
                                                      : CacheDirectory::Access::kRead);
    if (file.code() == Code::kNotFound) {
      return Forsake(entry, NameOf(entry) + ": its file is gone, or was not made by brimfs",
                     /*remove=*/true);
    }
    if (!file.ok()) {
      ++result_.left;
      report_(NameOf(entry) + ": " + file.status().message());
      return OkStatus();
    }
    struct stat info = {};
    if (fstat(file->get(), &info) != 0) return Status::FromErrno(errno, entry.file);
    if (static_cast<uint64_t>(info.st_size) != *entry.version.length) {
      return Forsake(entry, NameOf(entry) + ": its file has the wrong length", /*remove=*/true);
    }
    return CheckBlocks(entry, file->get());
  }

  Status CheckBlocks(const StoredEntry& entry, int fd) {
    // What is on the disk, not what was read before; harmless if it does not work.
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    RangeSet damaged;
    BRIMFS_RETURN_IF_ERROR(VisitStoredBlocks(
        catalogue_, io_, entry, fd,
        [&](uint64_t /*number*/, const Range& range, std::span<const std::byte> bytes) {
          if (bytes.empty()) {
            damaged.Add(range);
          } else {
            result_.bytes += range.size();
          }
          return OkStatus();
        }));
    if (damaged.Empty()) return OkStatus();
    Found(NameOf(entry) + ": " + std::to_string(damaged.TotalBytes()) + " bytes are damaged");
    if (!options_.repair) return OkStatus();
    if (entry.kernels) return RebuildFile(directory_, catalogue_, io_, entry).status();

    CatalogueChange change;
    change.entry = entry;
    change.forget = damaged.Ranges();
    BRIMFS_RETURN_IF_ERROR(Apply(change));
    // Only for the space: what it forgets is absent, whatever the file has there.
    for (const Range& range : damaged.Ranges()) (void)io_.Punch(fd, range);
    return OkStatus();
  }

  // Whatever `entry` names is not to be had.
  Status Forsake(const StoredEntry& entry, const std::string& why, bool remove) {
    Found(why);
    if (!options_.repair) return OkStatus();
    CatalogueChange change;
    change.entry = entry;
    change.drop = true;
    BRIMFS_RETURN_IF_ERROR(Apply(change));
    return remove ? directory_.Remove(entry.file) : OkStatus();
  }

  Status CheckFiles(CacheDirectory::Place place) {
    Status status;
    BRIMFS_RETURN_IF_ERROR(directory_.ForEachName(place, [&](const std::string& name) {
      status = CheckFile(name);
      return status.ok();
    }));
    return status;
  }

  Status CheckFile(const std::string& name) {
    if (!CacheDirectory::IsFileName(name)) {
      ++result_.left;
      report_(name + ": was not made by brimfs");
      return OkStatus();
    }
    const std::optional<CacheDirectory::Claim> claim = directory_.TryClaimNow(name);
    if (!claim) return OkStatus();  // somebody is about to name it, or has named it
    const Result<bool> named = catalogue_.HasFile(name);
    if (!named.ok()) return named.status();
    if (*named) return options_.repair ? directory_.Keep(name) : OkStatus();
    Found(name + ": a file without an entry");
    return options_.repair ? directory_.Remove(name) : OkStatus();
  }

  Status Apply(const CatalogueChange& change) {
    std::vector<CatalogueChange> changes{change};
    return catalogue_.Apply(changes, Catalogue::Durability::kPower);
  }

  CacheDirectory& directory_;
  Catalogue& catalogue_;
  FileIo& io_;
  const CacheCheckOptions& options_;
  const CacheCheckReport& report_;
  CacheCheckResult result_;
};

}  // namespace

Result<CacheCheckResult> CheckCache(CacheDirectory& directory, Catalogue& catalogue, FileIo& io,
                                    const CacheCheckOptions& options,
                                    const CacheCheckReport& report) {
  return Checker(directory, catalogue, io, options, report).Run();
}

Result<StoredEntry> RebuildFile(CacheDirectory& directory, Catalogue& catalogue, FileIo& io,
                                const StoredEntry& entry) {
  const Result<UniqueFd> old = directory.OpenFile(entry.file, CacheDirectory::Access::kRead);
  if (!old.ok()) return old.status();
  Result<CacheDirectory::NewFile> fresh = directory.Create();
  if (!fresh.ok()) return fresh.status();
  const int fd = fresh->fd.get();
  const auto failed = [&](const Status& why) {
    (void)directory.Remove(fresh->name).ok();
    return why;
  };

  std::vector<CatalogueChange> changes(1);
  CatalogueChange& change = changes.front();
  change.entry = entry;
  change.entry.file = fresh->name;
  change.entry.salt = RandomSalt();
  change.entry.kernels = false;
  const auto check = [](int error) {
    return error == 0 ? OkStatus() : Status::FromErrno(error, "cannot rebuild a file of the cache");
  };
  Status built = check(io.Truncate(fd, entry.version.length.value_or(0)));
  if (built.ok()) {
    built = VisitStoredBlocks(
        catalogue, io, entry, old->get(),
        [&](uint64_t number, const Range& range, std::span<const std::byte> bytes) {
          if (bytes.empty()) return OkStatus();
          change.add.push_back({number, BlockChecksum(change.entry.salt, number, bytes)});
          return check(io.Write(fd, range.begin, bytes));
        });
  }
  if (built.ok()) built = check(io.Sync(fd));
  if (built.ok()) built = directory.Sync();
  if (!built.ok()) return failed(built);
  // After an error it may be recorded all the same: then the sweeper sees to the file.
  BRIMFS_RETURN_IF_ERROR(catalogue.Apply(changes, Catalogue::Durability::kPower));
  if (change.taken) return failed(Status(Code::kNotFound, "the entry has left the cache"));
  BRIMFS_RETURN_IF_ERROR(directory.Keep(fresh->name));
  BRIMFS_RETURN_IF_ERROR(directory.Remove(entry.file));
  return change.entry;
}

}  // namespace brimfs
