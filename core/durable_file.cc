#include "core/durable_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "core/block_checksum.h"
#include "core/log.h"

namespace brimfs {
namespace {

// Verified in one go, bytes: a kernel's read.
constexpr uint64_t kRun = 1 << 20;

// Whose checksums are read from the catalogue at once: one of its segments.
constexpr uint64_t kSegment = 64 << 20;

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

// The claimed file of an entry, made fit to be written. kNotFound: the entry is worth nothing.
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

// Another process writes the entry: what it has stored can be read.
void OpenFollowed(const DurableFile::Shared& shared, DurableFile::Opening& opening) {
  Result<UniqueFd> fd =
      shared.directory.OpenFile(opening.entry.file, CacheDirectory::Access::kRead);
  if (!fd.ok()) return;
  Result<RangeSet> blocks = shared.catalogue.Blocks(opening.entry);
  if (!blocks.ok()) return;
  opening.stored = std::move(*fd);
  opening.blocks = std::move(*blocks);
}

// The entry of this version, if there is one; the others leave.
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

}  // namespace

void DurableFile::Drop(const Shared& shared, const StoredEntry& entry) {
  std::vector<CatalogueChange> changes{CatalogueChange::Drop(entry)};
  if (shared.catalogue.Apply(changes, Catalogue::Durability::kPower).ok()) {
    (void)shared.directory.Remove(entry.file).ok();
  }
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
        Drop(shared, opening.entry);
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
  std::shared_ptr<const UniqueFd> stored_fd;
  uint64_t salt = 0;
  {
    MutexLock lock(mu_);
    stored_fd = stored_fd_;
    salt = entry_.salt;
  }
  const Result<std::shared_ptr<const Sums>> known = StoredSums(run);
  if (!known.ok()) return {run};  // it says nothing about the bytes
  const Sums& sums = **known;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(run.size());
  const std::span<std::byte> bytes(buffer.get(), run.size());
  const int fd = stored_fd ? stored_fd->get() : own_fd_;
  // A file that is too short, or a disk that fails, is told block by block.
  const bool whole = shared_.io.Read(fd, run.begin, bytes) == 0;

  std::vector<Range> bad;
  Range good{run.begin, run.begin};
  const auto bring_in = [&] {
    if (good.empty()) return;
    if (!BringIn(good, bytes.subspan(good.begin - run.begin, good.size())).ok()) {
      bad.push_back(good);
    }
  };
  for (uint64_t number = run.begin / kFillBlock; number * kFillBlock < run.end; ++number) {
    const Range block = BlockRange(number);
    const auto of_block = bytes.subspan(block.begin - run.begin, block.size());
    const auto sum = sums.find(number);
    const bool right = sum != sums.end() &&
                       (whole || shared_.io.Read(fd, block.begin, of_block) == 0) &&
                       BlockChecksum(salt, number, of_block) == sum->second;
    if (right) {
      good.end = block.end;
      continue;
    }
    bring_in();
    good = {block.end, block.end};
    bad.push_back(block);
    NoteDamage(block);
  }
  bring_in();
  return bad;
}

Status DurableFile::BringIn(const Range& range, std::span<const std::byte> bytes) {
  bool copies = false;
  {
    MutexLock lock(mu_);
    copies = stored_fd_ != nullptr;
  }
  BRIMFS_RETURN_IF_ERROR(copies ? resource_->Write(range.begin, bytes) : resource_->Adopt(range));
  resource_->Release(range);
  return OkStatus();
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

bool DurableFile::ReadyForKernel() {
  bool never_recorded = false;
  {
    MutexLock lock(mu_);
    if (kernels_recorded_) return true;
    if (Settled()) return true;
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

// --- Recording

bool DurableFile::dirty() const {
  MutexLock lock(mu_);
  return claim_ && kept_ && (!touched_.empty() || !forget_.Empty() || used_);
}

bool DurableFile::settled() const {
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
  if (change.add.empty() && change.forget.empty() && !(used_ && entry_.id != 0)) {
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

// --- Other processes

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
    Drop(shared_, *found);
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
    if (opened.code() == Code::kNotFound) Drop(shared_, opening.entry);
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

void CountRecorded(const DurableFile::Shared& shared, uint64_t recorded) {
  for (;;) {
    const uint64_t sequence = shared.space.sequence();
    const Result<uint64_t> total = shared.catalogue.TotalBytes();
    if (!total.ok() || shared.space.SetRecorded(*total, recorded, sequence)) return;
  }
}

}  // namespace brimfs
