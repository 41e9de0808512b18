// Where to listen: "127.0.0.1:9100", "[::1]:9100". Numbers only: no name is looked up.
#ifndef BRIMFS_FS_LISTEN_ADDRESS_H_
#define BRIMFS_FS_LISTEN_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

class ListenAddress {
 public:
  // kInvalidArgument: the message says what is accepted.
  static Result<ListenAddress> Parse(std::string_view text);

  // Nobody outside of this machine (or its network namespace) can come.
  bool loopback() const;

  uint16_t port() const;  // 0: any that is free, until it is bound

  // As Parse takes it.
  std::string ToString() const;

  // A socket that listens there; from now on port() is the one that it has. Errors name the
  // address.
  Result<UniqueFd> Listen();

 private:
  ListenAddress() = default;

  sockaddr_storage address_{};
  socklen_t size_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_LISTEN_ADDRESS_H_
