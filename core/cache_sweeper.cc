#include "core/cache_sweeper.h"

#include <pthread.h>

#include <optional>

namespace brimfs {
namespace {

// So many names of data/ are looked at between two pauses of a second.
constexpr size_t kAtOnce = 500;

}  // namespace

void CacheSweeper::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sweeper");
    Run();
  });
}

void CacheSweeper::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void CacheSweeper::Sweep(CacheDirectory& directory, Catalogue& catalogue, const std::string& name) {
  if (!CacheDirectory::IsFileName(name)) return;
  // Whoever has it names it before letting go.
  const std::optional<CacheDirectory::Claim> claim = directory.TryClaimNow(name);
  if (!claim) return;
  const Result<bool> named = catalogue.HasFile(name);
  if (!named.ok()) return;
  (void)(*named ? directory.Keep(name) : directory.Remove(name)).ok();
}

void CacheSweeper::Run() {
  size_t seen = 0;
  for (const CacheDirectory::Place place :
       {CacheDirectory::Place::kNew, CacheDirectory::Place::kData}) {
    (void)directory_
        .ForEachName(place,
                     [&](const std::string& name) {
                       Sweep(directory_, catalogue_, name);
                       return ++seen % kAtOnce != 0 || Pause();
                     })
        .ok();
  }
}

bool CacheSweeper::Pause() {
  MutexLock lock(mu_);
  const TimePoint until = After(clock_.Now(), std::chrono::seconds(1));
  while (!stopping_ && clock_.Now() < until) clock_.WaitUntil(wake_, mu_, until);
  return !stopping_;
}

}  // namespace brimfs
