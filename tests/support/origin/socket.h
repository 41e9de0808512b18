// One accepted connection of the test origin: blocking calls that end when the peer leaves or the
// origin stops.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_SOCKET_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_SOCKET_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "core/clock.h"

namespace brimfs {

// Used by one thread, except where said.
class OriginSocket {
 public:
  explicit OriginSocket(int fd);  // takes it over
  ~OriginSocket();
  OriginSocket(const OriginSocket&) = delete;
  OriginSocket& operator=(const OriginSocket&) = delete;

  // The next request up to its empty line, without that. Nothing: the peer is gone or sends no
  // HTTP.
  std::optional<std::string> ReadHead();

  // Reads the request's body and forgets it.
  bool Discard(uint64_t bytes);

  // False: the peer is gone.
  bool Send(std::span<const std::byte> data);

  // False: the peer is gone. Returns at `deadline` or after Wake, whichever comes first.
  bool SleepUntil(TimePoint deadline);

  // From any thread: the running SleepUntil returns, or the next one if there is none.
  void Wake();

  // From any thread: every call fails, now and from now on.
  void Shutdown();

  // Closing will send RST instead of FIN.
  void ResetOnClose();

 private:
  const int fd_;
  const int wake_fd_;
  std::string received_;  // beyond what was handed out
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_SOCKET_H_
