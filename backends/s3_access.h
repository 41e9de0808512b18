// What all connections of one S3 source share.
#ifndef BRIMFS_BACKENDS_S3_ACCESS_H_
#define BRIMFS_BACKENDS_S3_ACCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "backends/aws_credentials.h"
#include "backends/http_client.h"
#include "backends/s3_endpoint.h"
#include "backends/s3_regions.h"
#include "backends/source.h"

namespace brimfs {

// Set up once; its members are thread-safe or do not change.
struct S3Access {
  explicit S3Access(std::string region) : regions(std::move(region)) {}

  HttpTransport::Options transport;
  std::shared_ptr<Credentials> login;  // headers and certificate of the source; may be null
  S3Place place;
  std::unique_ptr<AwsCredentials> keys;     // null: nothing is signed
  std::vector<std::string> headers;         // of every request; none of them secret
  std::vector<std::string> object_headers;  // of those for an object: a customer's key
  S3Regions regions;
  ServerClock clock;
};

// Reads every file and variable that says who asks, and what is asked; keys themselves are looked
// for when the first request is signed. Errors name the file or the option, and the remedy.
Result<std::shared_ptr<S3Access>> PrepareS3(const BackendOptions& options);

// As PrepareS3, without reading anything secret: enough for the identity of a source.
Result<S3Place> PlaceOf(const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_ACCESS_H_
