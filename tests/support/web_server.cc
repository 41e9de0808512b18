#include "tests/support/web_server.h"

#include <csignal>
#include <filesystem>

#include "tests/support/origin/http.h"

namespace brimfs {

WebServer::WebServer() { std::filesystem::create_directory(root()); }

WebServer::~WebServer() {
  if (!process_) return;
  process_->Signal(SIGTERM);  // the workers of some outlive a master that is killed
  process_->Wait(std::chrono::seconds(30));
}

std::string WebServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/" + PercentEncode(path);
}

}  // namespace brimfs
