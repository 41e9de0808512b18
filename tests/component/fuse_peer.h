// The kernel's side of a FUSE connection, over a socket: requests as linux/fuse.h lays them out.
#ifndef BRIMFS_TESTS_COMPONENT_FUSE_PEER_H_
#define BRIMFS_TESTS_COMPONENT_FUSE_PEER_H_

#include <linux/fuse.h>

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "core/mutex.h"

namespace brimfs {

struct FuseReply {
  int error = 0;     // as errno; 0 is success
  std::string data;  // what follows fuse_out_header

  // The struct that `data` begins with.
  template <typename T>
  T As(size_t offset = 0) const {
    T value{};
    if (offset < data.size()) {
      std::memcpy(&value, data.data() + offset, std::min(sizeof value, data.size() - offset));
    }
    return value;
  }
};

// Thread-safe. Replies are gathered by a thread of its own, so that the other side never blocks.
class FusePeer {
 public:
  // Takes `fd` over.
  explicit FusePeer(int fd);
  ~FusePeer();

  // Closes the connection, as an unmount does.
  void Close();

  // Sends a request and returns its unique number.
  uint64_t Send(uint32_t opcode, uint64_t node, std::string_view payload = {});

  template <typename T>
  uint64_t Send(uint32_t opcode, uint64_t node, const T& in, std::string_view name = {}) {
    std::string payload(reinterpret_cast<const char*>(&in), sizeof in);
    payload.append(name);
    return Send(opcode, node, std::string_view(payload));
  }

  // Waits for the reply to a request.
  FuseReply Await(uint64_t unique);

  template <typename... Arguments>
  FuseReply Call(Arguments&&... arguments) {
    return Await(Send(std::forward<Arguments>(arguments)...));
  }

  // How many replies have come that nobody has awaited yet.
  size_t unclaimed() const;

 private:
  void Receive();

  const int fd_;
  mutable Mutex mu_;
  CondVar arrived_;
  uint64_t last_unique_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<uint64_t, FuseReply> replies_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::thread receiver_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_FUSE_PEER_H_
