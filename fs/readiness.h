// systemd's readiness protocol, by hand as sd_notify(3) allows: datagrams to $NOTIFY_SOCKET.
#ifndef BRIMFS_FS_READINESS_H_
#define BRIMFS_FS_READINESS_H_

#include <string>
#include <string_view>

namespace brimfs {

// Thread-safe.
class Readiness {
 public:
  // Takes the socket's name out of the environment: children are not the service. Before a second
  // thread exists. Nobody is told anything if there is none.
  static Readiness FromEnvironment();

  // It is there, and this process is the main one; `status` is shown by systemctl(1).
  void Ready(std::string_view status) const;

  void Stopping(std::string_view status) const;

 private:
  void Send(std::string_view state) const;

  std::string address_;  // empty: nobody
};

}  // namespace brimfs

#endif  // BRIMFS_FS_READINESS_H_
