// Serves the control socket of a mount: who connects may ask, one JSON line a request
// (fs/control_protocol.h), as far as its user may (fs/control_access.h).
#ifndef BRIMFS_FS_CONTROL_SERVER_H_
#define BRIMFS_FS_CONTROL_SERVER_H_

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <stop_token>
#include <thread>

#include "core/mutex.h"
#include "core/unique_fd.h"
#include "fs/control_service.h"
#include "fs/control_socket.h"

namespace brimfs {

// Thread-safe. One thread for the socket, and one for each connection as long as it is there. None
// of them is in the way of the mount's requests.
class ControlServer {
 public:
  struct Options {
    size_t connections = 32;  // at a time; one more is closed at once
    size_t of_others = 16;    // of these, of those who are neither root nor the owner

    // Of a connection on which nothing is asked and nothing filled.
    std::chrono::milliseconds idle = std::chrono::minutes(1);
  };

  // Serves from now on. `service` outlives this.
  ControlServer(ControlSocket socket, ControlService& service, uid_t owner, Options options);
  ControlServer(ControlSocket socket, ControlService& service, uid_t owner)
      : ControlServer(std::move(socket), service, owner, Options()) {}

  // Stop, then waits for the threads.
  ~ControlServer();

  // Every connection ends, and with it what is filled over it.
  void Stop();

  const std::string& path() const { return socket_.path(); }

 private:
  struct Connection {
    std::thread thread;
    bool of_other = false;
    bool ended = false;
  };

  void Accept();
  void Admit(UniqueFd fd);
  void Serve(UniqueFd fd, const Caller& caller, Connection& connection);

  // Joins those that have ended, or all.
  void Reap(bool all);

  // Constant after construction.
  const ControlSocket socket_;
  ControlService& service_;
  const uid_t owner_;
  const Options options_;
  const UniqueFd stop_fd_;  // eventfd: readable from Stop on
  std::stop_source stop_;

  Mutex mu_;  // a leaf
  std::list<Connection> connections_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_SERVER_H_
