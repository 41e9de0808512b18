#include "core/cache_verifier.h"

#include <pthread.h>

#include <optional>
#include <utility>
#include <vector>

namespace brimfs {
namespace {

constexpr uint64_t kStep = 1 << 20;  // bytes

}  // namespace

void CacheVerifier::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "verifier");
    Run();
  });
}

void CacheVerifier::Stop() {
  std::deque<std::shared_ptr<CachedFile>> dropped;  // let go without the lock
  {
    MutexLock lock(mu_);
    stopping_ = true;
    dropped.swap(files_);
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void CacheVerifier::Add(std::shared_ptr<CachedFile> file) {
  MutexLock lock(mu_);
  if (stopping_) return;
  files_.push_back(std::move(file));
  wake_.NotifyAll();
}

void CacheVerifier::Run() {
  for (;;) {
    std::shared_ptr<CachedFile> file;
    {
      MutexLock lock(mu_);
      while (files_.empty() && !stopping_) wake_.Wait(mu_);
      if (stopping_) return;
      file = std::move(files_.front());
      files_.pop_front();
    }
    Verify(*file);
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
