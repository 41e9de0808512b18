#include "core/repeat_limit.h"

#include <algorithm>
#include <utility>

namespace brimfs {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string RepeatLimit::KindOf(std::string_view line,
                                std::initializer_list<std::string_view> names) {
  std::string kind;
  kind.reserve(line.size());
  while (!line.empty()) {
    size_t taken = 1;
    const auto* const name = std::find_if(names.begin(), names.end(), [&](std::string_view one) {
      return !one.empty() && line.starts_with(one);
    });
    if (name != names.end()) {
      kind += '*';
      taken = name->size();
    } else if (IsDigit(line.front()) && !kind.ends_with("status ")) {
      kind += '#';
      taken = std::min(line.find_first_not_of("0123456789"), line.size());
    } else {
      kind += line.front();
    }
    line.remove_prefix(taken);
  }
  return kind;
}

bool RepeatLimit::Admit(const std::string& kind, LogLevel level, const std::string& line,
                        TimePoint now) {
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) {
    // All that are too many are of one kind.
    const std::string& known = kinds_.size() < kKinds ? kind : std::string();
    found = kinds_.emplace(known, Kind{now + kWithin, 0, {}}).first;
  }
  Kind& known = found->second;
  if (known.written < kMost) {
    ++known.written;
    return true;
  }
  known.kept_back.level = level;
  known.kept_back.line = line;
  ++known.kept_back.times;
  return false;
}

std::vector<RepeatLimit::KeptBack> RepeatLimit::TakeEnded(TimePoint now) {
  std::vector<KeptBack> ended;
  std::erase_if(kinds_, [&](auto& entry) {
    if (entry.second.end > now) return false;
    if (entry.second.kept_back.times > 0) ended.push_back(std::move(entry.second.kept_back));
    return true;
  });
  return ended;
}

std::optional<TimePoint> RepeatLimit::next_end() const {
  std::optional<TimePoint> next;
  for (const auto& [name, kind] : kinds_) {
    if (kind.kept_back.times > 0 && (!next || kind.end < *next)) next = kind.end;
  }
  return next;
}

}  // namespace brimfs
