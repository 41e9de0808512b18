#include "tests/support/real_servers.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "tests/support/nginx.h"
#include "tests/support/server_process.h"

namespace brimfs {
namespace {

// How one server is started.
struct Program {
  std::string name;   // of the executable, looked for in PATH
  std::string ready;  // what it has written as soon as it listens

  // Writes what it needs into `directory`, whose "root" is to be served, and gives the arguments.
  std::function<std::vector<std::string>(const std::string& directory, const std::string& port)>
      prepare;
};

Program Apache() {
  return {
      "apache2", "resuming normal operations",
      [](const std::string& directory, const std::string& port) {
        const std::string modules = "/usr/lib/apache2/modules/mod_";
        std::string lines;
        for (const char* module : {"mpm_event", "auth_digest", "authn_core", "authn_file",
                                   "authz_core", "authz_user", "autoindex", "dir", "mime"}) {
          lines += "LoadModule " + std::string(module) + "_module " + modules + module + ".so\n";
        }
        // MD5 of "ann:brimfs:canary-password".
        WriteFile(directory + "/users", "ann:brimfs:9142009c33ee1357f141933541cb30e1\n");
        WriteFile(directory + "/apache.conf",
                  lines + "ServerName localhost\nServerRoot " + directory + "\nDefaultRuntimeDir " +
                      directory + "\nPidFile apache.pid\nListen " + "127.0.0.1:" + port +
                      "\nErrorLog /dev/stderr\nTypesConfig /dev/null\nDocumentRoot " + directory +
                      "/root\n<Directory " + directory +
                      "/root>\nOptions +Indexes\nIndexOptions FancyIndexing\nRequire all "
                      "granted\n</Directory>\n<Directory " +
                      directory +
                      "/root/guarded>\nAuthType Digest\nAuthName brimfs\nAuthUserFile users\n"
                      "Require valid-user\n</Directory>\n");
        return std::vector<std::string>{"apache2", "-DFOREGROUND", "-f",
                                        directory + "/apache.conf"};
      }};
}

Program Caddy() {
  return {"caddy", "serving initial configuration",
          [](const std::string& directory, const std::string& port) {
            WriteFile(directory + "/Caddyfile",
                      "{\nadmin off\nauto_https off\n}\nhttp://127.0.0.1:" + port + " {\nroot * " +
                          directory + "/root\nfile_server browse\n}\n");
            return std::vector<std::string>{
                "env",      "HOME=" + directory,      "caddy",     "run",
                "--config", directory + "/Caddyfile", "--adapter", "caddyfile"};
          }};
}

Program HttpServer() {
  return {"node", "Available on:", [](const std::string& directory, const std::string& port) {
            return std::vector<std::string>{
                "node", BRIMFS_HTTP_SERVER, directory + "/root", "-a", "127.0.0.1", "-p", port,
                "-c-1"};
          }};
}

Program Lighttpd() {
  return {"lighttpd", "server started", [](const std::string& directory, const std::string& port) {
            WriteFile(directory + "/lighttpd.conf",
                      "server.document-root = \"" + directory +
                          "/root\"\nserver.bind = \"127.0.0.1\"\nserver.port = " + port +
                          "\nserver.modules = (\"mod_indexfile\", \"mod_dirlisting\")\n"
                          "index-file.names = (\"index.html\")\n"
                          "dir-listing.activate = \"enable\"\n"
                          "dir-listing.hide-dotfiles = \"disable\"\n"
                          "mimetype.assign = (\"\" => \"application/octet-stream\")\n");
            return std::vector<std::string>{"lighttpd", "-D", "-f", directory + "/lighttpd.conf"};
          }};
}

Program Python() {
  return {"python3", "Serving HTTP", [](const std::string& directory, const std::string& port) {
            return std::vector<std::string>{"python3",           "-u",     "-m",
                                            "http.server",       port,     "-d",
                                            directory + "/root", "--bind", "127.0.0.1"};
          }};
}

Program ProgramOf(RealServer server) {
  switch (server) {
    case RealServer::kApache:
      return Apache();
    case RealServer::kCaddy:
      return Caddy();
    case RealServer::kHttpServer:
      return HttpServer();
    case RealServer::kLighttpd:
      return Lighttpd();
    case RealServer::kNginx:
      return {"nginx", "", nullptr};
    case RealServer::kPython:
      return Python();
  }
  std::abort();
}

// A server that finds its port by itself and says when it is there.
class ServerProcess : public WebServer {
 public:
  explicit ServerProcess(const Program& program) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      if (Start(program)) return;
    }
    std::fprintf(stderr, "%s does not start:\n%s\n", program.name.c_str(),
                 ReadFile(output_).c_str());
    std::abort();
  }

 private:
  bool Start(const Program& program) {
    port_ = FreePort();
    process_ = StartServerProcess(program.prepare(dir_.path(), std::to_string(port_)), output_,
                                  program.ready);
    return process_ != nullptr;
  }

  const std::string output_ = dir_ / "output";
};

}  // namespace

std::string WhyMissing(RealServer server) {
  const std::string name = ProgramOf(server).name;
  if (Shell("command -v \"$1\"", {name}).code != 0) return name + " is not installed";
  if (server == RealServer::kHttpServer && !std::filesystem::exists(BRIMFS_HTTP_SERVER)) {
    return "npm could not install http-server";
  }
  return {};
}

std::unique_ptr<WebServer> StartServer(RealServer server) {
  if (server == RealServer::kNginx) return std::make_unique<Nginx>();
  return std::make_unique<ServerProcess>(ProgramOf(server));
}

}  // namespace brimfs
