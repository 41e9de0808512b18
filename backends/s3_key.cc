#include "backends/s3_key.h"

#include <algorithm>

#include "backends/file_name.h"
#include "backends/url.h"

namespace brimfs {
namespace {

constexpr std::string_view kShown = "%:";

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool IsPlain(std::string_view component) {
  return !component.empty() && component != "." && component != ".." &&
         !component.starts_with(kShown) &&
         std::none_of(component.begin(), component.end(), IsControl);
}

std::string Show(std::string_view component) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string shown(kShown);
  for (const char c : component) {
    if (IsControl(c) || c == '%') {
      const auto byte = static_cast<unsigned char>(c);
      shown += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      shown += c;
    }
  }
  return shown;
}

}  // namespace

std::optional<std::string> NameOfComponent(std::string_view component) {
  std::string name = IsPlain(component) ? std::string(component) : Show(component);
  if (name.size() > kMaxNameBytes) return std::nullopt;
  return name;
}

std::optional<std::string> ComponentOfName(std::string_view name) {
  if (!name.starts_with(kShown)) {
    if (!IsPlain(name)) return std::nullopt;
    return std::string(name);
  }
  std::string component = DecodePercent(name.substr(kShown.size()));
  if (IsPlain(component) || component.find('/') != std::string::npos || Show(component) != name) {
    return std::nullopt;
  }
  return component;
}

std::optional<std::string> KeyOfPath(std::string_view path) {
  std::string key;
  for (;;) {
    const size_t slash = path.find('/');
    const std::optional<std::string> component = ComponentOfName(path.substr(0, slash));
    if (!component) return std::nullopt;
    key += *component;
    if (slash == std::string_view::npos) return key;
    key += '/';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace brimfs
