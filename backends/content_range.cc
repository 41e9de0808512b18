#include "backends/content_range.h"

#include "backends/http_headers.h"
#include "backends/http_number.h"

namespace brimfs {

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  const size_t space = text.find(' ');
  const size_t slash = text.find('/');
  if (space == std::string_view::npos || slash == std::string_view::npos || slash < space ||
      !EqualsIgnoringCase(text.substr(0, space), "bytes")) {
    return std::nullopt;
  }
  const std::string_view range = TrimSpace(text.substr(space, slash - space));
  const std::string_view total = TrimSpace(text.substr(slash + 1));

  ContentRange parsed;
  if (total != "*") {
    parsed.total = ParseNumber(total);
    if (!parsed.total) return std::nullopt;
  }
  if (range == "*") return parsed.total ? std::optional(parsed) : std::nullopt;

  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = ParseNumber(range.substr(0, dash));
  const auto last = ParseNumber(range.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= parsed.total.value_or(kMaxOffset)) {
    return std::nullopt;
  }
  parsed.range = {*first, *last + 1};
  return parsed;
}

}  // namespace brimfs
