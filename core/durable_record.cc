// What of a durable file the catalogue is told.
#include <algorithm>
#include <utility>

#include "core/block_checksum.h"
#include "core/durable_file.h"

namespace brimfs {

bool DurableFile::dirty() const {
  MutexLock lock(mu_);
  return claim_ && kept_ &&
         (!touched_.empty() || !forget_.Empty() || used_ || (wanted_ && entry_.id == 0));
}

bool DurableFile::settled() const {
  // In this order: what was told before is among what is to be recorded.
  if (!resource_->ObserversAreTold()) return false;
  MutexLock lock(mu_);
  return Settled();
}

bool DurableFile::Settled() const {
  return claim_ && kept_ && entry_.id != 0 && !collecting_ && touched_.empty() && forget_.Empty();
}

bool DurableFile::follows() const {
  MutexLock lock(mu_);
  return !claim_ && kept_ && entry_.id != 0;
}

std::vector<DurableFile::Block> DurableFile::TakeComplete() {
  std::vector<Block> candidates;
  {
    MutexLock lock(mu_);
    collecting_ = true;
    gone_.Clear();
    for (const auto& [number, sum] : touched_) candidates.push_back({number, sum});
  }
  std::erase_if(candidates, [&](const Block& block) {
    const Range range = BlockRange(block.number);
    return resource_->NextGap(range.begin, range.end).has_value();
  });
  if (candidates.size() > kMostBlocks) candidates.resize(kMostBlocks);
  MutexLock lock(mu_);
  for (Block& block : candidates) {
    const auto touched = touched_.find(block.number);
    if (touched == touched_.end()) continue;  // evicted: reading it back will tell
    block.sum = touched->second;
    touched_.erase(touched);
  }
  return candidates;
}

std::optional<StoredBlock> DurableFile::ReadBack(const Block& block, std::span<std::byte> buffer) {
  std::shared_ptr<const UniqueFd> copy_to;
  uint64_t salt = 0;
  {
    MutexLock lock(mu_);
    copy_to = stored_fd_;
    salt = entry_.salt;
  }
  if (block.sum && !copy_to) return StoredBlock{block.number, *block.sum};
  const Range range = BlockRange(block.number);
  const std::span<std::byte> bytes = buffer.first(range.size());
  // In this order: bytes that are still covered afterwards were read whole.
  const bool read = driver_->Read(range, bytes).ok();
  if (resource_->NextGap(range.begin, range.end) || !driver_->InMemory(range).empty()) {
    return std::nullopt;
  }
  const uint64_t sum = BlockChecksum(salt, block.number, bytes);
  const bool right = read && (!block.sum || *block.sum == sum);
  if (right && (!copy_to || shared_.io.Write(copy_to->get(), range.begin, bytes) == 0)) {
    return StoredBlock{block.number, sum};
  }
  MutexLock lock(mu_);
  touched_.try_emplace(block.number, std::nullopt);  // another time
  return std::nullopt;
}

bool DurableFile::SyncOwn() {
  {
    MutexLock lock(mu_);
    if (!stored_fd_) return true;
  }
  const int error = shared_.io.Sync(own_fd_);
  if (error != 0) SyncFailed(Status::FromErrno(error, "syncing a cached file"));
  return error == 0;
}

std::optional<CatalogueChange> DurableFile::Collect(const Version& version) {
  CatalogueChange change;
  {
    MutexLock lock(mu_);
    if (version.racy) {  // a later change might look the same: nothing of it outlives us
      kept_ = entry_.id != 0;
      touched_.clear();
    }
    if (!claim_ || !kept_) return std::nullopt;
    entry_.version = version;
    entry_.version.length = length_;
  }
  // What is copied from a file that could not be written may be anything.
  if (!SyncOwn()) return std::nullopt;
  std::vector<std::byte> buffer(kFillBlock);
  for (const Block& block : TakeComplete()) {
    if (const std::optional<StoredBlock> stored = ReadBack(block, buffer)) {
      change.add.push_back(*stored);
    }
  }
  MutexLock lock(mu_);
  const RangeSet gone = gone_;
  std::erase_if(change.add,
                [&](const StoredBlock& block) { return gone.Overlaps(BlockRange(block.number)); });
  for (const StoredBlock& block : change.add) forget_.Remove(BlockRange(block.number));
  change.forget = forget_.Ranges();
  if (change.add.empty() && change.forget.empty() && !(entry_.id != 0 ? used_ : wanted_)) {
    collecting_ = false;
    return std::nullopt;
  }
  forget_.Clear();
  used_ = false;
  change.entry = entry_;
  return change;
}

int DurableFile::sync_fd() const {
  MutexLock lock(mu_);
  return stored_fd_ ? stored_fd_->get() : own_fd_;
}

void DurableFile::SyncFailed(const Status& why) {
  shared_.health.Failed(why);
  std::vector<Range> lost;
  {
    MutexLock lock(mu_);
    kept_ = false;
    collecting_ = false;
    touched_.clear();
    if (stored_fd_) return;  // what is read is in a file of our own
  }
  driver_->Seal();
  // Pages that could not be written count as clean and may leave memory at any time: all that no
  // earlier batch has recorded is fetched again.
  RangeSet recorded;
  StoredEntry entry;
  {
    MutexLock lock(mu_);
    entry = entry_;
  }
  if (entry.id != 0) {
    Result<RangeSet> blocks = shared_.catalogue.Blocks(entry);
    if (blocks.ok()) recorded = std::move(*blocks);
  }
  for (const Range& gap : recorded.Gaps({0, length_})) resource_->MarkAbsent(gap);
}

std::vector<StoredEntry> DurableFile::TakeOthers() {
  MutexLock lock(mu_);
  return entry_.id != 0 ? std::exchange(others_, {}) : std::vector<StoredEntry>();
}

uint64_t DurableFile::Recorded(const CatalogueChange& change) {
  if (change.taken) {
    FollowTheOther();
    return 0;
  }
  uint64_t bytes = 0;
  for (const StoredBlock& block : change.add) bytes += BlockRange(block.number).size();
  bool in_place = false;
  bool first = false;
  {
    MutexLock lock(mu_);
    first = entry_.id == 0;
    entry_.id = change.entry.id;
    in_place = in_place_;
    collecting_ = false;
  }
  if (first) (void)shared_.directory.Keep(change.entry.file).ok();
  if (!in_place) return 0;
  driver_->Disown(bytes);
  return bytes;
}

void DurableFile::NotRecorded(const CatalogueChange& change) {
  MutexLock lock(mu_);
  collecting_ = false;
  for (const StoredBlock& block : change.add) touched_.try_emplace(block.number, std::nullopt);
  for (const Range& range : change.forget) forget_.Add(range);
  used_ = used_ || entry_.id != 0;
}

void CountRecorded(const DurableFile::Shared& shared, uint64_t recorded) {
  for (;;) {
    const uint64_t sequence = shared.space.sequence();
    const Result<uint64_t> total = shared.catalogue.TotalBytes();
    if (!total.ok() || shared.space.SetRecorded(*total, recorded, sequence)) return;
  }
}

}  // namespace brimfs
