#include "core/version.h"

#include <algorithm>
#include <string_view>

namespace brimfs {
namespace {

constexpr std::string_view kWeakPrefix = "W/";

std::string_view OpaqueTag(std::string_view etag) {
  if (etag.starts_with(kWeakPrefix)) etag.remove_prefix(kWeakPrefix.size());
  return etag;
}

bool SameTime(const Version& a, const Version& b) {
  const absl::Duration precision = std::max(a.precision, b.precision);
  const auto floor = [&](absl::Time time) {
    return absl::Floor(time - absl::UnixEpoch(), precision);
  };
  return floor(*a.last_modified) == floor(*b.last_modified);
}

}  // namespace

bool Version::HasStrongEtag() const { return !etag.empty() && !etag.starts_with(kWeakPrefix); }

bool Version::HasValidator() const {
  return HasStrongEtag() || (last_modified && precision <= absl::Seconds(1));
}

std::string Version::ToString() const {
  if (!etag.empty()) return etag;
  if (last_modified) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *last_modified, absl::UTCTimeZone());
  }
  if (length) return "length " + std::to_string(*length);
  return "unknown";
}

bool SameVersion(const Version& a, const Version& b) {
  if (a.length && b.length && *a.length != *b.length) return false;
  if (!a.etag.empty() && !b.etag.empty()) {
    if (OpaqueTag(a.etag) != OpaqueTag(b.etag)) return false;
    if (a.HasStrongEtag() && b.HasStrongEtag()) return true;
  }
  return !a.last_modified || !b.last_modified || SameTime(a, b);
}

bool SameForCertain(const Version& a, const Version& b) {
  if (!SameVersion(a, b)) return false;
  if (a.HasStrongEtag() && b.HasStrongEtag()) return true;
  return a.last_modified && b.last_modified &&
         std::max(a.precision, b.precision) <= absl::Seconds(1);
}

Version Merge(const Version& known, const Version& seen) {
  Version merged = known;
  if (merged.etag.empty() || (!merged.HasStrongEtag() && seen.HasStrongEtag())) {
    merged.etag = seen.etag;
  }
  if (seen.last_modified && (!merged.last_modified || seen.precision < merged.precision)) {
    merged.last_modified = seen.last_modified;
    merged.precision = seen.precision;
  }
  if (merged.id.empty()) merged.id = seen.id;
  if (!merged.length) merged.length = seen.length;
  merged.racy = known.racy || seen.racy;
  return merged;
}

}  // namespace brimfs
