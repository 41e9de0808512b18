// A proxy on loopback or on a unix socket that writes down where it was sent.
#ifndef BRIMFS_TESTS_SUPPORT_TEST_PROXY_H_
#define BRIMFS_TESTS_SUPPORT_TEST_PROXY_H_

#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "core/unique_fd.h"

namespace brimfs {

class TestProxy {
 public:
  // kHttp: CONNECT and forwarding; kSocks5: by address and by name; kRelay: no protocol, every
  // connection goes to `target`.
  enum class Kind { kHttp, kSocks5, kRelay };

  struct Options {
    Kind kind = Kind::kHttp;
    std::string unix_socket;  // listens there; empty: on a free port of 127.0.0.1
    std::string user;         // whoever asks has to name it; empty: nobody has to
    std::string password;
    uint16_t target = 0;  // kRelay: port on 127.0.0.1
    // Names that it resolves to 127.0.0.1, so that a test sees who resolves.
    std::string known_host = "behind.proxy.test";
  };

  explicit TestProxy(Options options);
  ~TestProxy();
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  // For proxy=; names are resolved by the proxy.
  std::string url() const;

  // "host:port" of each connection that it was asked for and let pass.
  std::vector<std::string> targets() const;

 private:
  void Accept();
  void Serve(int client);
  void ServeHttp(int client);
  void ServeSocks(int client);
  bool SocksLetsIn(int client) const;
  int ConnectTo(const std::string& host, uint16_t port);

  const Options options_;
  uint16_t port_ = 0;
  UniqueFd listen_fd_;
  std::thread accepting_;

  mutable Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::list<int> open_ ABSL_GUARDED_BY(mu_);  // clients, to be shut down at the end
  std::vector<std::string> targets_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> serving_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_TEST_PROXY_H_
