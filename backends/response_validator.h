// Decides what an answer to a request for a range is worth, before any of its bytes is believed.
//
// Pure: no clock, no network. RFC 9110, sections 13 to 15, read strictly: a byte counts only after
// status, Content-Range, total size, validator and length agree.
#ifndef BRIMFS_BACKENDS_RESPONSE_VALIDATOR_H_
#define BRIMFS_BACKENDS_RESPONSE_VALIDATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "backends/http_message.h"
#include "core/range.h"
#include "core/status.h"
#include "core/version.h"

namespace brimfs {

struct RangeQuestion {
  Range range;       // not empty
  Version expected;  // what is known of the object; every part that is known is checked
};

struct RangeAnswer {
  Version version;  // what the answer says of itself, its length included
  Range body;       // the range that was asked for, or the whole object
};

// The fields that make the server itself check the version: If-Match for a strong ETag, else
// If-Unmodified-Since for a time known to the second, else none. Not If-Range, which would make a
// changed object send its whole new content.
std::vector<std::string> Preconditions(const Version& expected);

// The ETag, Last-Modified and (if `length` is given) length that an answer states. It is racy by
// the answer's own Date, or by `now` if it has none; with neither a time nor a strong ETag always;
// a strong ETag beside a time makes no difference: nginx makes it of the time and the size.
Version StatedVersion(const HttpHeaders& headers, std::optional<uint64_t> length, absl::Time now);

// The object's length, as the answer to a question for its head or for some of its bytes says; of a
// 416, too.
std::optional<uint64_t> TotalLength(const HttpHead& head);

// Errors as Connection::Fetch has them:
//   kStale        another version, or gone (404, 410, 412, 416)
//   kDenied       401, 403, 407
//   kUnavailable  408, 425, 429, 500, 502, 503, 504; with retry_after() if the answer names a time,
//                 and overloaded() if it asks to be spared
//   kProtocol     everything else that is not the range that was asked for
// `now` is for a Retry-After that is a date, and for StatedVersion.
Result<RangeAnswer> CheckRangeAnswer(const RangeQuestion& question, const HttpHead& head,
                                     absl::Time now);

// For answers to other questions: ok for 200 and 206, else as above, but 404 and 410 are kNotFound.
Status CheckStatus(const HttpHead& head, absl::Time now);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_RESPONSE_VALIDATOR_H_
