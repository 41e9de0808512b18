#include <algorithm>
#include <charconv>

#include "tests/support/origin/faults.h"

namespace brimfs {
namespace {

OriginFault::Phase PhaseOf(const OriginRequest& request) {
  if (request.lists || request.path.empty() || request.path.ends_with('/')) {
    return OriginFault::Phase::kList;
  }
  const std::string* range = request.Header("range");
  const bool whole = range == nullptr || *range == "bytes=0-0";
  return request.method == "HEAD" || whole ? OriginFault::Phase::kStat
                                           : OriginFault::Phase::kRanged;
}

bool Strikes(const OriginFault& fault, const OriginRequest& request) {
  if (!fault.path.empty() && fault.path != request.path) return false;
  const OriginFault::Phase phase = PhaseOf(request);
  if (fault.in_body() && (request.method != "GET" || phase == OriginFault::Phase::kList)) {
    return false;
  }
  return fault.phase == OriginFault::Phase::kAny || fault.phase == phase;
}

bool ParseNumber(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

struct PhaseName {
  std::string_view text;
  OriginFault::Phase phase;
};
constexpr PhaseName kPhases[] = {{"any", OriginFault::Phase::kAny},
                                 {"stat", OriginFault::Phase::kStat},
                                 {"ranged", OriginFault::Phase::kRanged},
                                 {"list", OriginFault::Phase::kList}};

struct PointName {
  std::string_view text;
  OriginFault::Point point;
};
constexpr PointName kPoints[] = {{"head", OriginFault::Point::kHead},
                                 {"in-head", OriginFault::Point::kInHead},
                                 {"first", OriginFault::Point::kFirstByte},
                                 {"middle", OriginFault::Point::kMiddle},
                                 {"last", OriginFault::Point::kLastByte}};

// "ranged@middle", "any@5000" or "stat".
bool ParsePhase(std::string_view text, OriginFault& fault) {
  const size_t at = text.find('@');
  const auto phase = std::find_if(std::begin(kPhases), std::end(kPhases),
                                  [&](const auto& row) { return row.text == text.substr(0, at); });
  if (phase == std::end(kPhases)) return false;
  fault.phase = phase->phase;
  if (at == text.npos) return true;

  const std::string_view where = text.substr(at + 1);
  const auto point = std::find_if(std::begin(kPoints), std::end(kPoints),
                                  [&](const auto& row) { return row.text == where; });
  if (point != std::end(kPoints)) {
    fault.point = point->point;
    return true;
  }
  uint64_t bytes = 0;
  if (!ParseNumber(where, bytes)) return false;
  fault.after = bytes;
  return true;
}

}  // namespace

uint64_t OriginFault::BytesBefore(uint64_t size) const {
  if (after) return std::min(*after, size);
  switch (point) {
    case Point::kMiddle:
      return size / 2;
    case Point::kLastByte:
      return size == 0 ? 0 : size - 1;
    default:
      return 0;
  }
}

Result<OriginFault> ParseFault(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    return Status(Code::kInvalidArgument, "fault \"" + std::string(text) + "\": " + what);
  };
  OriginFault fault;
  // The argument may hold colons: it is a URL in "redirect=http://localhost:80:ranged:1".
  std::string_view name = text.substr(0, text.find_first_of(":="));
  std::string_view rest = text.substr(name.size());
  fault.name = name;
  if (FindFault(name) == nullptr) return wrong("no such fault");
  const auto take_last = [&rest]() -> std::string_view {
    const size_t colon = rest.rfind(':');
    if (colon == rest.npos) return {};
    const std::string_view last = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    return last;
  };
  uint64_t number = 0;
  const std::string_view count = take_last();
  const std::string_view phase = take_last();
  if (count == "ever") {
    fault.count = OriginFault::kForEver;
  } else if (count.starts_with("1/") && ParseNumber(count.substr(2), number) && number > 0) {
    fault.count = OriginFault::kForEver;
    fault.one_in = static_cast<int>(number);
  } else if (ParseNumber(count, number)) {
    fault.count = static_cast<int>(number);
  } else {
    return wrong("COUNT is a number, \"ever\" or 1/N, as in " + fault.name + ":any:1");
  }
  if (!ParsePhase(phase, fault)) {
    return wrong("PHASE is any, stat, ranged or list, and may have a point, as in ranged@middle");
  }
  if (rest.starts_with('=')) fault.argument = rest.substr(1);
  return fault;
}

void OriginFaults::Inject(OriginFault fault) {
  MutexLock lock(mu_);
  waiting_.push_back(std::move(fault));
}

void OriginFaults::Clear() {
  MutexLock lock(mu_);
  waiting_.clear();
}

void OriginFaults::Clear(const std::string& path) {
  MutexLock lock(mu_);
  std::erase_if(waiting_, [&](const OriginFault& fault) { return fault.path == path; });
}

std::vector<OriginFault> OriginFaults::Take(const OriginRequest& request) {
  std::vector<OriginFault> taken;
  MutexLock lock(mu_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool met = std::any_of(taken.begin(), taken.end(),
                                 [&](const OriginFault& other) { return other.name == it->name; });
    if (met || !Strikes(*it, request)) {
      ++it;
      continue;
    }
    if (++it->passed_over < it->one_in) {
      ++it;
      continue;
    }
    it->passed_over = 0;
    taken.push_back(*it);
    ++struck_[it->name];
    if (it->count != OriginFault::kForEver && --it->count <= 0) {
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

std::map<std::string, uint64_t> OriginFaults::struck() const {
  MutexLock lock(mu_);
  return struck_;
}

}  // namespace brimfs
