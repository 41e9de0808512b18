#include "fs/xattr.h"

namespace brimfs {

std::optional<Xattr> ParseXattrName(std::string_view name) {
  constexpr std::string_view kPrefix = "user.brimfs.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (name == "url") return Xattr::kUrl;
  if (name == "version") return Xattr::kVersion;
  if (name == "filled") return Xattr::kFilled;
  if (name == "state") return Xattr::kState;
  if (name == "ranges") return Xattr::kRanges;
  if (name == "kept") return Xattr::kKept;
  if (name == "control") return Xattr::kControl;
  return std::nullopt;
}

std::string FormatRanges(const std::vector<Range>& ranges) {
  constexpr std::string_view kCut = ",...";
  std::string text;
  for (const Range& range : ranges) {
    std::string one = std::to_string(range.begin) + '-' + std::to_string(range.end);
    if (!text.empty()) one.insert(0, 1, ',');
    if (text.size() + one.size() + kCut.size() > kMaxXattrBytes) return text.append(kCut);
    text += one;
  }
  return text;
}

std::string_view StateName(Resource::State state) {
  switch (state) {
    case Resource::State::kActive:
      return "active";
    case Resource::State::kCommitted:
      return "committed";
    case Resource::State::kFailed:
      return "failed";
    case Resource::State::kCancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace brimfs
