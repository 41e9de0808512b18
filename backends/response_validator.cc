#include "backends/response_validator.h"

#include <optional>
#include <string_view>

#include "backends/content_range.h"
#include "backends/http_date.h"
#include "backends/http_number.h"
#include "backends/transfer_error.h"

namespace brimfs {
namespace {

Status Refused(std::string why) { return Status(Code::kProtocol, std::move(why)); }

Status Changed(std::string why) { return Status(Code::kStale, std::move(why)); }

bool Coded(const HttpHeaders& headers) {
  const auto coding = headers.Find("Content-Encoding");
  return coding && !coding->empty() && !EqualsIgnoringCase(*coding, "identity");
}

// Whether the answer speaks of the version that is expected. `whole` is a 200, whose length alone
// proves nothing: it may be a page about an error.
Status CheckVersion(const Version& expected, const Version& stated, bool whole) {
  const bool strong = expected.HasStrongEtag() && stated.HasStrongEtag();
  const bool timed = expected.last_modified && stated.last_modified;
  const bool tagged = !expected.etag.empty() && !stated.etag.empty();
  if (strong && expected.etag == stated.etag) {
    return SameVersion(expected, stated) ? OkStatus()
                                         : Refused("the same ETag with another length");
  }
  if (!SameVersion(expected, stated) && (tagged || timed || !whole)) {
    return Changed("another version: " + stated.ToString() + " instead of " + expected.ToString());
  }
  if (!timed && (whole || expected.HasValidator())) {
    return Refused("no validator shows that the answer is of the object");
  }
  return OkStatus();
}

// Content-Length, if it is there, must be a number and the same in every place.
Status TakeContentLength(const HttpHeaders& headers, std::optional<uint64_t>* length) {
  if (headers.Conflicting("Content-Length")) return Refused("two different Content-Length fields");
  const auto field = headers.Find("Content-Length");
  if (!field) return OkStatus();
  *length = ParseNumber(*field);
  return *length ? OkStatus() : Refused("a Content-Length that is no number");
}

Result<RangeAnswer> CheckPartial(const RangeQuestion& question, const HttpHeaders& headers,
                                 std::optional<uint64_t> body_length, absl::Time now) {
  const auto type = headers.Find("Content-Type");
  if (type && EqualsIgnoringCase(std::string_view(*type).substr(0, 20), "multipart/byteranges")) {
    return Refused("several ranges, though one was asked for");
  }
  const auto field = headers.Find("Content-Range");
  if (!field) return Refused("status 206 without Content-Range");
  if (headers.Conflicting("Content-Range")) return Refused("two different Content-Range fields");
  const auto content_range = ParseContentRange(*field);
  if (!content_range) return Refused("a malformed Content-Range: " + *field);
  if (content_range->range != question.range) {
    return Refused("another range than was asked for: " + *field);
  }
  if (!content_range->total) return Refused("a Content-Range without the total size: " + *field);
  if (body_length && *body_length != question.range.size()) {
    return Refused("Content-Length and Content-Range disagree");
  }

  RangeAnswer answer;
  answer.version = StatedVersion(headers, content_range->total, now);
  answer.body = question.range;
  BRIMFS_RETURN_IF_ERROR(CheckVersion(question.expected, answer.version, false));
  return answer;
}

// A 200 is the whole object, if it is the object at all: that must be certain before it is used.
Result<RangeAnswer> CheckWhole(const RangeQuestion& question, const HttpHeaders& headers,
                               std::optional<uint64_t> body_length, absl::Time now) {
  RangeAnswer answer;
  answer.version = StatedVersion(headers, body_length, now);
  BRIMFS_RETURN_IF_ERROR(CheckVersion(question.expected, answer.version, true));
  // Without a length of its own it has the one that was counted, see body_length.h.
  const std::optional<uint64_t> length = body_length ? body_length : question.expected.length;
  if (!length) return Refused("status 200 to a range, and no Content-Length");
  if (question.range.end > *length) return Changed("the object is shorter than the range");
  answer.body = {0, *length};
  return answer;
}

// " (Digest)": the word before the first space of WWW-Authenticate.
std::string SchemeAsked(const HttpHeaders& headers) {
  const auto field = headers.Find("WWW-Authenticate");
  return field ? " (" + field->substr(0, field->find(' ')) + ")" : "";
}

}  // namespace

std::vector<std::string> Preconditions(const Version& expected) {
  if (expected.HasStrongEtag()) return {"If-Match: " + expected.etag};
  if (expected.last_modified && expected.precision <= absl::Seconds(1)) {
    return {"If-Unmodified-Since: " + FormatDate(*expected.last_modified)};
  }
  return {};
}

std::optional<uint64_t> TotalLength(const HttpHead& head) {
  if (head.status == 200) {
    if (head.headers.Conflicting("Content-Length")) return std::nullopt;
    return ParseNumber(head.headers.Find("Content-Length").value_or(""));
  }
  const auto range = ParseContentRange(head.headers.Find("Content-Range").value_or(""));
  return range ? range->total : std::nullopt;
}

Version StatedVersion(const HttpHeaders& headers, std::optional<uint64_t> length, absl::Time now) {
  Version version;
  version.etag = headers.Find("ETag").value_or("");
  if (const auto date = headers.Find("Last-Modified")) version.last_modified = ParseDate(*date);
  version.length = length;
  const auto date = headers.Find("Date");
  const absl::Time said = (date ? ParseDate(*date) : std::nullopt).value_or(now);
  version.racy =
      version.last_modified ? said - *version.last_modified < kSettled : !version.HasStrongEtag();
  return version;
}

Status CheckStatus(const HttpHead& head, absl::Time now) {
  const std::string what = "the server answered with status " + std::to_string(head.status);
  // nginx's word for it is 400.
  if (head.certificate_asked && (head.status == 400 || head.status == 403)) {
    return Status(Code::kDenied, what + "; " + kCertificateAsked);
  }
  switch (head.status) {
    case 200:
    case 206:
      return OkStatus();
    case 401:
      return Status(Code::kDenied, what + SchemeAsked(head.headers) +
                                       ": credentials= or netrc= names a file with the user name "
                                       "and password, or the token, that it wants");
    case 403:
      return Status(Code::kDenied, what);
    case 407:
      return Status(Code::kDenied,
                    "the proxy answered with status 407: proxy_credentials= names a "
                    "file with the user name and password that it wants");
    case 404:
    case 410:
      return Status(Code::kNotFound, what);
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: {
      Status status(Code::kUnavailable, what);
      if (head.status == 429 || head.status == 503) status.set_overloaded();
      const auto field = head.headers.Find("Retry-After");
      if (const auto wait = field ? ParseRetryAfter(*field, now) : std::nullopt) {
        status.set_retry_after(absl::ToChronoMilliseconds(*wait));
      }
      return status;
    }
    default:
      return Refused(what);
  }
}

Result<RangeAnswer> CheckRangeAnswer(const RangeQuestion& question, const HttpHead& head,
                                     absl::Time now) {
  if (head.status == 412) return Changed("the object is another version (status 412)");
  if (head.status == 416) return Changed("the object has become shorter (status 416)");
  if (const Status status = CheckStatus(head, now); !status.ok()) {
    return status.code() == Code::kNotFound ? Changed("the object is gone") : status;
  }
  if (head.headers.Conflicting("ETag")) return Refused("two different ETag fields");
  std::optional<uint64_t> body_length;
  BRIMFS_RETURN_IF_ERROR(TakeContentLength(head.headers, &body_length));
  auto answer = head.status == 206 ? CheckPartial(question, head.headers, body_length, now)
                                   : CheckWhole(question, head.headers, body_length, now);
  // An encoding stored with the object is part of its bytes, and then the sizes agree with what was
  // asked for without encoding. One that the server made up on the way has a size of its own.
  if (answer.ok() && Coded(head.headers) && answer->version.length != question.expected.length) {
    return Refused("a content encoding that was not asked for");
  }
  return answer;
}

}  // namespace brimfs
