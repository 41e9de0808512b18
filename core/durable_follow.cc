// A durable file whose entry another process writes, and what becomes of it.
#include <utility>

#include "core/durable_file.h"
#include "core/durable_open.h"

namespace brimfs {

void DurableFile::FollowTheOther() {
  StoredEntry mine;
  {
    MutexLock lock(mu_);
    mine = entry_;
  }
  Opening other;
  std::optional<StoredEntry> found = FindEntry(shared_, mine, other.others);
  if (!found) return BeginAnew();
  if (found->file == mine.file && found->salt == mine.salt) {
    MutexLock lock(mu_);
    entry_.id = found->id;  // an older catalogue that knows this very file
    collecting_ = false;
    Touch(resource_->Coverage());
    return;
  }
  if (found->file == mine.file) {
    (void)Drop(shared_, *found).ok();
    MutexLock lock(mu_);
    kept_ = collecting_ = false;
    return;
  }
  other.entry = std::move(*found);
  OpenFollowed(shared_, other);
  // Our file lives on without its name, as long as it is open.
  (void)shared_.directory.Remove(mine.file).ok();
  const std::vector<Range> covered = resource_->Coverage();
  MutexLock lock(mu_);
  claim_.reset();
  in_place_ = collecting_ = false;
  entry_ = std::move(other.entry);
  summed_ = {};
  ++looks_;
  touched_.clear();  // what we have is looked at again when we take over
  if (other.stored.valid()) {
    stored_fd_ = std::make_shared<const UniqueFd>(std::move(other.stored));
    stored_ = std::move(other.blocks);
    for (const Range& range : covered) stored_.Remove(AlignOutward(range, kFillBlock));
  }
}

void DurableFile::BeginAnew() {
  const std::vector<Range> covered = resource_->Coverage();
  MutexLock lock(mu_);
  entry_.id = 0;
  kernels_recorded_ = collecting_ = false;
  stored_.Clear();  // their checksums are lost
  forget_.Clear();
  Touch(covered);
}

void DurableFile::Touch(const std::vector<Range>& covered) {
  for (const Range& range : covered) {
    for (uint64_t number = range.begin / kFillBlock; number * kFillBlock < range.end; ++number) {
      touched_.try_emplace(number, std::nullopt);
    }
  }
}

void DurableFile::Follow() {
  StoredEntry entry;
  {
    MutexLock lock(mu_);
    if (claim_ || !kept_ || entry_.id == 0) return;
    entry = entry_;
  }
  if (std::optional<CacheDirectory::Claim> claim = shared_.directory.TryClaimNow(entry.file)) {
    TakeOver(entry, std::move(*claim));
  } else {
    LookAgain(entry);
  }
}

void DurableFile::LookAgain(const StoredEntry& known) {
  const Result<std::optional<StoredEntry>> row = shared_.catalogue.Get(known.id);
  if (!row.ok() || !*row || (*row)->file != known.file || (*row)->bytes == known.bytes) return;
  Opening opening;
  opening.entry = **row;
  OpenFollowed(shared_, opening);
  if (!opening.stored.valid()) return;
  {
    MutexLock lock(mu_);
    if (claim_ || entry_.id != known.id) return;
    entry_ = std::move(opening.entry);
    stored_fd_ = std::make_shared<const UniqueFd>(std::move(opening.stored));
    stored_ = std::move(opening.blocks);
    summed_ = {};
    ++looks_;
  }
  // What comes from here on leaves `stored_` as it comes.
  const std::vector<Range> covered = resource_->Coverage();
  MutexLock lock(mu_);
  for (const Range& range : covered) stored_.Remove(AlignInward(range, kFillBlock));
}

void DurableFile::TakeOver(const StoredEntry& known, CacheDirectory::Claim claim) {
  Result<std::optional<StoredEntry>> row = shared_.catalogue.Get(known.id);
  if (!row.ok()) return;
  Opening opening;
  const bool there = *row && (*row)->file == known.file && !(*row)->kernels;
  if (there) {
    opening.entry = **row;
    const Status opened = OpenOwn(shared_, opening);
    if (opened.code() == Code::kNotFound) {
      (void)Drop(shared_, opening.entry).ok();
    }
    if (opening.sealed) opening.own = UniqueFd();
  }
  if (!opening.own.valid()) {
    MutexLock lock(mu_);
    kept_ = false;
    return;
  }
  {
    MutexLock lock(mu_);
    claim_ = std::move(claim);
    entry_ = std::move(opening.entry);
    stored_fd_ = std::make_shared<const UniqueFd>(std::move(opening.own));
    stored_ = opening.blocks;
    summed_ = {};
    ++looks_;
  }
  // What comes from here on is noted as it comes.
  const std::vector<Range> covered = resource_->Coverage();
  {
    MutexLock lock(mu_);
    for (const Range& range : covered) {
      Touch(opening.blocks.Gaps(range));
      stored_.Remove(AlignInward(range, kFillBlock));
    }
  }
  shared_.on_dirty();
}

}  // namespace brimfs
