// Lines for systemd's journal in its native protocol, so that their fields can be searched for:
// https://systemd.io/JOURNAL_NATIVE_PROTOCOL
#ifndef BRIMFS_CORE_JOURNAL_H_
#define BRIMFS_CORE_JOURNAL_H_

#include <sys/un.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

class Journal {
 public:
  static constexpr char kSocket[] = "/run/systemd/journal/socket";

  // An error if nobody listens there.
  static Result<Journal> Open(const std::string& socket = kSocket);

  // Thread-safe. `fields` is "NAME=value\n" as often as wanted; a value holds no newline. False if
  // the journal is not there or can't take it. Never waits: while its queue is full, lines are
  // lost.
  bool Send(std::string_view fields) const;

  // Whether `fd` is what systemd has connected with the journal and told of in JOURNAL_STREAM,
  // whose value is `stream` (null: it is not set).
  static bool IsStream(const char* stream, int fd);

 private:
  Journal(UniqueFd fd, const sockaddr_un& to) : fd_(std::move(fd)), to_(to) {}

  UniqueFd fd_;  // not connected: the journal may be started anew
  sockaddr_un to_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_JOURNAL_H_
