// Objects over HTTP or HTTPS: a directory of a web server, one object on it, or what a UrlMap
// finds.
#ifndef BRIMFS_BACKENDS_HTTP_BACKEND_H_
#define BRIMFS_BACKENDS_HTTP_BACKEND_H_

#include <functional>
#include <memory>
#include <string>

#include "backends/client_pool.h"
#include "backends/host_table.h"
#include "backends/http_client.h"
#include "backends/source.h"
#include "backends/url.h"
#include "backends/url_map.h"
#include "core/backend.h"
#include "core/offline_backend.h"
#include "core/retry.h"

namespace brimfs {

class HttpBackend : public Backend {
 public:
  // `base` is the URL of the path "": a directory if it ends in '/', else an object. Its query is
  // sent with every request.
  HttpBackend(Url base, const HttpClient::Options& options, int metadata_connections = 8);

  // `metadata_connections` to each server are kept for Stat and List, apart from those that carry
  // data.
  HttpBackend(std::shared_ptr<const UrlMap> urls, const HttpClient::Options& options,
              int metadata_connections = 8);

  // What has a URL that ends in '/', such as the SOURCE itself, is a directory without asking.
  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;

  // Index pages, see index_page.h.
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;

  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;

  // One for each scheme, host and port.
  SourceHost& HostOf(const std::string& path) override;

 private:
  Status Retrying(const Url& url, const CallLimits& limits,
                  const std::function<Status(HttpClient&)>& try_once);

  const std::shared_ptr<const UrlMap> urls_;
  const HttpClient::Options options_;
  const RetryPolicy retry_;
  HostTable hosts_;
  ClientPool<HttpClient> clients_;
};

// For the registry: an http or https SOURCE.
Result<OpenedSource> OpenHttpSource(const std::string& source, const BackendOptions& options,
                                    const CallLimits& limits);

Result<OfflineSource> NameHttpSource(const std::string& source, const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_BACKEND_H_
