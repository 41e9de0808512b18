#include "core/evictor.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/log.h"

namespace brimfs {
namespace {

constexpr size_t kPage = 64;         // entries looked at in one step
constexpr size_t kMostVictims = 64;  // in one transaction

}  // namespace

Evictor::Evictor(const DurableFile::Shared& shared, OpenFiles& files, std::function<void()> flush)
    : shared_(shared),
      files_(files),
      flush_(std::move(flush)),
      reserve_(UniqueFd(open(shared.directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
               shared.io) {}

Evictor::~Evictor() { Stop(); }

void Evictor::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "evictor");
    Run();
  });
}

void Evictor::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Evictor::Wake() {
  MutexLock lock(mu_);
  wanted_ = true;
  wake_.NotifyAll();
}

void Evictor::Run() {
  bool said = false;
  if (shared_.space.Excess() == 0) reserve_.Fill();
  for (;;) {
    {
      MutexLock lock(mu_);
      while (!wanted_ && !stopping_) wake_.Wait(mu_);
      if (stopping_) return;
      wanted_ = false;
    }
    const uint64_t excess = shared_.space.Excess();
    uint64_t freed = Pass(excess);
    if (freed < excess) {
      flush_();
      freed += Pass(excess - freed);
    }
    shared_.stats.bytes_evicted.fetch_add(freed, std::memory_order_relaxed);
    CountRecorded(shared_, 0);
    const bool room = excess == 0 || freed > 0;
    if (freed > 0 && shared_.space.Excess() == 0) reserve_.Fill();
    if (!room && !said) {
      Log(LogLevel::kWarning, "the cache in " + shared_.directory.path() +
                                  " has no room and nothing in it can leave; what is fetched is "
                                  "kept in memory");
    }
    said = !room;
    // Where there is room by now nobody needs to give up.
    shared_.space.OnEvicted(room ? std::max<uint64_t>(freed, 1) : 0);
  }
}

uint64_t Evictor::Pass(uint64_t wanted) {
  uint64_t freed = 0;
  std::optional<StoredEntry> last;
  std::vector<Victim> victims;
  uint64_t chosen = 0;
  while (freed + chosen < wanted) {
    Result<std::vector<StoredEntry>> page =
        shared_.catalogue.Coldest(kPage, last ? &*last : nullptr);
    if (!page.ok() || page->empty()) break;
    last = page->back();
    for (const StoredEntry& entry : *page) {
      if (freed + chosen >= wanted) break;
      std::optional<Victim> victim = Choose(entry, wanted - freed - chosen);
      if (!victim) continue;
      chosen += victim->bytes;
      victims.push_back(std::move(*victim));
      if (victims.size() < kMostVictims) continue;
      freed += Remove(victims);
      victims.clear();
      chosen = 0;
    }
  }
  return freed + Remove(victims);
}

std::optional<Evictor::Victim> Evictor::Choose(const StoredEntry& entry, uint64_t wanted) {
  if (!files_.LetGo(entry.file)) return std::nullopt;
  std::optional<CacheDirectory::Claim> claim = shared_.directory.TryClaimNow(entry.file);
  if (!claim) return std::nullopt;
  // Somebody may have had it since the page was read.
  Result<std::optional<StoredEntry>> row = shared_.catalogue.Get(entry.id);
  if (!row.ok() || !*row || (*row)->file != entry.file || (*row)->pinned) return std::nullopt;
  Victim victim{{}, std::move(*claim), (*row)->bytes};
  victim.change.entry = **row;
  if ((*row)->kernels || (*row)->bytes <= wanted) {
    victim.change.drop = true;
    return victim;
  }
  // From its end: what a file begins with is what most readers want of it.
  const Result<RangeSet> blocks = shared_.catalogue.Blocks(**row);
  if (!blocks.ok()) return std::nullopt;
  std::vector<Range> ranges = blocks->Ranges();
  victim.bytes = 0;
  while (victim.bytes < wanted && !ranges.empty()) {
    Range part = ranges.back();
    ranges.pop_back();
    if (part.size() > wanted - victim.bytes) {
      const Range tail{part.end - (wanted - victim.bytes), part.end};
      part.begin = AlignOutward(tail, kFillBlock).begin;
    }
    victim.bytes += part.size();
    victim.change.forget.push_back(part);
  }
  return victim;
}

uint64_t Evictor::Remove(std::vector<Victim>& victims) {
  if (victims.empty()) return 0;
  std::vector<CatalogueChange> changes;
  changes.reserve(victims.size());
  for (const Victim& victim : victims) changes.push_back(victim.change);
  if (!Forget(changes).ok()) return 0;
  uint64_t freed = 0;
  std::vector<CatalogueChange> unpunched;
  for (const Victim& victim : victims) {
    const CatalogueChange& change = victim.change;
    const bool gone =
        change.drop ? shared_.directory.Remove(change.entry.file).ok() : Punch(change);
    if (gone) {
      freed += victim.bytes;
    } else if (!change.drop) {
      unpunched.push_back(CatalogueChange::Drop(change.entry));
    }
  }
  // A file system without holes gives space back only for whole files.
  if (!unpunched.empty() && Forget(unpunched).ok()) {
    for (const CatalogueChange& change : unpunched) {
      if (shared_.directory.Remove(change.entry.file).ok()) freed += change.entry.bytes;
    }
  }
  return freed;
}

Status Evictor::Forget(std::vector<CatalogueChange>& changes) {
  return Record([&] { return shared_.catalogue.Apply(changes, Catalogue::Durability::kPower); });
}

Status Evictor::Record(const std::function<Status()>& record) {
  Status status = record();
  if (status.code() != Code::kNoSpace || !reserve_.Release()) return status;
  return record();
}

Status Evictor::Drop(const StoredEntry& entry) {
  BRIMFS_RETURN_IF_ERROR(Record([&] { return DurableFile::Drop(shared_, entry); }));
  if (shared_.space.HasRoom(DiskReserve::kSize)) reserve_.Fill();
  return OkStatus();
}

bool Evictor::Punch(const CatalogueChange& change) {
  const Result<UniqueFd> fd =
      shared_.directory.OpenFile(change.entry.file, CacheDirectory::Access::kWrite);
  if (!fd.ok()) return false;
  return std::all_of(change.forget.begin(), change.forget.end(), [&](const Range& range) {
    // To the end of the last disk block.
    return shared_.io.Punch(fd->get(), AlignOutward(range, kFillBlock)) == 0;
  });
}

}  // namespace brimfs
