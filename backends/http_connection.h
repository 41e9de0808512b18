// Fetches ranges of objects over one HTTP connection.
#ifndef BRIMFS_BACKENDS_HTTP_CONNECTION_H_
#define BRIMFS_BACKENDS_HTTP_CONNECTION_H_

#include "backends/http_client.h"
#include "core/backend.h"

namespace brimfs {

class HttpConnection : public Connection {
 public:
  // `base` is the URL of the path "".
  HttpConnection(Url base, const HttpTransport::Options& options)
      : base_(std::move(base)), client_(options) {}

  Status Fetch(const FetchRequest& request, BodySink& sink, const CallLimits& limits) override;

 private:
  const Url base_;
  HttpClient client_;
};

// Says once a source in the log that its objects carry no validator that is sure to change.
void WarnOfWeakValidator(const Url& base, const Version& version);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_CONNECTION_H_
