// A stream socket that lines come and go over, without ever blocking. Both ends of a control socket
// are one.
#ifndef BRIMFS_FS_LINE_SOCKET_H_
#define BRIMFS_FS_LINE_SOCKET_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Used by one thread.
class LineSocket {
 public:
  // A line of the other end may be `most_line` bytes; of what was sent, `most_waiting` bytes may
  // wait for it. `fd` does not block.
  LineSocket(UniqueFd fd, size_t most_line, size_t most_waiting)
      : most_line_(most_line), most_waiting_(most_waiting), fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // Reads what there is. kEof: the other end has closed. kTooBig: its line is too long. Others: the
  // connection is lost.
  Status Receive();

  // The next whole line that was received, without its end.
  std::optional<std::string> NextLine();

  // Sends a line, as far as there is room now, and keeps the rest. kTooBig: the other end does not
  // read. Others: the connection is lost.
  Status Send(std::string_view line);
  Status Flush();
  bool waiting() const { return !out_.empty(); }  // for room: POLLOUT, then Flush

 private:
  const size_t most_line_;
  const size_t most_waiting_;
  const UniqueFd fd_;
  std::string in_;
  size_t taken_ = 0;  // bytes of in_
  std::string out_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LINE_SOCKET_H_
