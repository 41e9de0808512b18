#include "core/durable_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/block_checksum.h"
#include "core/log.h"

namespace brimfs {
namespace {

// Verified in one go, bytes: a kernel's read.
constexpr uint64_t kRun = 1 << 20;

// Whose checksums are read from the catalogue at once: one of its segments.
constexpr uint64_t kSegment = 64 << 20;

}  // namespace

DurableFile::DurableFile(const Shared& shared, Opening& opening)
    : shared_(shared),
      length_(*opening.entry.version.length),
      own_fd_(opening.own.get()),
      sealed_(opening.sealed),
      was_whole_(length_ > 0 && opening.blocks.Covers({0, length_})),
      entry_(std::move(opening.entry)),
      claim_(std::move(opening.claim)),
      stored_(std::move(opening.blocks)),
      others_(std::move(opening.others)),
      in_place_(claim_.has_value()),
      kept_(own_fd_ >= 0),
      kernels_recorded_(entry_.kernels && in_place_) {
  if (opening.stored.valid()) {
    stored_fd_ = std::make_shared<const UniqueFd>(std::move(opening.stored));
  }
}

DurableFile::~DurableFile() {
  MutexLock lock(mu_);
  if (claim_ && entry_.id == 0) (void)shared_.directory.Remove(entry_.file).ok();
}

void DurableFile::Attach(Resource& resource, OverflowFile& driver) {
  resource_ = &resource;
  driver_ = &driver;
  if (sealed_) driver.Seal();
}

Range DurableFile::BlockRange(uint64_t number) const {
  return {number * kFillBlock, std::min((number + 1) * kFillBlock, length_)};
}

// --- What comes and goes

void DurableFile::OnWrite(Resource&, const Range& written, std::span<const std::byte> bytes) {
  const bool on_disk = driver_->InMemory(written).empty();
  uint64_t salt = 0;
  {
    MutexLock lock(mu_);
    stored_.Remove(AlignOutward(written, kFillBlock));  // checksums are of whole blocks
    if (!on_disk || !kept_ || !claim_) return;
    salt = entry_.salt;
  }
  std::vector<Block> blocks;
  for (uint64_t number = written.begin / kFillBlock; number * kFillBlock < written.end; ++number) {
    const Range block = BlockRange(number);
    Block one{number, std::nullopt};
    if (written.Contains(block)) {
      one.sum =
          BlockChecksum(salt, number, bytes.subspan(block.begin - written.begin, block.size()));
    }
    blocks.push_back(one);
  }
  {
    MutexLock lock(mu_);
    for (const Block& block : blocks) {
      touched_[block.number] = salt == entry_.salt ? block.sum : std::nullopt;
    }
  }
  shared_.on_dirty();
}

void DurableFile::OnEvict(Resource&, const Range& evicted) {
  {
    MutexLock lock(mu_);
    const uint64_t end = (evicted.end + kFillBlock - 1) / kFillBlock;
    touched_.erase(touched_.lower_bound(evicted.begin / kFillBlock), touched_.lower_bound(end));
    gone_.Add(evicted);
    if (entry_.id == 0 || !in_place_ || entry_.kernels) return;
    forget_.Add(AlignOutward(evicted, kFillBlock));
  }
  shared_.on_dirty();
}

// --- What an earlier run left

std::vector<Range> DurableFile::Absent(const Range& range) {
  MutexLock lock(mu_);
  return stored_.Gaps(range);
}

std::vector<Range> DurableFile::Stored() const {
  MutexLock lock(mu_);
  return stored_.Ranges();
}

std::optional<Range> DurableFile::NextStored(uint64_t from, uint64_t most) {
  MutexLock lock(mu_);
  const std::vector<Range> left = stored_.Overlap({from, length_});
  if (left.empty()) return std::nullopt;
  return Range{left.front().begin, std::min(left.front().end, left.front().begin + most)};
}

bool DurableFile::ToVerify() {
  if (!was_whole_) return false;
  MutexLock lock(mu_);
  return !stored_.Empty();
}

std::vector<Range> DurableFile::Recover(const std::vector<Range>& claimed) {
  std::vector<Range> rest;
  for (const Range& range : claimed) {
    // Only whole blocks have a checksum; who claimed the other half of one fetches it as well.
    const bool to_the_end = range.end == length_;
    const Range outer = to_the_end ? AlignOutward({0, length_}, kFillBlock) : Range{0, range.end};
    const Range inner = Intersect(AlignInward({range.begin, outer.end}, kFillBlock), {0, length_});
    std::vector<Range> stored;
    {
      MutexLock lock(mu_);
      stored = stored_.Overlap(inner);
      for (const Range& run : stored) stored_.Remove(run);
    }
    RangeSet missing;
    missing.Add(range);
    for (const Range& whole : stored) {
      missing.Remove(whole);
      for (uint64_t at = whole.begin; at < whole.end; at += kRun) {
        for (const Range& bad : RecoverRun({at, std::min(whole.end, at + kRun)})) missing.Add(bad);
      }
    }
    for (const Range& part : missing.Ranges()) rest.push_back(part);
  }
  return rest;
}

std::vector<Range> DurableFile::RecoverRun(const Range& run) {
  std::shared_ptr<const UniqueFd> copy_from;
  {
    MutexLock lock(mu_);
    copy_from = stored_fd_;
  }
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(run.size());
  const std::span<std::byte> bytes(buffer.get(), run.size());
  RangeSet rest;
  rest.Add(run);
  const auto verify = [&](int fd) {
    RangeSet right = ReadRight(fd, run, bytes);
    for (const Range& range : right.Ranges()) {
      rest.Remove(range);
      shared_.stats.bytes_recovered.fetch_add(range.size(), std::memory_order_relaxed);
    }
    return right;
  };
  if (copy_from != nullptr) {
    for (const Range& range : verify(copy_from->get()).Ranges()) {
      const auto of_range = bytes.subspan(range.begin - run.begin, range.size());
      if (!resource_->Write(range.begin, of_range).ok()) rest.Add(range);
    }
  } else if (!resource_->Adopt(run, [&] { return verify(own_fd_); }).ok()) {
    rest.Add(run);
  }
  // What somebody has written meanwhile is here.
  RangeSet missing;
  for (const Range& range : rest.Ranges()) {
    for (uint64_t at = range.begin; at < range.end;) {
      const std::optional<Range> gap = resource_->NextGap(at, range.end);
      if (!gap) break;
      missing.Add(*gap);
      at = gap->end;
    }
  }
  for (const Range& range : missing.Gaps(run)) resource_->Release(range);
  return missing.Ranges();
}

RangeSet DurableFile::ReadRight(int fd, const Range& run, std::span<std::byte> bytes) {
  RangeSet right;
  const Result<std::shared_ptr<const Sums>> sums = StoredSums(run);
  if (!sums.ok()) return right;  // it says nothing about the bytes
  uint64_t salt = 0;
  {
    MutexLock lock(mu_);
    salt = entry_.salt;
  }
  // A file that is too short, or a disk that fails, is told block by block.
  const bool whole = shared_.io.Read(fd, run.begin, bytes) == 0;
  for (uint64_t number = run.begin / kFillBlock; number * kFillBlock < run.end; ++number) {
    const Range block = BlockRange(number);
    const auto of_block = bytes.subspan(block.begin - run.begin, block.size());
    const auto sum = (*sums)->find(number);
    if (sum != (*sums)->end() && (whole || shared_.io.Read(fd, block.begin, of_block) == 0) &&
        BlockChecksum(salt, number, of_block) == sum->second) {
      right.Add(block);
    } else {
      NoteDamage(block);
    }
  }
  return right;
}

void DurableFile::NoteDamage(const Range& range) {
  std::string file;
  {
    MutexLock lock(mu_);
    if (!claim_) return;  // its writer may have evicted them
    shared_.stats.blocks_damaged.fetch_add(1, std::memory_order_relaxed);
    if (entry_.kernels && in_place_) condemned_ = true;
    if (std::exchange(said_damaged_, true)) return;
    file = entry_.path;
  }
  Log(LogLevel::kWarning, file + ": cached bytes " + std::to_string(range.begin) + "-" +
                              std::to_string(range.end) +
                              " are not what was stored; fetching them again");
}

Result<std::shared_ptr<const DurableFile::Sums>> DurableFile::StoredSums(const Range& run) {
  StoredEntry entry;
  uint64_t looks = 0;
  const Range segment = Intersect(AlignOutward(run, kSegment), {0, length_});
  {
    MutexLock lock(mu_);
    if (summed_.Contains(run)) return sums_;
    entry = entry_;
    looks = looks_;
  }
  const Result<std::vector<StoredBlock>> blocks = shared_.catalogue.Checksums(entry, segment);
  if (!blocks.ok()) return blocks.status();
  auto sums = std::make_shared<Sums>();
  sums->reserve(blocks->size());
  for (const StoredBlock& block : *blocks) sums->emplace(block.number, block.checksum);
  MutexLock lock(mu_);
  if (looks == looks_) {
    summed_ = segment;
    sums_ = sums;
  }
  return std::shared_ptr<const Sums>(std::move(sums));
}

// --- The entry

void DurableFile::Used(absl::Time now) {
  {
    MutexLock lock(mu_);
    if (entry_.last_use >= now) return;
    entry_.last_use = now;
    if (entry_.id == 0 || !claim_) return;
    used_ = true;
  }
  shared_.on_dirty();
}

void DurableFile::Confirmed(absl::Time now) {
  {
    MutexLock lock(mu_);
    if (entry_.checked >= now) return;
    entry_.checked = now;
    if (entry_.id == 0 || !claim_) return;
    used_ = true;
  }
  shared_.on_dirty();
}

void DurableFile::Unpin() {
  MutexLock lock(mu_);
  if (entry_.id == 0) entry_.pinned = false;
}

bool DurableFile::ReadyForKernel() {
  bool never_recorded = false;
  const bool told = resource_->ObserversAreTold();
  {
    MutexLock lock(mu_);
    if (kernels_recorded_) return true;
    if (told && Settled()) return true;
    never_recorded = !kept_ || !claim_;
  }
  if (!never_recorded) {
    shared_.on_complete();
    return false;
  }
  // Nobody will find the file by a name; but its bytes should be safe before they are the kernel's,
  // which can't be told that they were lost.
  if (const int error = shared_.io.Sync(own_fd_); error != 0) {
    SyncFailed(Status::FromErrno(error, "syncing a cached file"));
    return false;
  }
  return true;
}

bool DurableFile::MarkKernels() {
  std::vector<CatalogueChange> changes(1);
  {
    MutexLock lock(mu_);
    if (kernels_recorded_ || !in_place_) return true;
    if (collecting_) return false;
    if (entry_.id == 0) {
      entry_.kernels = true;  // for when it gets an entry; until then it is only ever unlinked
      return true;
    }
    changes[0].entry = entry_;
    changes[0].entry.kernels = true;
  }
  // A power cut would end every map as well.
  if (!shared_.catalogue.Apply(changes, Catalogue::Durability::kProcess).ok() || changes[0].taken) {
    return false;
  }
  MutexLock lock(mu_);
  entry_.kernels = kernels_recorded_ = true;
  return true;
}

bool DurableFile::condemned() const {
  MutexLock lock(mu_);
  return condemned_;
}

StoredEntry DurableFile::entry() const {
  MutexLock lock(mu_);
  return entry_;
}

void DurableFile::WantEntry() {
  {
    MutexLock lock(mu_);
    wanted_ = true;
  }
  shared_.on_dirty();
}

}  // namespace brimfs
