// Times as HTTP writes them (RFC 9110, section 5.6.7).
#ifndef BRIMFS_BACKENDS_HTTP_DATE_H_
#define BRIMFS_BACKENDS_HTTP_DATE_H_

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace brimfs {

// "Fri, 20 Nov 2026 18:37:00 GMT", or one of the two obsolete forms. Nothing if it is none of them.
std::optional<absl::Time> ParseDate(const std::string& text);

// "2026-11-20T18:37:07.123Z" (RFC 3339), cut to whole seconds, which is what an HTTP date says of
// the same time. Nothing if it is none, or of no zone.
std::optional<absl::Time> ParseRfc3339(const std::string& text);

// Cut to whole seconds.
std::string FormatDate(absl::Time time);

// How long a Retry-After (seconds or a date) asks to wait from `now`: never less than zero nor more
// than a day. Nothing if it is neither.
std::optional<absl::Duration> ParseRetryAfter(const std::string& text, absl::Time now);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_DATE_H_
