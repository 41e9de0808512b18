#include "backends/s3_error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "backends/http_date.h"
#include "backends/response_validator.h"

namespace brimfs {
namespace {

struct Known {
  std::string_view code;
  Code meaning;
  std::string_view remedy;  // after the server's words
};

constexpr char kCheckKeys[] = ": check the keys, or name a file with them with credentials=";

constexpr Known kKnown[] = {
    {"NoSuchKey", Code::kNotFound, ""},
    {"NoSuchVersion", Code::kNotFound, ""},
    {"NoSuchBucket", Code::kNotFound, ": is the bucket's name right, and the endpoint?"},
    {"NoSuchAccessPoint", Code::kNotFound, ": is the access point's ARN right?"},
    {"AccessDenied", Code::kDenied, ": may these keys list and read the bucket?"},
    {"AllAccessDisabled", Code::kDenied, ""},
    {"AccountProblem", Code::kDenied, ""},
    {"NotSignedUp", Code::kDenied, ""},
    {"InvalidAccessKeyId", Code::kDenied, kCheckKeys},
    {"SignatureDoesNotMatch", Code::kDenied, kCheckKeys},
    {"InvalidToken", Code::kDenied, kCheckKeys},
    {"ExpiredToken", Code::kDenied, ": the session has ended; log in again"},
    {"TokenRefreshRequired", Code::kDenied, ": the session has ended; log in again"},
    {"RequestTimeTooSkewed", Code::kDenied, ": set the clock of this machine"},
    {"RequestExpired", Code::kDenied, ": set the clock of this machine"},
    {"AuthorizationHeaderMalformed", Code::kDenied, ": name the bucket's region with region="},
    {"IllegalLocationConstraintException", Code::kDenied,
     ": name the bucket's region with region="},
    {"PermanentRedirect", Code::kDenied,
     ": name the bucket's region with region=, or its server with endpoint="},
    {"InvalidObjectState", Code::kNoData, ": the object is archived; restore it first"},
    {"InvalidBucketName", Code::kInvalidArgument, ""},
    {"SlowDown", Code::kUnavailable, ""},
    {"ServiceUnavailable", Code::kUnavailable, ""},
    {"TooManyRequests", Code::kUnavailable, ""},
    {"RequestLimitExceeded", Code::kUnavailable, ""},
    {"BandwidthLimitExceeded", Code::kUnavailable, ""},
    {"InternalError", Code::kUnavailable, ""},
    {"OperationAborted", Code::kUnavailable, ""},
    {"RequestTimeout", Code::kUnavailable, ""},
};

constexpr std::array<std::string_view, 5> kOverloaded = {"SlowDown", "ServiceUnavailable",
                                                         "TooManyRequests", "RequestLimitExceeded",
                                                         "BandwidthLimitExceeded"};

template <typename Names>
bool IsOneOf(const std::string& code, const Names& names) {
  return std::find(std::begin(names), std::end(names), code) != std::end(names);
}

const Known* Find(const std::string& code) {
  const auto* const known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                         [&](const Known& one) { return one.code == code; });
  return known == std::end(kKnown) ? nullptr : known;
}

std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  constexpr size_t kLongest = 300;
  if (text.size() > kLongest) text.resize(kLongest);
  return text;
}

std::string Words(const S3Refusal& refusal) {
  std::string words = refusal.error.code.empty()
                          ? "the server answered with status " + std::to_string(refusal.head.status)
                          : Printable(refusal.error.code);
  if (!refusal.error.message.empty()) words += " (" + Printable(refusal.error.message) + ")";
  return words;
}

std::string RequestId(const HttpHeaders& headers) {
  const std::string id = headers.Find("x-amz-request-id").value_or("");
  return id.empty() ? "" : " [request " + Printable(id) + "]";
}

// Of what has no code, or none that is known.
std::string StatusRemedy(const S3Refusal& refusal) {
  const std::string& message = refusal.error.message;
  if (message.find("Server Side Encryption") != std::string::npos ||
      message.find("server-side encryption") != std::string::npos) {
    return ": the object is encrypted with a customer's key: name its file with sse_c_key=";
  }
  if (refusal.head.status == 403) return kKnown[4].remedy.data();
  return "";
}

}  // namespace

Status ToStatus(const S3Refusal& refusal, absl::Time now) {
  const HttpHead& head = refusal.head;
  const Status by_status = CheckStatus(head, now);
  Status status = by_status;
  std::string remedy;
  if (const Known* const known = Find(refusal.error.code)) {
    status = Status(known->meaning);
    remedy = known->remedy;
  } else if (head.status == 400 && !StatusRemedy(refusal).empty()) {
    status = Status(Code::kDenied);
    remedy = StatusRemedy(refusal);
  } else if (by_status.ok()) {
    status = Status(Code::kProtocol);
  } else {
    remedy = StatusRemedy(refusal);
  }
  Status result(status.code(), Words(refusal) + remedy + RequestId(head.headers));
  if (result.code() != Code::kUnavailable) return result;
  if (by_status.overloaded() || IsOneOf(refusal.error.code, kOverloaded)) result.set_overloaded();
  const auto field = head.headers.Find("Retry-After");
  if (const auto wait = field ? ParseRetryAfter(*field, now) : std::nullopt) {
    result.set_retry_after(absl::ToChronoMilliseconds(*wait));
  }
  return result;
}

bool BlamesKeys(const S3Refusal& refusal) {
  constexpr std::array<std::string_view, 6> kOfKeys = {
      "AccessDenied", "ExpiredToken",         "InvalidAccessKeyId",
      "InvalidToken", "TokenRefreshRequired", "SignatureDoesNotMatch"};
  if (!refusal.error.code.empty()) return IsOneOf(refusal.error.code, kOfKeys);
  return refusal.head.status == 400 || refusal.head.status == 401 || refusal.head.status == 403;
}

std::string RegionNamed(const S3Refusal& refusal) {
  if (const auto field = refusal.head.headers.Find("x-amz-bucket-region")) return *field;
  return refusal.error.region;
}

}  // namespace brimfs
