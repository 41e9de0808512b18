// The Content-Range field (RFC 9110, section 14.4).
#ifndef BRIMFS_BACKENDS_CONTENT_RANGE_H_
#define BRIMFS_BACKENDS_CONTENT_RANGE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/range.h"

namespace brimfs {

struct ContentRange {
  Range range;                    // half-open, unlike the field; empty for "bytes */TOTAL"
  std::optional<uint64_t> total;  // nothing for "*"
};

// Nothing for another unit, for numbers that are none or too big, for a first byte behind the last,
// for a last byte that is not before the total, and for "*/*".
std::optional<ContentRange> ParseContentRange(std::string_view text);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CONTENT_RANGE_H_
