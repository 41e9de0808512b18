#include "core/cache_verifier.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>
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
    changed_.NotifyAll();
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
  changed_.NotifyAll();
}

CacheVerifier::Pause::Pause(CacheVerifier& verifier) : verifier_(verifier) {
  MutexLock lock(verifier_.mu_);
  ++verifier_.pauses_;
  while (verifier_.verifying_) verifier_.changed_.Wait(verifier_.mu_);
}

CacheVerifier::Pause::~Pause() {
  MutexLock lock(verifier_.mu_);
  --verifier_.pauses_;
  verifier_.changed_.NotifyAll();
}

void CacheVerifier::Run() {
  for (;;) {
    std::weak_ptr<CachedFile> next;
    {
      MutexLock lock(mu_);
      while ((files_.empty() || pauses_ > 0) && !stopping_) changed_.Wait(mu_);
      if (stopping_) return;
      next = std::move(files_.front());
      files_.pop_front();
      verifying_ = true;
    }
    bool done = true;
    if (const std::shared_ptr<CachedFile> file = next.lock()) done = Verify(*file);
    MutexLock lock(mu_);
    if (!done) files_.push_front(std::move(next));
    verifying_ = false;
    changed_.NotifyAll();
  }
}

bool CacheVerifier::Verify(CachedFile& file) {
  DurableFile& durable = *file.durable();
  uint64_t from = 0;
  while (!interrupted()) {
    const std::optional<Range> next = durable.NextStored(from, kStep);
    if (!next) return true;
    from = next->end;
    for (const Range& wrong : durable.Recover(file.resource().Claim(*next))) {
      file.resource().Release(wrong);  // fetched when it is wanted
    }
  }
  return false;
}

bool CacheVerifier::interrupted() {
  MutexLock lock(mu_);
  return stopping_ || pauses_ > 0;
}

}  // namespace brimfs
