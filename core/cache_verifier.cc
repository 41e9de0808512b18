#include "core/cache_verifier.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace brimfs {
namespace {

constexpr uint64_t kStep = 1 << 20;  // bytes
constexpr size_t kMostFiles = 64;    // that wait

}  // namespace

void CacheVerifier::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "verifier");
    Run();
  });
}

void CacheVerifier::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void CacheVerifier::Add(const std::shared_ptr<CachedFile>& file) {
  MutexLock lock(mu_);
  const bool queued = std::any_of(files_.begin(), files_.end(), [&](const auto& one) {
    return !one.owner_before(file) && !file.owner_before(one);
  });
  if (stopping_ || queued) return;
  files_.push_back(file);
  if (files_.size() > kMostFiles) files_.pop_front();
  wake_.NotifyAll();
}

void CacheVerifier::Run() {
  for (;;) {
    std::shared_ptr<CachedFile> file;
    {
      MutexLock lock(mu_);
      while (files_.empty() && !stopping_) wake_.Wait(mu_);
      if (stopping_) return;
      file = files_.front().lock();
      files_.pop_front();
    }
    if (file) Verify(*file);
  }
}

void CacheVerifier::Verify(CachedFile& file) {
  DurableFile& durable = *file.durable();
  uint64_t from = 0;
  while (!stopping()) {
    const std::optional<Range> next = durable.NextStored(from, kStep);
    if (!next) return;
    from = next->end;
    for (const Range& wrong : durable.Recover(file.resource().Claim(*next))) {
      file.resource().Release(wrong);  // fetched when it is wanted
    }
  }
}

bool CacheVerifier::stopping() {
  MutexLock lock(mu_);
  return stopping_;
}

}  // namespace brimfs
