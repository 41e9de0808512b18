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
    : entry_(std::move(place.entry)),
      budget_(place.budget),
      resource_(std::move(place.driver), ResourceOptions(options.version), shared.clock,
                shared.timer),
      fetcher_(resource_, shared.scheduler, shared.clock, shared.timer, shared.stats,
               shared.traffic, std::move(options)) {
  if (budget_ != nullptr) resource_.AddObserver(budget_);
}

CachedFile::~CachedFile() {
  resource_.Cancel();
  fetcher_.Stop();
  if (budget_ != nullptr) budget_->Forget(resource_);
}

void CachedFile::Touch(const Range& range) {
  if (budget_ != nullptr) budget_->Touch(resource_, range);
}

int CachedFile::FreezeForKernel() {
  if (budget_ != nullptr || !resource_.FreezeForKernel()) return -1;
  return resource_.driver().BackingFd();
}

}  // namespace brimfs
