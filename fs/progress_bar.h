// The line that shows how far a fill has come. Pure, but for the time that is passed in.
#ifndef BRIMFS_FS_PROGRESS_BAR_H_
#define BRIMFS_FS_PROGRESS_BAR_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "core/clock.h"

namespace brimfs {

// Bytes a second over the last ten seconds. Used by one thread.
class RateMeter {
 public:
  static constexpr auto kWindow = std::chrono::seconds(10);

  // So many bytes have come in all.
  void Note(uint64_t bytes, TimePoint now);

  // Nothing until it has seen half a second.
  std::optional<double> rate() const;

 private:
  struct Point {
    TimePoint at;
    uint64_t bytes;
  };
  std::deque<Point> points_;  // oldest first
};

struct Progress {
  uint64_t filled = 0;  // bytes
  uint64_t total = 0;
  uint64_t files = 0;  // that are done
  uint64_t all_files = 0;
  bool all_known = false;      // the totals grow no more
  std::optional<double> rate;  // bytes a second
};

// At most `width` columns, without a line end: a bar as long as there is room for, the percentage,
// bytes, rate, remaining time ("3:07", "2:10:00", "-:--" while it cannot be told), files. What has
// no room is left out, from the right.
std::string ProgressLine(const Progress& progress, int width, bool utf8);

// "0:07", "59:59", "1:00:00", "99:59:59" at most.
std::string ReadableSeconds(double seconds);

}  // namespace brimfs

#endif  // BRIMFS_FS_PROGRESS_BAR_H_
