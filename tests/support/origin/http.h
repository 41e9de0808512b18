// The pieces of HTTP/1.1 that the test origin speaks (RFC 9110, RFC 9112).
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_HTTP_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_HTTP_H_

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/range.h"

namespace brimfs {

struct OriginRequest {
  std::string method;
  std::string target;  // as sent, with the query
  std::string path;    // decoded, without the leading '/' and the query; keeps a trailing '/'
  std::map<std::string, std::string> headers;  // names in lower case
  bool lists = false;  // of S3: asks what is there; `path` as OriginS3::Locate makes it

  // Null if it was not sent; `name` in lower case.
  const std::string* Header(const std::string& name) const;
  bool IsRanged() const { return Header("range") != nullptr; }
};

// `head` is everything before the empty line. Nothing if it is not HTTP/1.x.
std::optional<OriginRequest> ParseRequest(std::string_view head);

// What "Range: bytes=…" asks of an object of `size` bytes. Nothing: to be ignored (another unit,
// several ranges, not well-formed); an empty range: it cannot be satisfied.
std::optional<Range> ParseRange(std::string_view value, uint64_t size);

// Whether one of the entity tags in an If-Match list is `etag`, by strong comparison.
bool MatchesEtag(std::string_view list, std::string_view etag);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(std::time_t time);
std::optional<std::time_t> ParseHttpDate(const std::string& text);

// `path` for a URL: all but unreserved characters and '/' become %XX.
std::string PercentEncode(std::string_view path);
std::string PercentDecode(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_HTTP_H_
