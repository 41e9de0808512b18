#include "tests/support/origin/s3.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <utility>

namespace brimfs {
namespace {

constexpr char kSseHeader[] = "x-amz-server-side-encryption-customer-";

// What is asked for, before it is known whether it is there.
struct Target {
  std::string bucket;  // empty: the service itself
  std::string key;     // empty: the bucket itself
  OriginS3Query query;
};

Target ParseTarget(const OriginRequest& request, const std::string& bucket) {
  Target target;
  const std::string_view text = request.target;
  const std::string path = PercentDecode(text.substr(1, std::min(text.find('?'), text.size()) - 1));
  target.query = ParseQuery(text);
  const std::string* const host = request.Header("host");
  if (host != nullptr && host->starts_with(bucket + ".")) {
    target.bucket = bucket;
    target.key = path;
    return target;
  }
  const size_t slash = std::min(path.find('/'), path.size());
  target.bucket = path.substr(0, slash);
  target.key = path.substr(std::min(slash + 1, path.size()));
  return target;
}

std::string Base64(std::string_view bytes) {
  std::string encoded((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  encoded.resize(static_cast<size_t>(size));
  return encoded;
}

std::string Md5(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string HeaderOf(const OriginRequest& request, const std::string& name) {
  const std::string* const value = request.Header(name);
  return value != nullptr ? *value : std::string();
}

}  // namespace

OriginS3::OriginS3(OriginS3Options options)
    : options_(std::move(options)),
      guard_({options_.region, options_.redirects_region, options_.anonymous, options_.clock_ahead},
             options_.keys) {}

void OriginS3::Locate(OriginRequest& request) const {
  const Target target = ParseTarget(request, options_.bucket);
  request.path = target.key;
  request.lists = target.key.empty();
  if (!request.lists) return;
  if (target.bucket.empty()) {
    request.path = "?buckets";
    return;
  }
  const auto prefix = target.query.find("prefix");
  if (prefix != target.query.end()) request.path = prefix->second;
  const auto text = target.query.find("continuation-token");
  OriginS3Token token;
  if (text != target.query.end() && ParseS3Token(text->second, token)) {
    request.path += "?" + std::to_string(token.page);
  }
}

std::optional<OriginAnswer> OriginS3::Refusal(const OriginRequest& request) const {
  if (const std::optional<OriginS3Error> error = guard_.Refusal(request)) {
    return S3ErrorAnswer(*error);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return S3ErrorAnswer({"MethodNotAllowed", "GET and HEAD only"});
  }
  const std::string bucket = ParseTarget(request, options_.bucket).bucket;
  if (!bucket.empty() && bucket != options_.bucket) {
    return S3ErrorAnswer(
        {"NoSuchBucket", "The specified bucket does not exist", {{"BucketName", bucket}}});
  }
  const std::string owner = HeaderOf(request, "x-amz-expected-bucket-owner");
  const bool pays = HeaderOf(request, "x-amz-request-payer") == "requester";
  if ((!owner.empty() && !options_.owner.empty() && owner != options_.owner) ||
      (options_.requester_pays && !pays)) {
    return S3ErrorAnswer({"AccessDenied", "Access Denied"});
  }
  return std::nullopt;
}

OriginAnswer OriginS3::ListAnswer(const OriginRequest& request, const OriginTree& tree) const {
  const Target target = ParseTarget(request, options_.bucket);
  if (target.bucket.empty()) return S3BucketsAnswer({options_.bucket});
  if (target.query.contains("location")) {
    return TextAnswer(
        200, "application/xml",
        XmlElement("LocationConstraint", options_.region == "us-east-1" ? "" : options_.region));
  }
  OriginAnswer answer = S3ListAnswer(options_.bucket, target.query, tree, options_.page);
  answer.SetHeader("x-amz-bucket-region", options_.region);
  return answer;
}

std::optional<OriginObject> OriginS3::Find(const OriginRequest& request,
                                           const OriginTree& tree) const {
  const OriginS3Query query = ParseQuery(request.target);
  const auto version = query.find("versionId");
  return version == query.end() ? tree.Find(request.path)
                                : tree.FindVersion(request.path, version->second);
}

std::optional<OriginS3Error> OriginS3::EncryptionRefusal(const OriginRequest& request) const {
  if (options_.sse_c_key.empty()) return std::nullopt;
  const std::string prefix = kSseHeader;
  const std::string key = HeaderOf(request, prefix + "key");
  const std::string md5 = HeaderOf(request, prefix + "key-md5");
  if (HeaderOf(request, prefix + "algorithm") != "AES256" || key.empty() || md5.empty()) {
    return OriginS3Error{"InvalidRequest",
                         "The object was stored using a form of Server Side Encryption. The "
                         "correct parameters must be provided to retrieve the object."};
  }
  if (key != Base64(options_.sse_c_key)) return OriginS3Error{"AccessDenied", "Access Denied"};
  if (md5 == Base64(Md5(options_.sse_c_key))) return std::nullopt;
  return OriginS3Error{"InvalidArgument",
                       "The calculated MD5 hash of the key did not match the hash that was "
                       "provided."};
}

OriginAnswer OriginS3::Answer(const OriginRequest& request,
                              const std::optional<OriginObject>& object) const {
  if (!object) {
    const bool versioned = ParseQuery(request.target).contains("versionId");
    return S3ErrorAnswer({versioned ? "NoSuchVersion" : "NoSuchKey",
                          "The specified key does not exist.",
                          {{"Key", request.path}}});
  }
  if (const auto error = EncryptionRefusal(request)) return S3ErrorAnswer(*error);
  const bool archived = IsArchived(request.path);
  if (archived && request.method != "HEAD") {
    return S3ErrorAnswer({"InvalidObjectState",
                          "The operation is not valid for the object's storage class",
                          {{"StorageClass", "GLACIER"}}});
  }
  OriginAnswer answer = ObjectAnswer(request, *object);
  if (answer.status == 412) {
    answer = S3ErrorAnswer({"PreconditionFailed",
                            "At least one of the pre-conditions you specified did not hold",
                            {{"Condition", "If-Match"}}});
  }
  if (!object->version.empty()) answer.SetHeader("x-amz-version-id", object->version);
  if (archived) answer.SetHeader("x-amz-storage-class", "GLACIER");
  if (options_.requester_pays) answer.SetHeader("x-amz-request-charged", "requester");
  return answer;
}

void OriginS3::Sign(OriginAnswer& answer) {
  std::array<char, 32> id;
  {
    MutexLock lock(mu_);
    std::snprintf(id.data(), id.size(), "%016llX", static_cast<unsigned long long>(++answers_));
  }
  answer.SetHeader("x-amz-request-id", id.data());
  answer.SetHeader("x-amz-id-2", std::string("origin/") + id.data());
  if (options_.clock_ahead.count() != 0) answer.SetHeader("Date", HttpDate(guard_.Now()));
}

void OriginS3::Archive(const std::string& key) {
  MutexLock lock(mu_);
  archived_.insert(key);
}

bool OriginS3::IsArchived(const std::string& key) const {
  MutexLock lock(mu_);
  return archived_.contains(key);
}

}  // namespace brimfs
