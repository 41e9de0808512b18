// A real web server on loopback, over a directory of its own.
#ifndef BRIMFS_TESTS_SUPPORT_WEB_SERVER_H_
#define BRIMFS_TESTS_SUPPORT_WEB_SERVER_H_

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

class WebServer {
 public:
  virtual ~WebServer();  // SIGTERM, then SIGKILL
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // "http://127.0.0.1:PORT/", with `path` percent-encoded behind.
  std::string url(std::string_view path = {}) const;

  // What lies here is served.
  std::string root() const { return dir_ / "root"; }
  std::string File(std::string_view name) const { return root() + "/" + std::string(name); }

 protected:
  WebServer();

  TempDir dir_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_WEB_SERVER_H_
