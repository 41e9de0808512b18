// Fetches ranges of objects over one HTTP connection.
#ifndef BRIMFS_BACKENDS_HTTP_CONNECTION_H_
#define BRIMFS_BACKENDS_HTTP_CONNECTION_H_

#include <memory>

#include "backends/http_client.h"
#include "backends/url_map.h"
#include "core/backend.h"

namespace brimfs {

class HttpConnection : public Connection {
 public:
  HttpConnection(std::shared_ptr<const UrlMap> urls, const HttpClient::Options& options)
      : urls_(std::move(urls)), client_(options) {}

  Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) override;

 private:
  const std::shared_ptr<const UrlMap> urls_;
  HttpClient client_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_CONNECTION_H_
