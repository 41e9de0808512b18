// The unix socket of a mount: where it lies, how it is made, and how a client gets to it.
#ifndef BRIMFS_FS_CONTROL_SOCKET_H_
#define BRIMFS_FS_CONTROL_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Where the sockets of this user's mounts may lie, the best first, without asking whether it can be
// had: /run/brimfs for root, $XDG_RUNTIME_DIR/brimfs (`runtime` is that variable) for others, and
// for both, if all else fails, a directory in the cache directory.
struct ControlDirectory {
  std::string path;
  mode_t mode;  // that it is made with
};
std::vector<ControlDirectory> ControlDirectories(uid_t user, const std::string& runtime,
                                                 const std::string& cache);

// Listens as long as it lives, and is gone from the directory afterwards. Move-only.
class ControlSocket {
 public:
  // In the first of `directories` that can be had: made if it is missing, this user's, and not
  // writable by others. Under a name that nobody can guess or read anywhere; `mode` is the
  // socket's. Sockets in it on which nobody listens any more are removed. The last directory's
  // error.
  static Result<ControlSocket> Listen(const std::vector<ControlDirectory>& directories,
                                      mode_t mode);

  ControlSocket(ControlSocket&&) noexcept = default;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  // Thread-safe. From now on nobody connects. Who has connected and was not accepted may still be;
  // poll(2) says that there is something to do.
  void Shutdown() const;

 private:
  ControlSocket(std::string path, std::string name, UniqueFd directory, UniqueFd fd);

  std::string path_;
  std::string name_;  // in the directory
  UniqueFd directory_;
  UniqueFd fd_;
};

// Whether there is a socket of this name, dead or alive.
bool IsSocket(const std::string& path);

// Connects to a socket, whatever the length of its path. kUnavailable: nobody listens there.
Result<UniqueFd> ConnectTo(const std::string& path);

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_SOCKET_H_
