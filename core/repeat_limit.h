// Keeps one kind of line from filling the log: some are written, the others are counted.
#ifndef BRIMFS_CORE_REPEAT_LIMIT_H_
#define BRIMFS_CORE_REPEAT_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/log.h"

namespace brimfs {

// Pure: no clock, no lock.
class RepeatLimit {
 public:
  static constexpr uint64_t kMost = 10;                          // lines of one kind …
  static constexpr Duration kWithin = std::chrono::seconds(60);  // … in this time from the first
  static constexpr size_t kKinds = 1000;  // told apart at a time; all others are of one more

  // Lines are of one kind if they differ only in `names`, such as that of the object they are
  // about, and in numbers, but for the first digit of a status.
  static std::string KindOf(std::string_view line, std::initializer_list<std::string_view> names);

  // Whether a line of this kind may be written. TakeEnded comes first.
  bool Admit(const std::string& kind, LogLevel level, const std::string& line, TimePoint now);

  // A kind whose time is over, with what was kept back of it.
  struct KeptBack {
    LogLevel level = LogLevel::kInfo;  // of the last one
    std::string line;
    uint64_t times = 0;
  };

  // Forgets the kinds whose time is over and returns those of which something was kept back.
  // TimePoint::max(): all.
  std::vector<KeptBack> TakeEnded(TimePoint now);

  // When the next kind ends of which something was kept back.
  std::optional<TimePoint> next_end() const;

 private:
  struct Kind {
    TimePoint end;
    uint64_t written = 0;
    KeptBack kept_back;
  };

  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_REPEAT_LIMIT_H_
