#include "backends/client_pool.h"

#include <algorithm>
#include <stop_token>
#include <utility>

namespace brimfs {

Result<std::unique_ptr<HttpClient>> ClientPool::Take(const SourceHost& host,
                                                     const CallLimits& limits) {
  // Made before the lock is taken: the callback may run here and now. Taking the lock in it keeps
  // the wake-up from falling between a waiter's look at the token and its sleep.
  const std::stop_callback wake(limits.stop, [this] {
    MutexLock lock(mu_);
    returned_.NotifyAll();
  });
  {
    MutexLock lock(mu_);
    while (taken_[&host] >= clients_) {
      if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "no longer wanted");
      if (std::chrono::steady_clock::now() >= limits.deadline) {
        return Status(Code::kTimedOut, "all connections for metadata were busy");
      }
      Clock::Steady().WaitUntil(returned_, mu_, limits.deadline);
    }
    ++taken_[&host];
    const auto kept = std::find_if(idle_.rbegin(), idle_.rend(),
                                   [&](const Idle& idle) { return idle.host == &host; });
    if (kept != idle_.rend()) {
      auto client = std::move(kept->client);
      idle_.erase(std::next(kept).base());
      return client;
    }
  }
  return std::make_unique<HttpClient>(options_);
}

void ClientPool::Return(const SourceHost& host, std::unique_ptr<HttpClient> client) {
  Idle oldest;  // ended with no lock held
  MutexLock lock(mu_);
  if (--taken_[&host] == 0) taken_.erase(&host);
  idle_.push_back({&host, std::move(client)});
  if (idle_.size() > 2 * static_cast<size_t>(clients_)) {
    oldest = std::move(idle_.front());
    idle_.pop_front();
  }
  returned_.NotifyAll();  // those who wait may be of several servers
}

}  // namespace brimfs
