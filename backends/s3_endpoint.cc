#include "backends/s3_endpoint.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_split.h"

namespace brimfs {
namespace {

constexpr size_t kLongestBucket = 255;  // of old ones in us-east-1; 63 since
constexpr std::string_view kArn = "arn:";

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Fit to be a label of a host's name, below which a certificate for "*.s3…" counts.
bool IsLabel(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && IsLowerOrDigit(bucket.front()) &&
         IsLowerOrDigit(bucket.back()) && std::all_of(bucket.begin(), bucket.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

// The parts of "arn:PARTITION:s3:REGION:ACCOUNT:accesspoint:NAME"; empty if it is none.
std::vector<std::string> SplitArn(std::string_view bucket) {
  std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(bucket.data(), bucket.size()), absl::ByAnyChar(":/"));
  const bool right = parts.size() == 7 && parts[2] == "s3" && parts[5] == "accesspoint" &&
                     !parts[3].empty() && IsLabel(parts[4] + "-" + parts[6]);
  return right ? parts : std::vector<std::string>();
}

std::string Suffix(std::string_view region) {
  return region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
}

std::string AwsHost(const S3Place& place, std::string_view region, std::string_view service) {
  std::string host(service);
  if (place.fips) host += "-fips";
  if (place.dualstack) host += ".dualstack";
  return host + "." + std::string(region) + Suffix(region);
}

bool IsAws(std::string_view host) {
  return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

Url Https(std::string host) {
  Url url;
  url.scheme = "https";
  url.host = std::move(host);
  url.port = 443;
  url.path = "/";
  return url;
}

}  // namespace

Status CheckPlace(const S3Place& place) {
  const auto invalid = [](std::string what) {
    return Status(Code::kInvalidArgument, std::move(what));
  };
  if (place.endpoint.empty()) {
    if (place.accelerate && (place.fips || place.addressing == S3Place::Addressing::kPath)) {
      return invalid("accelerate cannot be combined with fips or addressing=path");
    }
    return OkStatus();
  }
  if (place.dualstack || place.fips || place.accelerate) {
    return invalid("dualstack, fips and accelerate are of AWS: leave out endpoint=, or them");
  }
  const Result<Url> url = ParseUrl(place.endpoint);
  if (!url.ok()) {
    return invalid("endpoint=" + place.endpoint + ": " + url.status().message() +
                   ": write it as https://HOST");
  }
  if (!url->query.empty()) return invalid("endpoint=" + url->WithoutQuery() + ": without a query");
  return OkStatus();
}

Status CheckBucketName(std::string_view bucket) {
  if (bucket.starts_with(kArn)) {
    if (!SplitArn(bucket).empty()) return OkStatus();
    return Status(
        Code::kInvalidArgument,
        std::string(bucket) +
            ": not the ARN of an access point (arn:aws:s3:REGION:ACCOUNT:accesspoint:NAME)");
  }
  const auto allowed = [](char c) {
    return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  };
  if (bucket.size() < 3 || bucket.size() > kLongestBucket || bucket.find("..") != bucket.npos ||
      !std::all_of(bucket.begin(), bucket.end(), allowed)) {
    return Status(Code::kInvalidArgument,
                  "'" + std::string(bucket) +
                      "' is no name of a bucket: 3 to 63 letters, digits, '-' and '.'");
  }
  return OkStatus();
}

std::string_view RegionOfBucketName(std::string_view bucket) {
  if (!bucket.starts_with(kArn)) return {};
  for (int colons = 0; colons < 3; ++colons) bucket.remove_prefix(bucket.find(':') + 1);
  return bucket.substr(0, bucket.find(':'));
}

Url BucketUrl(const S3Place& place, std::string_view region, std::string_view bucket) {
  using Addressing = S3Place::Addressing;
  Url url;
  bool in_host = false;
  if (place.endpoint.empty()) {
    if (const std::vector<std::string> arn = SplitArn(bucket); !arn.empty()) {
      return Https(arn[6] + "-" + arn[4] + "." + AwsHost(place, region, "s3-accesspoint"));
    }
    in_host = place.addressing == Addressing::kVirtual ||
              (place.addressing == Addressing::kAuto && IsLabel(bucket));
    const bool accelerate = place.accelerate && in_host && !bucket.empty();
    url = Https(accelerate
                    ? std::string(place.dualstack ? "s3-accelerate.dualstack" : "s3-accelerate") +
                          ".amazonaws.com"
                    : AwsHost(place, region, "s3"));
  } else {
    url = AsDirectory(*ParseUrl(place.endpoint));
    in_host = place.addressing == Addressing::kVirtual ||
              (place.addressing == Addressing::kAuto && IsAws(url.host) && IsLabel(bucket) &&
               url.host.find("vpce") == std::string::npos);
  }
  if (bucket.empty()) return url;
  if (in_host) {
    url.host = std::string(bucket) + "." + url.host;
  } else {
    url.path += EncodeComponent(bucket) + "/";
  }
  return url;
}

bool MayRedirectTo(const S3Place& place, std::string_view host) {
  if (place.endpoint.empty()) return IsAws(host);
  const Result<Url> endpoint = ParseUrl(place.endpoint);
  if (!endpoint.ok()) return false;
  return host == endpoint->host || host.ends_with("." + endpoint->host) ||
         (IsAws(endpoint->host) && IsAws(host));
}

}  // namespace brimfs
