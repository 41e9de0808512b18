#include "core/readahead.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace brimfs {

std::vector<Range> Readahead::OnRead(const Range& read, const Limits& limits) {
  if (read.empty() || read.begin >= limits.length) return {};
  const uint64_t window = std::min(
      std::clamp(limits.link.WindowBytes(), options_.min_cap, options_.max_window), limits.window);
  const uint64_t room = std::min(limits.room, window);
  auto nearest = streams_.end();
  uint64_t least = SequentialStream::kFar;
  for (auto stream = streams_.begin(); stream != streams_.end(); ++stream) {
    const uint64_t distance = stream->Distance(read, options_.stream);
    if (distance >= least) continue;
    least = distance;
    nearest = stream;
  }
  if (nearest != streams_.end() && nearest->window() > 0) {
    strided_.Pass(read);
  } else if (auto pieces = strided_.OnRead(read, {limits.length, window, room})) {
    return std::move(*pieces);
  }
  if (nearest == streams_.end()) {
    std::rotate(streams_.begin(), streams_.end() - 1, streams_.end());
    streams_.front() = SequentialStream(read);
    return {};
  }
  std::rotate(streams_.begin(), nearest, nearest + 1);
  SequentialStream& stream = streams_.front();
  for (auto other = streams_.begin() + 1; other != streams_.end(); ++other) {
    if (stream.Absorb(*other)) *other = SequentialStream();
  }
  const Range ahead = stream.OnRead(read, {limits.length, window, room}, options_.stream);
  return ahead.empty() ? std::vector<Range>() : std::vector<Range>{ahead};
}

}  // namespace brimfs
