// Serves the control socket of a mount: who connects may ask, one JSON line a request
// (fs/control_protocol.h), as far as its user may (fs/control_access.h).
#ifndef BRIMFS_FS_CONTROL_SERVER_H_
#define BRIMFS_FS_CONTROL_SERVER_H_

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "core/mutex.h"
#include "core/unique_fd.h"
#include "fs/client_limits.h"
#include "fs/control_service.h"
#include "fs/control_socket.h"

namespace brimfs {

// Thread-safe. One thread for the socket, and one for each connection as long as it is there. None
// of them is in the way of the mount's requests.
class ControlServer {
 public:
  struct Options {
    ClientLimits clients{};  // one more is told why, and closed at once

    // Of a connection on which nothing is asked and nothing filled.
    std::chrono::milliseconds idle = std::chrono::minutes(1);
  };

  // Serves from now on. `service` outlives this.
  ControlServer(ControlSocket socket, ControlService& service, uid_t owner, Options options);
  ControlServer(ControlSocket socket, ControlService& service, uid_t owner)
      : ControlServer(std::move(socket), service, owner, Options()) {}

  // Stop, then waits for the threads.
  ~ControlServer();

  // Every connection ends, and with it what is filled over it; nobody connects any more.
  void Stop();

  // The socket's path; empty from Stop on.
  std::string path() const;

  // Listens at `socket` instead of at the one of this path, which has gone; connections go on.
  // Nothing happens if that is not the path any more.
  void Replace(const std::string& path, ControlSocket socket);

 private:
  struct Connection {
    std::thread thread;
    uid_t user = 0;
    bool ended = false;
  };
  using SocketPtr = std::shared_ptr<const ControlSocket>;

  void Accept();
  // The next client; invalid: there is none at this moment.
  UniqueFd AcceptOne(const ControlSocket& socket);
  void Admit(UniqueFd fd);
  // kBusy, with the reason.
  Status RoomFor(uid_t user) const;
  static void Refuse(UniqueFd fd, const Status& why);
  void Serve(UniqueFd fd, const Caller& caller, Connection& connection);
  SocketPtr socket() const;

  // Joins those that have ended, or all.
  void Reap(bool all);

  // Constant after construction.
  ControlService& service_;
  const uid_t owner_;
  const Options options_;
  const UniqueFd stop_fd_;  // eventfd: readable from Stop on
  std::stop_source stop_;

  mutable Mutex mu_;                       // a leaf
  SocketPtr socket_ ABSL_GUARDED_BY(mu_);  // null from Stop on
  std::list<Connection> connections_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_SERVER_H_
