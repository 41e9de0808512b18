#include "core/cached_file.h"

#include <utility>

namespace brimfs {
namespace {

Resource::Options ResourceOptions(const Version& version) {
  Resource::Options options;
  options.length = version.length;
  return options;
}

}  // namespace

CachedFile::CachedFile(Place place, const Shared& shared, Fetcher::Options options)
    : durable_(std::move(place.durable)),
      budget_(place.budget),
      resource_(std::move(place.driver), ResourceOptions(options.version), shared.clock,
                shared.timer),
      fetcher_(resource_, shared.scheduler, shared.clock, shared.timer, shared.stats,
               shared.traffic, std::move(options)) {
  if (budget_ != nullptr) resource_.AddObserver(budget_);
  if (!durable_) return;
  durable_->Attach(resource_, *place.overflow);
  resource_.AddObserver(durable_.get());
  fetcher_.SetLocalSource(durable_.get());
}

CachedFile::~CachedFile() {
  resource_.Cancel();
  fetcher_.Stop();
  if (budget_ != nullptr) budget_->Forget(resource_);
}

void CachedFile::Touch(const Range& range) {
  if (budget_ != nullptr) budget_->Touch(resource_, range);
}

std::vector<Range> CachedFile::Filled() {
  RangeSet filled;
  for (const Range& range : resource_.Coverage()) filled.Add(range);
  if (durable_) {
    for (const Range& range : durable_->Stored()) filled.Add(range);
  }
  return filled.Ranges();
}

uint64_t CachedFile::FilledBytes() const {
  uint64_t bytes = resource_.FilledBytes();
  if (!durable_) return bytes;
  for (const Range& range : durable_->Stored()) bytes += range.size();
  return bytes;
}

std::optional<Range> CachedFile::NextMissing(uint64_t from, uint64_t limit) {
  while (const std::optional<Range> gap = resource_.NextGap(from, limit)) {
    if (!durable_) return gap;
    const std::vector<Range> absent = durable_->Absent(*gap);
    if (!absent.empty()) return absent.front();
    from = gap->end;
  }
  return std::nullopt;
}

void CachedFile::Confirmed(absl::Time now) {
  if (durable_) durable_->Confirmed(now);
}

int CachedFile::FreezeForKernel() {
  if (!durable_ || resource_.state() != Resource::State::kCommitted) return -1;
  if (resource_.driver().BackingFd() < 0 || !durable_->ReadyForKernel()) return -1;
  if (!resource_.FreezeForKernel() || !durable_->MarkKernels()) return -1;
  return resource_.driver().BackingFd();
}

}  // namespace brimfs
