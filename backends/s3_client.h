// Asks S3 servers: signs every try, and finds out by itself about regions, clocks and keys.
#ifndef BRIMFS_BACKENDS_S3_CLIENT_H_
#define BRIMFS_BACKENDS_S3_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "backends/http_transport.h"
#include "backends/s3_access.h"
#include "backends/s3_error.h"

namespace brimfs {

struct S3Request {
  HttpRequest::Method method = HttpRequest::Method::kGet;
  std::string bucket;  // empty: the service
  std::string key;     // empty: the bucket
  std::string query;   // encoded
  std::vector<std::string> headers;
};

// One kept-alive connection, used by one thread at a time.
class S3Client {
 public:
  explicit S3Client(std::shared_ptr<S3Access> access);

  // `responder` sees answers that are no refusals: 200, 206, 304, 412 and 416, and to a HEAD the
  // 405 or 501 of a server that knows no HEAD. A refusal is tried again, once for each cause, where
  // the server says the bucket's region, the time or another of its operator's hosts, and where
  // other keys are there now. Errors as HttpTransport::Perform, AwsCredentials::Current and
  // ToStatus(S3Refusal) have them; kUntrusted for a redirect to a host that must not see what was
  // signed.
  Status Perform(const S3Request& request, HttpResponder& responder, const CallLimits& limits);

  // Where `request` is asked first.
  static Url UrlOf(const S3Access& access, const std::string& bucket, const std::string& key);

 private:
  struct Try;

  Status Sign(const S3Request& request, HttpRequest& http, Try& attempt, const CallLimits& limits);
  Result<bool> Correct(const S3Request& request, const S3Refusal& refusal, Try& attempt,
                       const CallLimits& limits);

  const std::shared_ptr<S3Access> access_;
  HttpTransport transport_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_CLIENT_H_
