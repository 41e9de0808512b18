// The other end of a mount's control socket, for the commands; and how they find it.
#ifndef BRIMFS_FS_CONTROL_CLIENT_H_
#define BRIMFS_FS_CONTROL_CLIENT_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/status.h"
#include "core/unique_fd.h"
#include "fs/control_protocol.h"
#include "fs/line_socket.h"
#include "fs/mount_table.h"

namespace brimfs {

// A file or directory in a mount of brimfs, kept in the kernel's memory as long as this lives: so
// its node is known to the mount.
struct MountedFile {
  UniqueFd fd;  // O_PATH
  dev_t device = 0;
  NodeId node = 0;  // 0: the mount itself is meant
  bool directory = false;
  uint64_t size = 0;   // bytes
  std::string socket;  // of the mount
  uid_t owner = 0;     // who mounted it
};

// Whatever lies between: bind mounts, symbolic links. An error's message says what is the matter
// with `path`, which it does not name. May wait for the source, as any lookup. What is known of
// `like`, which may be null, is not asked again if the two are of one mount.
Result<MountedFile> FindMountedFile(const std::string& path, const MountedFile* like = nullptr);

// The mount itself, through whichever of its places leads to it. kNotFound: none does, others are
// mounted over all of them. kDenied: not for this user. Others: the mount is dead.
Result<MountedFile> EnterMount(const MountPlaces& mount);

// Whoever listens may say anything: what is no answer to the request is an error. Used by one
// thread.
class ControlClient {
 public:
  // An answer that takes longer does not come.
  static constexpr auto kPatience = std::chrono::seconds(30);

  // Refuses a socket on which neither root nor the owner of the mount listens: a file may say what
  // it likes.
  static Result<std::unique_ptr<ControlClient>> Connect(const MountedFile& file);

  // For tests, and for who knows the socket.
  explicit ControlClient(UniqueFd socket, Duration patience = kPatience);

  int fd() const { return socket_.fd(); }

  // Sends without waiting; Receive and Ask send what is left.
  Status Send(const ControlRequest& request);

  // What has come, without waiting. Nothing: no whole answer yet. kEof: the mount has gone.
  Result<std::optional<ControlAnswer>> TryReceive();

  // Sends, and waits for the last answer; `each` is told of those before it, of which kStatus and
  // kMap have none. kProtocol: what comes is not for this request.
  using EachAnswer = std::function<void(const ControlAnswer& answer)>;
  Result<ControlAnswer> Ask(const ControlRequest& request, const EachAnswer& each = {});

 private:
  const Duration patience_;
  LineSocket socket_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_CLIENT_H_
