// Tells those who keep connections that these may lead nowhere any more.
#ifndef BRIMFS_BACKENDS_NETWORK_WATCH_H_
#define BRIMFS_BACKENDS_NETWORK_WATCH_H_

#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "core/mutex.h"

namespace brimfs {

// Shared by all connections of a source; fed by network_events.h. Thread-safe.
class NetworkWatch {
 public:
  // How often each has happened. Who keeps a connection compares.
  struct Epoch {
    uint64_t changes = 0;
    uint64_t resumes = 0;

    friend bool operator==(const Epoch&, const Epoch&) = default;
  };

  Epoch epoch() const;

  // Addresses, links or the way out of this machine are others than before: a new connection may
  // take another way, and a name may have another address.
  void Changed();

  // The machine was asleep: every peer may have forgotten its connections.
  void Resumed();

  // Calls `wake` after each of these as long as it lives, on the thread that tells. `wake` returns
  // at once and calls nothing of the watch.
  class Subscription {
   public:
    Subscription(NetworkWatch& watch, std::function<void()> wake);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    NetworkWatch& watch_;
    std::list<std::function<void()>>::iterator entry_;
  };

 private:
  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  Epoch epoch_ ABSL_GUARDED_BY(mu_);
  // Called under the lock, so that none is called after its end.
  std::list<std::function<void()>> wakes_ ABSL_GUARDED_BY(mu_);
};

// Whether this machine still has `address`, numeric, IPv4 or IPv6: a connection from one that it
// has not is dead, though nobody has closed it.
bool IsOurAddress(const std::string& address);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_NETWORK_WATCH_H_
