// A few connections to each server that any thread may borrow, for requests about names.
#ifndef BRIMFS_BACKENDS_CLIENT_POOL_H_
#define BRIMFS_BACKENDS_CLIENT_POOL_H_

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <utility>

#include "core/backend.h"
#include "core/mutex.h"
#include "core/source_host.h"

namespace brimfs {

// Thread-safe. A server that does not answer keeps only its own clients from others.
template <typename Client>
class ClientPool {
 public:
  // `clients` for one server at a time, each made by `make`, which is thread-safe and touches no
  // network.
  ClientPool(int clients, std::function<std::unique_ptr<Client>()> make)
      : clients_(clients), make_(std::move(make)) {}

  // Calls `use` with a client; waits for one if all of `host` are taken: kInterrupted by
  // limits.stop, kTimedOut by limits.deadline, else what `use` answers.
  template <typename Use>
  Status With(const SourceHost& host, const CallLimits& limits, const Use& use) {
    Result<std::unique_ptr<Client>> client = Take(host, limits);
    if (!client.ok()) return client.status();
    Status status = use(**client);
    Return(host, std::move(*client));
    return status;
  }

 private:
  struct Idle {
    const SourceHost* host = nullptr;  // that it was used for, and may still have a connection to
    std::unique_ptr<Client> client;
  };

  Result<std::unique_ptr<Client>> Take(const SourceHost& host, const CallLimits& limits);
  void Return(const SourceHost& host, std::unique_ptr<Client> client);

  const int clients_;
  const std::function<std::unique_ptr<Client>()> make_;
  Mutex mu_;
  CondVar returned_;
  std::map<const SourceHost*, int> taken_ ABSL_GUARDED_BY(mu_);
  std::deque<Idle> idle_ ABSL_GUARDED_BY(mu_);  // oldest first; at most twice clients_
};

template <typename Client>
Result<std::unique_ptr<Client>> ClientPool<Client>::Take(const SourceHost& host,
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
  return make_();
}

template <typename Client>
void ClientPool<Client>::Return(const SourceHost& host, std::unique_ptr<Client> client) {
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

#endif  // BRIMFS_BACKENDS_CLIENT_POOL_H_
