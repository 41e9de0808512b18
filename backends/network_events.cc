#include "backends/network_events.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "core/log.h"

namespace brimfs {
namespace {

// Beyond what two clocks that are read one after the other differ by.
constexpr Duration kLeastSleep = std::chrono::milliseconds(100);

UniqueFd OpenNetlink() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (fd.valid() && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return fd;
  }
  LogOnce("network events", LogLevel::kWarning,
          std::string("changes of the network are not seen (netlink: ") + std::strerror(errno) +
              "): a dead connection is noticed by its silence");
  return UniqueFd();
}

UniqueFd OpenClock() {
  UniqueFd fd(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<int32_t>::max();
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  if (fd.valid() && timerfd_settime(fd.get(), flags, &never, nullptr) == 0) return fd;
  LogOnce("clock events", LogLevel::kWarning,
          std::string("the end of a suspend is not seen (timerfd: ") + std::strerror(errno) +
              "): a dead connection is noticed by its silence");
  return UniqueFd();
}

Duration Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// CLOCK_BOOTTIME is CLOCK_MONOTONIC and the time that the machine was asleep.
Duration TimeAsleep() { return Read(CLOCK_BOOTTIME) - Read(CLOCK_MONOTONIC); }

// Every interface that is up, with its addresses: equal if nothing has changed but lifetimes and
// counters.
std::string Interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(first, &freeifaddrs);
  std::string text;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    constexpr unsigned kUsable = IFF_UP | IFF_RUNNING;
    if ((entry->ifa_flags & kUsable) != kUsable || entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    char address[NI_MAXHOST] = "";
    getnameinfo(entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6),
                address, sizeof address, nullptr, 0, NI_NUMERICHOST);
    text += std::string(entry->ifa_name) + " " + address + "\n";
  }
  return text;
}

struct Heard {
  bool interfaces = false;     // an address or a link may have changed
  bool default_route = false;  // one came or went
};

// Only default routes count: a machine may have a million others.
void TakeMessage(std::span<const std::byte> message, uint16_t type, Heard& heard) {
  if (type != RTM_NEWROUTE && type != RTM_DELROUTE) {
    heard.interfaces = true;
    return;
  }
  rtmsg route{};
  if (message.size() < NLMSG_HDRLEN + sizeof route) return;
  std::memcpy(&route, message.data() + NLMSG_HDRLEN, sizeof route);
  if (route.rtm_dst_len == 0) heard.default_route = true;
}

// Reads all that waits.
Heard Drain(int fd) {
  Heard heard;
  std::array<std::byte, 32 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {  // some were lost
      heard.interfaces = heard.default_route = true;
      continue;
    }
    if (got <= 0) return heard;
    std::span<const std::byte> left(buffer.data(), static_cast<size_t>(got));
    nlmsghdr header{};
    while (left.size() >= sizeof header) {
      std::memcpy(&header, left.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > left.size()) break;
      TakeMessage(left.first(header.nlmsg_len), header.nlmsg_type, heard);
      left = left.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), left.size()));
    }
  }
}

}  // namespace

NetworkEvents::NetworkEvents(NetworkWatch& watch)
    : watch_(watch),
      stop_fd_(eventfd(0, EFD_CLOEXEC)),
      netlink_fd_(OpenNetlink()),
      clock_fd_(OpenClock()),
      interfaces_(Interfaces()),
      asleep_(TimeAsleep()) {
  thread_ = std::thread([this] { Wait(); });
}

NetworkEvents::~NetworkEvents() {
  eventfd_write(stop_fd_.get(), 1);
  thread_.join();
}

void NetworkEvents::Wait() {
  for (;;) {
    // poll(2) passes over those that are -1.
    std::array<pollfd, 3> fds{{{stop_fd_.get(), POLLIN, 0},
                               {netlink_fd_.get(), POLLIN, 0},
                               {clock_fd_.get(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) OnNetlink();
    if (fds[2].revents != 0) OnClock();
  }
}

void NetworkEvents::OnNetlink() {
  const Heard heard = Drain(netlink_fd_.get());
  bool changed = heard.default_route;
  if (heard.interfaces) {
    std::string now = Interfaces();
    changed = changed || now != interfaces_;
    interfaces_ = std::move(now);
  }
  if (!changed) return;
  Log(LogLevel::kInfo, "the network has changed: connections are made anew");
  watch_.Changed();
}

void NetworkEvents::OnClock() {
  uint64_t expirations = 0;
  // ECANCELED: somebody has set the clock, or the machine woke up.
  if (read(clock_fd_.get(), &expirations, sizeof expirations) >= 0 || errno != ECANCELED) return;
  const Duration asleep = TimeAsleep();
  const bool slept = asleep - asleep_ >= kLeastSleep;
  asleep_ = asleep;
  if (!slept) return;
  Log(LogLevel::kInfo, "the machine was asleep: connections are made anew");
  watch_.Resumed();
}

}  // namespace brimfs
