// Under which host and path a bucket is reached. Pure.
//
// "Amazon S3 endpoints and quotas" in the AWS General Reference; "Virtual hosting of buckets",
// "Using access points" and "Dual-stack endpoints" in the S3 User Guide.
#ifndef BRIMFS_BACKENDS_S3_ENDPOINT_H_
#define BRIMFS_BACKENDS_S3_ENDPOINT_H_

#include <string>
#include <string_view>

#include "backends/url.h"
#include "core/status.h"

namespace brimfs {

inline constexpr std::string_view kDefaultS3Region = "us-east-1";

struct S3Place {
  // kAuto: the bucket is part of the host's name on AWS, where its name allows that, and part of
  // the path elsewhere, which every server understands.
  enum class Addressing { kAuto, kPath, kVirtual };

  std::string endpoint;  // URL of a server; empty: AWS
  Addressing addressing = Addressing::kAuto;
  bool dualstack = false;   // IPv6 as well; these three of AWS only
  bool fips = false;        // FIPS 140 endpoints
  bool accelerate = false;  // the nearest edge

  friend bool operator==(const S3Place&, const S3Place&) = default;
};

// kInvalidArgument, with the remedy, for what cannot be combined, or an endpoint that is no URL of
// a server.
Status CheckPlace(const S3Place& place);

// The name of a bucket (3 to 63 of a-z, 0-9, '-', '.'; the underscores and capitals that old ones
// have; an access point's alias) or an access point's ARN ("arn:aws:s3:REGION:ACCOUNT:accesspoint/
// NAME", without a '/' behind it: "…:accesspoint:NAME"). kInvalidArgument says what is wrong.
Status CheckBucketName(std::string_view bucket);

// The region that an access point's ARN names; empty for a bucket.
std::string_view RegionOfBucketName(std::string_view bucket);

// The URL of the bucket, which ends in '/': keys are joined to it. An empty `bucket` is the
// service, which lists the buckets. Both arguments have been checked.
Url BucketUrl(const S3Place& place, std::string_view region, std::string_view bucket);

// Whether `host` is of the same operator as the server of `bucket`: it may see what was signed.
bool MayRedirectTo(const S3Place& place, std::string_view host);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_S3_ENDPOINT_H_
