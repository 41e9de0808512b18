#include "core/durable_open.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

namespace brimfs {
namespace {

// The file system's own blocks of a file, and what is not worth punching, bytes.
constexpr uint64_t kStray = 1 << 20;

// A process that is about to end lets go of its files within this.
constexpr auto kLeavePatience = std::chrono::seconds(20);
constexpr auto kLeavePoll = std::chrono::milliseconds(5);

uint64_t RandomSalt() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

std::optional<CacheDirectory::Claim> ClaimOrWait(CacheDirectory& directory,
                                                 const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + kLeavePatience;
  for (;;) {
    if (auto claim = directory.TryClaim(name)) return claim;
    if (!directory.HolderLeaves(name) || std::chrono::steady_clock::now() > deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kLeavePoll);  // another process: nothing tells when it has ended
  }
}

}  // namespace

Status OpenOwn(const DurableFile::Shared& shared, DurableFile::Opening& opening) {
  const StoredEntry& entry = opening.entry;
  bool sealed = entry.kernels;
  Result<UniqueFd> fd = shared.directory.OpenFile(entry.file, CacheDirectory::Access::kWrite);
  if (fd.code() == Code::kReadOnly) {
    sealed = true;
    fd = shared.directory.OpenFile(entry.file, CacheDirectory::Access::kRead);
  }
  if (!fd.ok()) return fd.status();
  struct stat info;
  if (fstat(fd->get(), &info) != 0) return Status::FromErrno(errno, entry.file);
  if (static_cast<uint64_t>(info.st_size) != *entry.version.length) {
    if (sealed) return Status(Code::kNotFound, entry.file + " has another length");
    const int error = shared.io.Truncate(fd->get(), *entry.version.length);
    if (error != 0) return Status::FromErrno(error, entry.file);
  }
  Result<RangeSet> blocks = shared.catalogue.Blocks(entry);
  if (!blocks.ok()) return blocks.status();
  // What came and was never recorded takes room that nobody counts.
  if (!sealed && static_cast<uint64_t>(info.st_blocks) * 512 > entry.bytes + kStray) {
    for (const Range& gap : blocks->Gaps({0, *entry.version.length})) {
      if (shared.io.Punch(fd->get(), gap) != 0) break;
    }
  }
  opening.blocks = std::move(*blocks);
  opening.own = std::move(*fd);
  opening.sealed = sealed;
  if (!sealed) (void)shared.directory.Keep(entry.file).ok();  // where a crash came before it
  return OkStatus();
}

void OpenFollowed(const DurableFile::Shared& shared, DurableFile::Opening& opening) {
  Result<UniqueFd> fd =
      shared.directory.OpenFile(opening.entry.file, CacheDirectory::Access::kRead);
  if (!fd.ok()) return;
  Result<RangeSet> blocks = shared.catalogue.Blocks(opening.entry);
  if (!blocks.ok()) return;
  opening.stored = std::move(*fd);
  opening.blocks = std::move(*blocks);
}

std::optional<StoredEntry> FindEntry(const DurableFile::Shared& shared, const StoredEntry& wanted,
                                     std::vector<StoredEntry>& others) {
  Result<std::vector<StoredEntry>> rows = shared.catalogue.Find(wanted.source, wanted.key);
  if (!rows.ok()) return std::nullopt;
  std::optional<StoredEntry> found;
  for (StoredEntry& row : *rows) {
    if (!CacheDirectory::IsFileName(row.file)) continue;
    if (!found && SameForCertain(row.version, wanted.version)) {
      found = std::move(row);
    } else {
      others.push_back(std::move(row));
    }
  }
  return found;
}

Status DurableFile::Drop(const Shared& shared, const StoredEntry& entry) {
  std::vector<CatalogueChange> changes{CatalogueChange::Drop(entry)};
  BRIMFS_RETURN_IF_ERROR(shared.catalogue.Apply(changes, Catalogue::Durability::kPower));
  (void)shared.directory.Remove(entry.file).ok();  // the sweeper finds what is left
  return OkStatus();
}

Result<DurableFile::Opening> DurableFile::Open(const Shared& shared, StoredEntry wanted,
                                               bool or_none) {
  Opening opening;
  std::optional<StoredEntry> found = FindEntry(shared, wanted, opening.others);
  while (found) {
    opening.entry = *found;
    opening.claim = ClaimOrWait(shared.directory, found->file);
    // It may have changed while nobody had it, or while we waited.
    Result<std::optional<StoredEntry>> now = shared.catalogue.Get(found->id);
    if (now.ok() && *now && (*now)->file != found->file) {
      found = std::move(*now);
      opening.claim.reset();
      continue;
    }
    if (!now.ok() || !*now) break;
    opening.entry = std::move(**now);
    std::erase_if(opening.others, [&](const StoredEntry& other) {
      return other.checked >= opening.entry.checked;  // who knows which is the newer one
    });
    if (opening.claim) {
      const Status opened = OpenOwn(shared, opening);
      if (opened.ok()) return opening;
      if (opened.code() == Code::kNotFound) {
        (void)Drop(shared, opening.entry).ok();
        break;
      }
      if (!or_none) return opened;
      shared.health.Failed(opened);
      return opening;
    }
    OpenFollowed(shared, opening);
    Result<UniqueFd> own = shared.directory.CreateUnnamed();
    if (own.ok()) {
      opening.own = std::move(*own);
    } else if (!or_none) {
      return own.status();
    }
    return opening;
  }

  opening.entry = std::move(wanted);
  opening.entry.id = 0;
  opening.entry.pinned = std::any_of(opening.others.begin(), opening.others.end(),
                                     [](const StoredEntry& other) { return other.pinned; });
  opening.entry.salt = RandomSalt();
  opening.claim.reset();
  opening.blocks.Clear();
  Result<CacheDirectory::NewFile> file = shared.directory.Create();
  if (!file.ok()) {
    if (!or_none) return file.status();
    shared.health.Failed(file.status());
    if (file.code() == Code::kNoSpace) shared.space.DiskIsFull();
    opening.entry.file.clear();
    return opening;
  }
  opening.entry.file = std::move(file->name);
  opening.claim = std::move(file->claim);
  opening.own = std::move(file->fd);
  return opening;
}

}  // namespace brimfs
