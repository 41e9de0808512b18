#include "backends/http_headers.h"

#include <algorithm>
#include <cctype>

namespace brimfs {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view TrimSpace(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void HttpHeaders::Add(std::string_view name, std::string_view value) {
  fields_.emplace_back(name, TrimSpace(value));
}

std::optional<std::string> HttpHeaders::Find(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (EqualsIgnoringCase(field, name)) return value;
  }
  return std::nullopt;
}

bool HttpHeaders::Conflicting(std::string_view name) const {
  const std::optional<std::string> first = Find(name);
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) {
    return EqualsIgnoringCase(field.first, name) && field.second != *first;
  });
}

}  // namespace brimfs
