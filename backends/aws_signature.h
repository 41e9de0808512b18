// AWS Signature Version 4, in the Authorization header, of requests whose body is known.
//
// Pure: no clock, no network. "Create a signed AWS API request" in the IAM User Guide, and for S3
// "Authenticating Requests: Using the Authorization Header" in its API reference: there the path is
// encoded once, elsewhere twice.
#ifndef BRIMFS_BACKENDS_AWS_SIGNATURE_H_
#define BRIMFS_BACKENDS_AWS_SIGNATURE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "backends/aws_keys.h"
#include "backends/http_message.h"

namespace brimfs {

// Where and when a signature counts.
struct SigningScope {
  std::string region;   // "eu-central-1"
  std::string service;  // "s3", "sts"
  absl::Time time;      // by the server's clock
};

struct AwsSignature {
  std::string canonical_request;  // what is signed, for tests and for SignatureDoesNotMatch
  std::string string_to_sign;
  // To be sent beside those of the request, "Name: value": Authorization, X-Amz-Date, for S3
  // X-Amz-Content-Sha256, and X-Amz-Security-Token where the keys have a session.
  std::vector<std::string> headers;
};

// Signs Host, `request.headers` and `secret_headers` ("Name: value", e.g. a customer's key), and
// those that it adds. `request.url` is sent as it is; its query may be in any order. The headers of
// the answer hold secrets: they go where only this origin sees them (Login::headers).
AwsSignature SignRequest(const HttpRequest& request, const std::vector<std::string>& secret_headers,
                         const AwsKeys& keys, const SigningScope& scope);

// Lower-case hexadecimal SHA-256 (FIPS 180-4).
std::string HexSha256(std::string_view bytes);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_AWS_SIGNATURE_H_
