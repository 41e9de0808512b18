#include "backends/index_link.h"

#include <cctype>

namespace brimfs {
namespace {

std::string LettersAndDigits(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && std::isalnum(c)) kept += c;
  }
  return kept;
}

}  // namespace

std::optional<ListedName> NameOfLink(const Url& base, const std::string& link) {
  if (link.find_first_of("?#") != std::string::npos) return std::nullopt;
  std::string relative = link;
  const size_t colon = link.find(':');
  if (link.starts_with('/') || (colon != std::string::npos && colon < link.find('/'))) {
    const auto url = ResolveUrl(base, link);
    if (!url.ok() || !SameOrigin(*url, base) || !url->path.starts_with(base.path)) {
      return std::nullopt;
    }
    relative = url->path.substr(base.path.size());
  }
  while (relative.starts_with("./")) relative.erase(0, 2);

  ListedName listed;
  if (relative.ends_with('/')) {
    listed.kind = ObjectKind::kDirectory;
    relative.pop_back();
  }
  if (relative.empty() || relative == "." || relative == ".." ||
      relative.find('/') != std::string::npos) {
    return std::nullopt;
  }
  listed.name = DecodePercent(relative);
  return listed;
}

bool TextNames(std::string_view text, std::string_view name) {
  return LettersAndDigits(name).starts_with(LettersAndDigits(text));
}

}  // namespace brimfs
