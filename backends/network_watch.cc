#include "backends/network_watch.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "core/unique_fd.h"

namespace brimfs {

NetworkWatch::Epoch NetworkWatch::epoch() const {
  MutexLock lock(mu_);
  return epoch_;
}

void NetworkWatch::Changed() {
  MutexLock lock(mu_);
  ++epoch_.changes;
  WakeAll();
}

void NetworkWatch::Resumed() {
  MutexLock lock(mu_);
  ++epoch_.resumes;
  WakeAll();
}

void NetworkWatch::WakeAll() {
  for (const std::function<void()>& wake : wakes_) wake();
}

NetworkWatch::Subscription::Subscription(NetworkWatch& watch, std::function<void()> wake)
    : watch_(watch) {
  MutexLock lock(watch_.mu_);
  entry_ = watch_.wakes_.insert(watch_.wakes_.end(), std::move(wake));
}

NetworkWatch::Subscription::~Subscription() {
  MutexLock lock(watch_.mu_);
  watch_.wakes_.erase(entry_);
}

bool IsOurAddress(const std::string& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), "0", &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, &freeaddrinfo);
  const UniqueFd fd(socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Whatever else goes wrong says nothing about the address.
  return bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 || errno != EADDRNOTAVAIL;
}

}  // namespace brimfs
