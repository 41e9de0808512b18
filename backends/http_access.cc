#include "backends/http_access.h"

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "backends/network_events.h"
#include "backends/proxy.h"

namespace brimfs {
namespace {

struct WatchedNetwork {
  NetworkWatch watch;
  NetworkEvents events{watch};
};

std::shared_ptr<NetworkWatch> WatchNetwork() {
  auto network = std::make_shared<WatchedNetwork>();
  return {network, &network->watch};
}

Status CheckReadable(const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return OkStatus();
  return Status::FromErrno(errno, path);
}

Status TakeProxy(const BackendOptions& options, HttpTransport::Options& transport) {
  if (!options.proxy.empty()) BRIMFS_RETURN_IF_ERROR(CheckProxy(options.proxy));
  transport.proxy = options.proxy;
  transport.no_proxy = options.no_proxy;
  if (options.proxy_credentials.empty()) return OkStatus();
  const auto file = ReadSecretFile(options.proxy_credentials);
  if (!file.ok()) return file.status();
  auto login = ParseCredentials(file->text, options.proxy_credentials);
  if (!login.ok()) return login.status();
  if (login->username.empty()) {
    return Status(Code::kInvalidArgument,
                  options.proxy_credentials + ": a proxy wants username= and password=");
  }
  transport.proxy_login = *std::move(login);
  return OkStatus();
}

}  // namespace

Result<HttpClient::Options> PrepareAccess(const BackendOptions& options) {
  HttpClient::Options client;
  client.transport.cacert = options.cacert;
  client.transport.capath = options.capath;
  client.transport.connect_timeout = options.connect_timeout;
  client.transport.unix_socket = options.unix_socket;
  if (!options.unix_socket.empty() && !options.proxy.empty()) {
    return Status(Code::kInvalidArgument, "proxy= and unix_socket= exclude each other");
  }
  BRIMFS_RETURN_IF_ERROR(CheckReadable(options.cacert));
  BRIMFS_RETURN_IF_ERROR(CheckReadable(options.capath));
  BRIMFS_RETURN_IF_ERROR(TakeProxy(options, client.transport));
  auto credentials = Credentials::Load({.credentials = options.credentials,
                                        .netrc = options.netrc,
                                        .headers = options.headers,
                                        .certificate = options.cert,
                                        .key = options.key});
  if (!credentials.ok()) return credentials.status();
  client.credentials = *std::move(credentials);
  client.transport.schemes = std::make_shared<AuthSchemes>();
  if (options.unix_socket.empty()) client.transport.network = WatchNetwork();
  return client;
}

bool BelongToOneOrigin(const BackendOptions& options) {
  return !options.credentials.empty() || !options.headers.empty() || !options.cert.empty();
}

}  // namespace brimfs
