// A server on loopback that sends the bytes that it was given, whatever it is asked: for answers
// that no honest HTTP server produces.
#ifndef BRIMFS_TESTS_SUPPORT_CANNED_SERVER_H_
#define BRIMFS_TESTS_SUPPORT_CANNED_SERVER_H_

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace brimfs {

class CannedServer {
 public:
  // Each connection reads one request, sends the next of `answers` (the last one again when they
  // are used up) and is closed.
  explicit CannedServer(std::vector<std::string> answers);
  ~CannedServer();
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

  // The heads of the requests so far.
  std::vector<std::string> requests() const;

 private:
  void Serve();

  const std::vector<std::string> answers_;
  int listen_fd_ = -1;
  uint16_t port_ = 0;
  mutable Mutex mu_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_CANNED_SERVER_H_
