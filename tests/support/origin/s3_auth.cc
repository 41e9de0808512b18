#include "tests/support/origin/s3_auth.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

namespace brimfs {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Hex(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const unsigned char byte = static_cast<unsigned char>(c);
    hex += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return hex;
}

std::string Sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
            mac.size(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string EncodeParameter(std::string_view text) {
  std::string encoded;
  for (const std::string& part : Split(text, '/')) encoded += PercentEncode(part) + "%2F";
  encoded.resize(encoded.size() - 3);
  return encoded;
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

std::string CanonicalQuery(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, value] : ParseQuery(target)) {
    parameters.emplace_back(EncodeParameter(name), EncodeParameter(value));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string query;
  for (const auto& [name, value] : parameters) {
    query += (query.empty() ? "" : "&") + name + "=" + value;
  }
  return query;
}

// Runs of blanks become one.
std::string Squeeze(std::string_view text) {
  std::string squeezed;
  for (const char c : text) {
    if (c != ' ' || !squeezed.ends_with(' ')) squeezed += c;
  }
  return squeezed;
}

std::string HeaderOr(const OriginRequest& request, const std::string& name,
                     const std::string& otherwise) {
  const std::string* const value = request.Header(name);
  return value != nullptr ? *value : otherwise;
}

std::string AmzDate(std::time_t time) {
  std::tm utc;
  gmtime_r(&time, &utc);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

// What has to be signed and is not.
std::string NotSigned(const OriginRequest& request, const SigV4Fields& fields) {
  const std::set<std::string> signed_headers(fields.signed_headers.begin(),
                                             fields.signed_headers.end());
  std::string left;
  for (const auto& [name, value] : request.headers) {
    const bool must = name == "host" || name == "content-md5" || name.starts_with("x-amz-");
    if (must && !signed_headers.contains(name)) left += (left.empty() ? "" : ", ") + name;
  }
  return left;
}

// The bodies of requests are not kept: none may have one, unless it says that it is not signed.
std::optional<OriginS3Error> HashRefusal(const OriginRequest& request) {
  const std::string* const hash = request.Header("x-amz-content-sha256");
  if (hash == nullptr) {
    return OriginS3Error{"InvalidRequest",
                         "Missing required header for this request: x-amz-content-sha256"};
  }
  const bool empty = HeaderOr(request, "content-length", "0") == "0" &&
                     request.Header("transfer-encoding") == nullptr;
  if (*hash == "UNSIGNED-PAYLOAD" || (empty && *hash == kEmptyHash)) return std::nullopt;
  return OriginS3Error{"XAmzContentSHA256Mismatch",
                       "The provided 'x-amz-content-sha256' header does not match what was "
                       "computed.",
                       {{"ClientComputedContentSHA256", *hash}}};
}

}  // namespace

std::optional<SigV4Fields> ParseSigV4(std::string_view authorization) {
  if (!authorization.starts_with(kAlgorithm)) return std::nullopt;
  authorization.remove_prefix(kAlgorithm.size());
  std::map<std::string, std::string> values;
  for (std::string& field : Split(authorization, ',')) {
    field.erase(0, field.find_first_not_of(' '));
    const size_t equals = field.find('=');
    if (equals == field.npos) return std::nullopt;
    values[field.substr(0, equals)] = field.substr(equals + 1);
  }
  // An access key may hold slashes.
  std::vector<std::string> credential = Split(values["Credential"], '/');
  if (credential.size() < 5) return std::nullopt;
  SigV4Fields fields;
  for (std::string* part : {&fields.terminator, &fields.service, &fields.region, &fields.date}) {
    *part = credential.back();
    credential.pop_back();
  }
  for (const std::string& part : credential) {
    fields.access_key += (fields.access_key.empty() ? "" : "/") + part;
  }
  fields.signed_headers = Split(values["SignedHeaders"], ';');
  fields.signature = values["Signature"];
  return fields;
}

SigV4Expected ExpectedSigV4(const OriginRequest& request, const SigV4Fields& fields,
                            std::string_view secret_key) {
  std::string headers;
  std::string names;
  for (const std::string& name : fields.signed_headers) {
    headers += name + ":" + Squeeze(HeaderOr(request, name, "")) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  SigV4Expected expected;
  expected.canonical_request = request.method + "\n" +
                               PercentEncode(PercentDecode(PathOf(request.target))) + "\n" +
                               CanonicalQuery(request.target) + "\n" + headers + "\n" + names +
                               "\n" + HeaderOr(request, "x-amz-content-sha256", kEmptyHash);
  const std::string scope =
      fields.date + "/" + fields.region + "/" + fields.service + "/" + fields.terminator;
  expected.string_to_sign = std::string(kAlgorithm) + "\n" + HeaderOr(request, "x-amz-date", "") +
                            "\n" + scope + "\n" + Hex(Sha256(expected.canonical_request));
  std::string key = "AWS4" + std::string(secret_key);
  for (const std::string& part : {fields.date, fields.region, fields.service, fields.terminator}) {
    key = HmacSha256(key, part);
  }
  expected.signature = Hex(HmacSha256(key, expected.string_to_sign));
  return expected;
}

std::multimap<std::string, std::string> ParseQuery(std::string_view target) {
  std::multimap<std::string, std::string> query;
  const size_t mark = target.find('?');
  if (mark == target.npos) return query;
  for (std::string part : Split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    std::replace(part.begin(), part.end(), '+', ' ');
    const size_t equals = std::min(part.find('='), part.size());
    query.emplace(PercentDecode(part.substr(0, equals)),
                  PercentDecode(part.substr(std::min(equals + 1, part.size()))));
  }
  return query;
}

std::optional<std::time_t> ParseAmzDate(const std::string& text) {
  std::tm utc{};
  const char* const end = strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&utc);
}

void OriginS3Guard::Renew(OriginS3Keys keys) {
  MutexLock lock(mu_);
  expired_.push_back(keys_.access_key);
  std::erase(expired_, keys.access_key);
  keys_ = std::move(keys);
}

void OriginS3Guard::Expire() {
  MutexLock lock(mu_);
  expired_.push_back(keys_.access_key);
}

std::time_t OriginS3Guard::Now() const {
  return std::time(nullptr) + static_cast<std::time_t>(rules_.clock_ahead.count());
}

std::optional<OriginS3Error> OriginS3Guard::Refusal(const OriginRequest& request) const {
  const std::string* const authorization = request.Header("authorization");
  if (authorization == nullptr) {
    if (rules_.anonymous) return std::nullopt;
    return OriginS3Error{"AccessDenied", "Access Denied"};
  }
  const std::optional<SigV4Fields> fields = ParseSigV4(*authorization);
  if (!fields || fields->service != "s3" || fields->terminator != "aws4_request") {
    return OriginS3Error{"AuthorizationHeaderMalformed", "The authorization header is malformed"};
  }
  if (auto refusal = ScopeRefusal(request, *fields)) return refusal;
  if (auto refusal = HashRefusal(request)) return refusal;
  return KeysRefusal(request, *fields);
}

std::optional<OriginS3Error> OriginS3Guard::ScopeRefusal(const OriginRequest& request,
                                                         const SigV4Fields& fields) const {
  if (fields.region != rules_.region) {
    if (rules_.redirects_region) {
      return OriginS3Error{"PermanentRedirect",
                           "The bucket you are attempting to access must be addressed using the "
                           "specified endpoint. Please send all future requests to this endpoint.",
                           {{"Endpoint", "s3." + rules_.region + ".amazonaws.com"}},
                           {{"x-amz-bucket-region", rules_.region}}};
    }
    OriginS3Error error{"AuthorizationHeaderMalformed",
                        "The authorization header is malformed; the region '" + fields.region +
                            "' is wrong; expecting '" + rules_.region + "'",
                        {{"Region", rules_.region}}};
    // An answer to HEAD has no document.
    if (request.method == "HEAD") error.headers = {{"x-amz-bucket-region", rules_.region}};
    return error;
  }
  const std::string date = HeaderOr(request, "x-amz-date", "");
  const std::optional<std::time_t> time = ParseAmzDate(date);
  if (!time) {
    return OriginS3Error{"AccessDenied",
                         "AWS authentication requires a valid Date or x-amz-date header"};
  }
  if (!date.starts_with(fields.date + "T")) {
    return OriginS3Error{"AuthorizationHeaderMalformed",
                         "The authorization header is malformed; Invalid credential date"};
  }
  if (std::abs(*time - Now()) > std::chrono::seconds(kMaxSkew).count()) {
    return OriginS3Error{"RequestTimeTooSkewed",
                         "The difference between the request time and the current time is too "
                         "large.",
                         {{"RequestTime", date},
                          {"ServerTime", AmzDate(Now())},
                          {"MaxAllowedSkewMilliseconds",
                           std::to_string(std::chrono::milliseconds(kMaxSkew).count())}}};
  }
  return std::nullopt;
}

std::optional<OriginS3Error> OriginS3Guard::KeysRefusal(const OriginRequest& request,
                                                        const SigV4Fields& fields) const {
  const std::string left = NotSigned(request, fields);
  if (!left.empty()) {
    return OriginS3Error{"AccessDenied",
                         "There were headers present in the request which were not signed",
                         {{"HeadersNotSigned", left}}};
  }
  OriginS3Keys keys;
  bool expired = false;
  {
    MutexLock lock(mu_);
    keys = keys_;
    expired = std::find(expired_.begin(), expired_.end(), fields.access_key) != expired_.end();
  }
  if (expired) {
    return OriginS3Error{"ExpiredToken", "The provided token has expired."};
  }
  const std::string token = HeaderOr(request, "x-amz-security-token", "");
  if (fields.access_key != keys.access_key || (token.empty() && !keys.session_token.empty())) {
    return OriginS3Error{"InvalidAccessKeyId",
                         "The AWS Access Key Id you provided does not exist in our records.",
                         {{"AWSAccessKeyId", fields.access_key}}};
  }
  if (token != keys.session_token) {
    return OriginS3Error{"InvalidToken", "The provided token is malformed or otherwise invalid."};
  }
  const SigV4Expected expected = ExpectedSigV4(request, fields, keys.secret_key);
  if (fields.signature == expected.signature) return std::nullopt;
  return OriginS3Error{"SignatureDoesNotMatch",
                       "The request signature we calculated does not match the signature you "
                       "provided. Check your key and signing method.",
                       {{"AWSAccessKeyId", fields.access_key},
                        {"StringToSign", expected.string_to_sign},
                        {"SignatureProvided", fields.signature},
                        {"CanonicalRequest", expected.canonical_request}}};
}

}  // namespace brimfs
