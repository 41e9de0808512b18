// A real nginx on loopback, over a directory of its own, over http and https.
#ifndef BRIMFS_TESTS_SUPPORT_NGINX_H_
#define BRIMFS_TESTS_SUPPORT_NGINX_H_

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

class Nginx {
 public:
  struct Options {
    bool tls = false;               // https_url answers too, with a certificate of cacert()
    bool listings = true;           // autoindex
    std::string format = "html";    // autoindex_format
    std::string server_lines = {};  // added to the server block
  };

  // It answers when the constructor returns.
  Nginx() : Nginx(Options()) {}
  explicit Nginx(Options options);
  ~Nginx();

  // "http://127.0.0.1:PORT/", with `path` percent-encoded behind.
  std::string url(std::string_view path = {}) const;
  std::string https_url(std::string_view path = {}) const;

  // PEM of the authority that signed the server's certificate.
  std::string cacert() const { return dir_ / "ca.pem"; }

  // What lies here is served.
  std::string root() const { return dir_ / "root"; }
  std::string File(std::string_view name) const { return root() + "/" + std::string(name); }

  // The access log: a line for each request, "METHOD URI STATUS RANGE BYTES".
  std::string log() const { return ReadFile(dir_ / "access.log"); }

 private:
  void MakeCertificates() const;

  TempDir dir_;
  int port_ = 0;
  int tls_port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_NGINX_H_
