#include "backends/s3_access.h"

#include <openssl/evp.h>

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "backends/http_access.h"
#include "backends/secret_file.h"

namespace brimfs {
namespace {

constexpr size_t kCustomerKeyBytes = 32;  // of AES-256

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

std::string Md5(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

// The three fields of "Using server-side encryption with customer-provided keys".
Result<std::vector<std::string>> CustomerKeyHeaders(const std::string& path) {
  const Result<SecretFile> file = ReadSecretFile(path);
  if (!file.ok()) return file.status();
  std::string key = file->text;
  if (key.size() != kCustomerKeyBytes) {
    const std::string text(absl::StripAsciiWhitespace(key));
    if (!absl::Base64Unescape(text, &key) || key.size() != kCustomerKeyBytes) {
      return Status(Code::kInvalidArgument,
                    path + ": a customer's key is 32 bytes, as they are or in base64");
    }
  }
  const std::string prefix = "x-amz-server-side-encryption-customer-";
  return std::vector<std::string>{prefix + "algorithm: AES256", prefix + "key: " + Base64(key),
                                  prefix + "key-MD5: " + Base64(Md5(key))};
}

AwsKeyPlaces PlacesOf(const BackendOptions& options) {
  AwsKeyPlaces places;
  places.key_file = options.credentials;
  places.profile = options.s3.profile;
  return places;
}

// The endpoint of the options before that of the environment and the profile.
Result<S3Place> Choose(const S3Options& options, const std::string& set_up) {
  S3Place place = options.place;
  if (place.endpoint.empty()) place.endpoint = set_up;
  BRIMFS_RETURN_IF_ERROR(CheckPlace(place));
  return place;
}

}  // namespace

Result<S3Place> PlaceOf(const BackendOptions& options) {
  const Result<AwsSetup> setup = FindAws(PlacesOf(options), {});
  if (!setup.ok()) return setup.status();
  return Choose(options.s3, setup->endpoint);
}

Result<std::shared_ptr<S3Access>> PrepareS3(const BackendOptions& options) {
  const S3Options& s3 = options.s3;
  if (!options.netrc.empty()) {
    return Status(Code::kInvalidArgument,
                  "netrc= is not for s3: sources: name a file with keys with credentials=, or a "
                  "profile with profile=");
  }
  if (s3.anonymous && (!options.credentials.empty() || !s3.profile.empty())) {
    return Status(Code::kInvalidArgument,
                  "anonymous excludes credentials= and profile=: leave out one or the other");
  }
  if (!options.credentials.empty() && !s3.profile.empty()) {
    return Status(Code::kInvalidArgument,
                  "credentials= and profile= both say whose keys count: leave out one");
  }
  BackendOptions without_keys = options;
  without_keys.credentials.clear();
  Result<HttpClient::Options> http = PrepareAccess(without_keys);
  if (!http.ok()) return http.status();
  Result<AwsSetup> setup = FindAws(PlacesOf(options), http->transport);
  // Who signs nothing need not have his files in order.
  if (!setup.ok() && s3.anonymous) setup = AwsSetup();
  if (!setup.ok()) return setup.status();
  Result<S3Place> place = Choose(s3, setup->endpoint);
  if (!place.ok()) return place.status();

  std::string region = s3.region.empty() ? setup->region : s3.region;
  if (region.empty()) region = kDefaultS3Region;
  auto access = std::make_shared<S3Access>(std::move(region));
  access->transport = std::move(http->transport);
  access->login = std::move(http->credentials);
  access->place = *std::move(place);
  if (!s3.anonymous) {
    access->keys = std::make_unique<AwsCredentials>(std::move(setup->keys), &absl::Now);
  }
  if (s3.requester_pays) access->headers.emplace_back("x-amz-request-payer: requester");
  if (!s3.bucket_owner.empty()) {
    access->headers.push_back("x-amz-expected-bucket-owner: " + s3.bucket_owner);
  }
  if (!s3.sse_c_key.empty()) {
    Result<std::vector<std::string>> headers = CustomerKeyHeaders(s3.sse_c_key);
    if (!headers.ok()) return headers.status();
    access->object_headers = *std::move(headers);
  }
  return access;
}

}  // namespace brimfs
