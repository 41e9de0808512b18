// Answers GET /metrics, for Prometheus. libmicrohttpd does the work; its header stays in the .cc.
#ifndef BRIMFS_FS_METRICS_SERVER_H_
#define BRIMFS_FS_METRICS_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/status.h"
#include "fs/listen_address.h"
#include "fs/socket_cutter.h"

struct MHD_Daemon;

namespace brimfs {

// Two threads, which wait for nobody: a slow client takes no other's time. At most kConnections at
// a time, each for one answer and a while.
class MetricsServer {
 public:
  static constexpr unsigned kConnections = 16;

  struct Settings {
    ListenAddress address;

    // The body of an answer; on the server's thread.
    std::function<std::string()> page;

    // What a client has to say, "Authorization: Bearer TOKEN", asked for anew each time so that it
    // can be changed; while that fails nobody is let in, and the log says why. Empty: anyone may
    // ask.
    std::function<Result<std::string>()> token;

    // After so long a connection is cut, whatever comes and goes over it: nobody keeps one.
    std::chrono::milliseconds lifetime = std::chrono::seconds(10);
  };

  // kInvalidArgument: others than this machine could ask, and there is no token. A token that can't
  // be had, or a port that is taken, is an error too, in one line.
  static Result<std::unique_ptr<MetricsServer>> Start(Settings settings);

  // Closes all connections; `page` and `token` have returned and are not called again.
  ~MetricsServer();

  // "http://127.0.0.1:9469/metrics", with the port that it has.
  std::string url() const { return "http://" + settings_.address.ToString() + "/metrics"; }

 private:
  struct Callbacks;  // what libmicrohttpd calls
  struct Answer {
    unsigned status = 200;
    std::string body;
  };

  explicit MetricsServer(Settings settings);

  // `authorization` is null where the client sends none.
  Answer Respond(const std::string& method, const std::string& path, const char* authorization);
  bool MayAsk(const char* authorization) const;

  const Settings settings_;
  SocketCutter cutter_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_METRICS_SERVER_H_
