// One client at a mount's control socket, from its first line to its last.
#ifndef BRIMFS_FS_CONTROL_CONNECTION_H_
#define BRIMFS_FS_CONTROL_CONNECTION_H_

#include <chrono>
#include <memory>
#include <stop_token>
#include <string_view>

#include "core/unique_fd.h"
#include "fs/control_access.h"
#include "fs/control_service.h"
#include "fs/fill_run.h"
#include "fs/line_socket.h"

namespace brimfs {

// Used by one thread. What is not a request ends it, with one answer that says so.
class ControlConnection {
 public:
  // Bytes of answers that wait for a client who does not read: more end the connection.
  static constexpr size_t kMostWaiting = 4 << 20;

  // Becomes readable when everything is to end: `stop_fd`. `idle` without a request or a fill ends
  // this one. `service` outlives this.
  ControlConnection(UniqueFd socket, Caller caller, ControlService& service, int stop_fd,
                    std::chrono::milliseconds idle);

  // Returns when the client has gone, or at the end. `stop` is requested when `stop_fd` becomes
  // readable.
  void Run(const std::stop_token& stop);

 private:
  // False: it is over.
  bool Receive(const std::stop_token& stop);
  bool Handle(std::string_view line, const std::stop_token& stop);
  bool TellOfFills(bool progress);
  bool Send(const ControlAnswer& answer);
  // Whether the client has gone, which may be asked while a request is answered.
  bool Closed() const;

  const Caller caller_;
  ControlService& service_;
  const int stop_fd_;
  const std::chrono::milliseconds idle_;
  const std::shared_ptr<UniqueFd> ended_fd_;  // eventfd: a fill has ended
  LineSocket socket_;
  FillRun fills_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_CONNECTION_H_
