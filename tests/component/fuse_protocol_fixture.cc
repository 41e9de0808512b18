#include "tests/component/fuse_protocol_fixture.h"

#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace brimfs {

std::atomic<uint64_t> refused_unique{0};

}  // namespace brimfs

extern "C" ssize_t writev(int fd, const iovec* iov, int count) {
  if (count > 0 && iov[0].iov_len == sizeof(fuse_out_header)) {
    fuse_out_header header;
    std::memcpy(&header, iov[0].iov_base, sizeof header);
    if (header.unique != 0 && header.unique == brimfs::refused_unique) {
      errno = ENOENT;
      return -1;
    }
  }
  // The same for a socket, and ThreadSanitizer sees that it orders this thread before the
  // receiver's.
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(iov);
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}
