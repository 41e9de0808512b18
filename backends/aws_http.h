// Small questions to the services that give out AWS keys.
#ifndef BRIMFS_BACKENDS_AWS_HTTP_H_
#define BRIMFS_BACKENDS_AWS_HTTP_H_

#include <string>
#include <vector>

#include "backends/http_transport.h"
#include "core/backend.h"
#include "core/status.h"

namespace brimfs {

struct AwsAnswer {
  int status = 0;
  std::string body;  // may hold secrets
};

// Used by one thread at a time, over one connection that is kept alive.
class AwsHttp {
 public:
  struct Tries {
    int tries = 3;
    Duration between = std::chrono::milliseconds(200);  // doubled after each
    Duration answer = std::chrono::seconds(10);         // to its head, and of silence in it
  };

  AwsHttp(const HttpTransport::Options& options, const Tries& tries)
      : transport_(options), tries_(tries) {}

  // Tries again where that may help. Follows no redirect. Every status below 500 but 429 is an
  // answer. Errors name the origin that was asked, and nothing else of the request:
  //   kUnavailable also for 429 and 5xx; kProtocol also for a body over 256 KiB;
  //   else as HttpTransport::Perform
  Result<AwsAnswer> Ask(const HttpRequest& request, const CallLimits& limits);

 private:
  Result<AwsAnswer> AskOnce(const HttpRequest& request, const CallLimits& limits);

  HttpTransport transport_;
  const Tries tries_;
};

// A request whose headers are for the origin of `url` alone.
HttpRequest AwsRequest(HttpRequest::Method method, const Url& url,
                       std::vector<std::string> secret_headers = {});

// "ORIGIN: WHAT", for a Status.
std::string AwsSaid(const Url& url, const std::string& what);

// ParseUrl for a variable or a field of a profile: errors begin with the name, and do not repeat
// the value.
Result<Url> ParseAwsUrl(const std::string& name, const std::string& value);

// `base` and `path` below it; `path` begins with a '/' and may have a query.
Result<Url> AwsUrlBelow(const Url& base, const std::string& path);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_HTTP_H_
