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

// Says once a server in the log that its objects carry no validator that is sure to change. `url`
// is one of them.
void WarnOfWeakValidator(const Url& url, const Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_CONNECTION_H_
