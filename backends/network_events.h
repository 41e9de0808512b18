// Hears from the kernel that the network has changed or that the machine was asleep.
#ifndef BRIMFS_BACKENDS_NETWORK_EVENTS_H_
#define BRIMFS_BACKENDS_NETWORK_EVENTS_H_

#include <string>
#include <thread>

#include "backends/network_watch.h"
#include "core/clock.h"
#include "core/unique_fd.h"

namespace brimfs {

// Tells `watch` of changes in the network namespace of the thread that makes it, from a thread of
// its own that otherwise sleeps. What the kernel does not let us hear is said in the log once, and
// then connections end by their timeouts only.
class NetworkEvents {
 public:
  explicit NetworkEvents(NetworkWatch& watch);  // which outlives this
  ~NetworkEvents();
  NetworkEvents(const NetworkEvents&) = delete;
  NetworkEvents& operator=(const NetworkEvents&) = delete;

 private:
  void Wait();
  void OnNetlink();
  void OnClock();

  NetworkWatch& watch_;
  const UniqueFd stop_fd_;     // eventfd
  const UniqueFd netlink_fd_;  // addresses, links, routes
  const UniqueFd clock_fd_;    // a timer that ends with any jump of the wall clock, as at a resume
  // Of the thread.
  std::string interfaces_;  // as last seen
  Duration asleep_{0};      // so far, since boot
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_NETWORK_EVENTS_H_
