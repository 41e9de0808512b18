// A real nginx on loopback, over a directory of its own, over http and https.
#ifndef BRIMFS_TESTS_SUPPORT_NGINX_H_
#define BRIMFS_TESTS_SUPPORT_NGINX_H_

#include <string>
#include <string_view>

#include "tests/support/temp_dir.h"
#include "tests/support/web_server.h"

namespace brimfs {

class Nginx : public WebServer {
 public:
  struct Options {
    bool tls = false;               // https_url answers too, with a certificate of cacert()
    bool expired = false;           // that certificate is
    bool asks_clients = false;      // https_url answers 400 to who shows no client_cert()
    bool listings = true;           // autoindex
    std::string format = "html";    // autoindex_format
    std::string server_lines = {};  // added to the server block
  };

  // It answers when the constructor returns.
  Nginx() : Nginx(Options()) {}
  explicit Nginx(Options options);

  std::string https_url(std::string_view path = {}) const;

  // PEM of the authority that signed the server's certificate.
  std::string cacert() const { return dir_ / "ca.pem"; }

  // PEM files of a client that it knows, with tls.
  std::string client_cert() const { return dir_ / "client.pem"; }
  std::string client_key() const { return dir_ / "client.key"; }

  // The access log: a line for each request, "METHOD URI STATUS RANGE BYTES".
  std::string log() const { return ReadFile(dir_ / "access.log"); }

 private:
  void MakeCertificates(bool expired) const;

  int tls_port_ = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_NGINX_H_
