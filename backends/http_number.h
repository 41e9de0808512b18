// Numbers as HTTP's fields write them: decimal digits and nothing else.
#ifndef BRIMFS_BACKENDS_HTTP_NUMBER_H_
#define BRIMFS_BACKENDS_HTTP_NUMBER_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/range.h"

namespace brimfs {

// Nothing for a sign, a space, any other byte, or more than kMaxOffset.
inline std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || error != std::errc() || end != last || number > kMaxOffset) {
    return std::nullopt;
  }
  return number;
}

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_HTTP_NUMBER_H_
