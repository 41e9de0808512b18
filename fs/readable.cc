#include "fs/readable.h"

#include <iomanip>
#include <sstream>
#include <string_view>

namespace brimfs {

std::string ReadableBytes(uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGTPE";
  constexpr double kStep = 1024;
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= kStep && unit + 1 < kUnits.size(); ++unit) value /= kStep;
  std::ostringstream text;
  text << std::fixed << std::setprecision(unit == 0 || value >= 100 ? 0 : 1) << value
       << kUnits[unit];
  return text.str();
}

std::string ReadableTime(absl::Time time) {
  if (time == absl::InfinitePast()) return "-";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace brimfs
