#include "core/readahead.h"

#include <algorithm>

namespace brimfs {
namespace {

// One large read(2) arrives as requests side by side, in any order: so far apart they may be before
// anything is known of the stream.
constexpr uint64_t kLeastSlack = 1 << 20;

}  // namespace

uint64_t Readahead::Distance(const Stream& stream, const Range& read) const {
  if (!stream.used) return kFar;
  const uint64_t slack =
      std::clamp(stream.window, std::min(kLeastSlack, options_.slack), options_.slack);
  const uint64_t distance =
      read.begin > stream.head ? read.begin - stream.head : stream.head - read.begin;
  return distance <= slack ? distance : kFar;
}

bool Readahead::Advance(Stream& stream, const Range& read) const {
  const bool further = read.end > stream.head;
  stream.begin = std::min(stream.begin, read.begin);
  stream.head = std::max(stream.head, read.end);
  const uint64_t span = stream.head - stream.begin;
  stream.bytes = std::min(stream.bytes + read.size(), span);
  const bool sequential = stream.bytes >= span / 2;
  if (!sequential) stream.window = 0;
  if (span > 2 * options_.slack) {
    // Forget the older half, so that a long sequential past does not excuse a random present.
    stream.begin += span / 2;
    stream.bytes /= 2;
  }
  return sequential && further;
}

Range Readahead::OnRead(const Range& read, uint64_t length, const LinkEstimate::Snapshot& link) {
  if (read.empty() || read.begin >= length) return {};
  const auto nearest = std::min_element(
      streams_.begin(), streams_.end(),
      [&](const Stream& a, const Stream& b) { return Distance(a, read) < Distance(b, read); });
  if (Distance(*nearest, read) == kFar) {
    std::rotate(streams_.begin(), streams_.end() - 1, streams_.end());
    streams_.front() = {read.begin, read.end, read.size(), read.end, 0, true};
    return {};
  }
  std::rotate(streams_.begin(), nearest, nearest + 1);
  Stream& stream = streams_.front();
  if (!Advance(stream, read)) return {};

  const uint64_t cap =
      std::clamp(2 * link.BandwidthDelayProduct(), options_.min_cap, options_.max_window);
  if (stream.window == 0) stream.window = std::min(options_.first_window, cap);
  stream.frontier = std::max(stream.frontier, stream.head);
  if (stream.frontier - stream.head > stream.window / 2) return {};

  const uint64_t end =
      std::min(AlignOutward({stream.head, stream.head + stream.window}, kFillBlock).end, length);
  const Range ahead{stream.frontier, std::max(stream.frontier, end)};
  stream.frontier = ahead.end;
  stream.window = std::min(2 * stream.window, cap);
  return ahead.empty() ? Range{} : ahead;
}

}  // namespace brimfs
