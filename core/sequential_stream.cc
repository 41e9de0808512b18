#include "core/sequential_stream.h"

#include <algorithm>

namespace brimfs {
namespace {

// One large read(2) arrives as requests side by side, in any order: so far apart they may be before
// anything is known of the stream.
constexpr uint64_t kLeastSlack = 1 << 20;

uint64_t Between(uint64_t a, uint64_t b) { return a < b ? b - a : a - b; }

}  // namespace

uint64_t SequentialStream::Distance(const Range& read, const Options& options) const {
  if (!used_) return kFar;
  const uint64_t least = std::min(kLeastSlack, options.slack);
  const uint64_t slack = std::clamp(window_, least, options.slack);
  const uint64_t after_end = Between(read.begin, end_);
  const uint64_t before_begin = Between(read.end, begin_);
  const bool at_end = after_end <= (backwards_ ? least : slack);
  const bool at_begin = before_begin <= (backwards_ ? slack : least);
  return std::min(at_end ? after_end : kFar, at_begin ? before_begin : kFar);
}

bool SequentialStream::Absorb(const SequentialStream& other) {
  const bool met = other.used_ && other.begin_ <= end_ && begin_ <= other.end_;
  if (!met || other.backwards_ != backwards_) return false;
  if (other.window_ > 0) {
    const bool further = backwards_ ? other.frontier_ < frontier_ : other.frontier_ > frontier_;
    if (further || window_ == 0) frontier_ = other.frontier_;
    window_ = std::max(window_, other.window_);
  }
  begin_ = std::min(begin_, other.begin_);
  end_ = std::max(end_, other.end_);
  bytes_ = std::min(bytes_ + other.bytes_, end_ - begin_);
  return true;
}

void SequentialStream::Turn(bool backwards) {
  // What comes out of order leaves gaps; who reads backwards leaves none.
  const bool gapless = bytes_ == end_ - begin_;
  if (backwards == backwards_ || (backwards && !gapless)) {
    may_turn_ = false;
  } else if (!may_turn_) {
    may_turn_ = true;
  } else {
    backwards_ = backwards;
    may_turn_ = false;
    window_ = 0;
  }
}

bool SequentialStream::Advance(const Range& read, uint64_t slack) {
  const bool up = read.end > end_;
  const bool down = read.begin < begin_;
  if (up != down) Turn(down);  // by what was read before
  begin_ = std::min(begin_, read.begin);
  end_ = std::max(end_, read.end);
  const uint64_t span = end_ - begin_;
  bytes_ = std::min(bytes_ + read.size(), span);
  const bool sequential = bytes_ >= span / 2;
  if (!sequential) window_ = 0;
  if (span > 2 * slack) {
    // Forget the older half, so that a long sequential past does not excuse a random present.
    (backwards_ ? end_ : begin_) = begin_ + span / 2;
    bytes_ /= 2;
  }
  return sequential && (backwards_ ? down : up) && !may_turn_;
}

Range SequentialStream::OnRead(const Range& read, const Limits& limits, const Options& options) {
  if (!Advance(read, options.slack)) return {};
  if (window_ == 0) {
    window_ = options.first_window;
    frontier_ = backwards_ ? begin_ : end_;
  }
  // Less than one more such read would always be too late.
  window_ = std::min(std::max(window_, read.size()), limits.window);
  const Range ahead = backwards_ ? AheadOfBegin(limits) : AheadOfEnd(limits);
  if (ahead.empty()) return {};
  window_ = std::min(2 * window_, limits.window);
  return ahead;
}

Range SequentialStream::AheadOfEnd(const Limits& limits) {
  frontier_ = std::max(frontier_, end_);
  if (frontier_ - end_ > window_ / 2) return {};
  const uint64_t wanted = AlignOutward({end_, end_ + window_}, kFillBlock).end;
  const uint64_t affordable = AlignInward({0, frontier_ + limits.room}, kFillBlock).end;
  const Range ahead{frontier_, std::min({wanted, affordable, limits.length})};
  if (ahead.empty()) return {};
  frontier_ = ahead.end;
  return ahead;
}

Range SequentialStream::AheadOfBegin(const Limits& limits) {
  frontier_ = std::min(frontier_, begin_);
  if (begin_ - frontier_ > window_ / 2) return {};
  const uint64_t target = begin_ - std::min(begin_, window_);
  const uint64_t wanted = target - target % kFillBlock;
  const uint64_t affordable = frontier_ - std::min(frontier_, limits.room);
  const uint64_t over = affordable % kFillBlock;
  const Range ahead{std::max(wanted, over == 0 ? affordable : affordable - over + kFillBlock),
                    frontier_};
  if (ahead.empty()) return {};
  frontier_ = ahead.begin;
  return ahead;
}

}  // namespace brimfs
