#include "backends/client_pool.h"

#include <stop_token>
#include <utility>

namespace brimfs {

Result<std::unique_ptr<HttpClient>> ClientPool::Take(const CallLimits& limits) {
  // Made before the lock is taken: the callback may run here and now. Taking the lock in it keeps
  // the wake-up from falling between a waiter's look at the token and its sleep.
  const std::stop_callback wake(limits.stop, [this] {
    MutexLock lock(mu_);
    returned_.NotifyAll();
  });
  {
    MutexLock lock(mu_);
    while (idle_.empty() && unused_ == 0) {
      if (limits.stop.stop_requested()) {
        returned_.NotifyOne();  // the wake-up that came here may have been for a client
        return Status(Code::kInterrupted, "no longer wanted");
      }
      if (std::chrono::steady_clock::now() >= limits.deadline) {
        returned_.NotifyOne();
        return Status(Code::kTimedOut, "all connections for metadata were busy");
      }
      Clock::Steady().WaitUntil(returned_, mu_, limits.deadline);
    }
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
    --unused_;
  }
  return std::make_unique<HttpClient>(options_);
}

void ClientPool::Return(std::unique_ptr<HttpClient> client) {
  MutexLock lock(mu_);
  idle_.push_back(std::move(client));
  returned_.NotifyOne();
}

}  // namespace brimfs
