#include "backends/http_date.h"

#include <algorithm>

#include "backends/http_number.h"

namespace brimfs {
namespace {

constexpr char kPreferred[] = "%a, %d %b %Y %H:%M:%S GMT";

}  // namespace

std::optional<absl::Time> ParseDate(const std::string& text) {
  static constexpr const char* kForms[] = {kPreferred, "%A, %d-%b-%y %H:%M:%S GMT",
                                           "%a %b %e %H:%M:%S %Y"};
  for (const char* form : kForms) {
    absl::Time time;
    if (absl::ParseTime(form, absl::string_view(text.data(), text.size()), &time, nullptr)) {
      return time;
    }
  }
  return std::nullopt;
}

std::optional<absl::Time> ParseRfc3339(const std::string& text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time,
                       nullptr)) {
    return std::nullopt;
  }
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), absl::Seconds(1));
}

std::string FormatDate(absl::Time time) {
  return absl::FormatTime(kPreferred, time, absl::UTCTimeZone());
}

std::optional<absl::Duration> ParseRetryAfter(const std::string& text, absl::Time now) {
  constexpr uint64_t kDay = 24 * 60 * 60;
  if (const auto seconds = ParseNumber(text)) return absl::Seconds(std::min(*seconds, kDay));
  const auto date = ParseDate(text);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, absl::ZeroDuration(), absl::Seconds(kDay));
}

}  // namespace brimfs
