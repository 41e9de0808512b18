#include "tests/support/nginx.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/support/origin/http.h"

namespace brimfs {
namespace {

// A socket that listens on a free port of loopback. nginx inherits it, so that no port is lost
// between choosing it and binding it, and the first connection waits in its queue until nginx is
// up.
int Listen(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 511) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("listening for nginx");
    std::abort();
  }
  port = ntohs(address.sin_port);
  return fd;
}

void MustRun(const std::string& line, const std::string& directory) {
  const Ran ran = Shell("cd \"$1\" && " + line, {directory});
  if (ran.code == 0) return;
  std::fprintf(stderr, "%s\n%s", line.c_str(), ran.err.c_str());
  std::abort();
}

}  // namespace

Nginx::Nginx(Options options) {
  const int fd = Listen(port_);
  std::string inherited = std::to_string(fd) + ";";
  std::vector<int> fds = {fd};
  std::string listen = "listen 127.0.0.1:" + std::to_string(port_) + ";\n";
  if (options.tls) {
    MakeCertificates(options.expired);
    fds.push_back(Listen(tls_port_));
    inherited += std::to_string(fds.back()) + ";";
    listen += "listen 127.0.0.1:" + std::to_string(tls_port_) +
              " ssl;\nssl_certificate server.pem;\nssl_certificate_key server.key;\n";
    if (options.asks_clients) listen += "ssl_client_certificate ca.pem;\nssl_verify_client on;\n";
  }
  WriteFile(
      dir_ / "nginx.conf",
      "daemon off;\nuser root;\nworker_processes 1;\npid nginx.pid;\n"
      "events { worker_connections 1024; }\n"
      "http {\n"
      "log_format tests '$request_method $request_uri $status $http_range $body_bytes_sent';\n"
      "access_log access.log tests;\n"
      "client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n"
      "uwsgi_temp_path t4; scgi_temp_path t5;\n"
      "default_type application/octet-stream;\n"
      "sendfile on;\nkeepalive_requests 1000000;\n"
      "server {\n" +
          listen + "root root;\nautoindex " + (options.listings ? "on" : "off") +
          ";\nautoindex_format " + options.format + ";\n" + options.server_lines + "}\n}\n");
  process_ =
      std::make_unique<Process>(std::vector<std::string>{"nginx", "-p", dir_.path() + "/", "-c",
                                                         "nginx.conf", "-e", "error.log"},
                                Process::Options{{"NGINX=" + inherited}, fds, {}});
  for (const int listening : fds) close(listening);
}

void Nginx::MakeCertificates(bool expired) const {
  WriteFile(dir_ / "server.ext", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  WriteFile(dir_ / "client.ext", "extendedKeyUsage=clientAuth\n");
  const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  MustRun("openssl req -x509 -days 2 -subj '/CN=brimfs test authority'" + key +
              "-keyout ca.key -out ca.pem",
          dir_.path());
  const auto sign = [&](const std::string& name, const std::string& subject, bool is_expired) {
    MustRun("umask 077 && openssl req -subj /CN=" + subject + key + "-keyout " + name +
                ".key -out " + name + ".csr && openssl x509 -req -days " +
                (is_expired ? "-1" : "2") + " -in " + name +
                ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " + name + ".ext -out " +
                name + ".pem",
            dir_.path());
  };
  sign("server", "localhost", expired);
  sign("client", "client", false);
}

std::string Nginx::https_url(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(tls_port_) + "/" + PercentEncode(path);
}

}  // namespace brimfs
