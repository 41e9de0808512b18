#include "core/strided_reads.h"

#include <algorithm>

namespace brimfs {

std::optional<uint64_t> StridedReads::PlaceOf(const Stride& stride, uint64_t count,
                                              uint64_t length) {
  const uint64_t distance = count * stride.step;
  if (stride.down) {
    if (distance > stride.at) return std::nullopt;
    return stride.at - distance;
  }
  if (distance >= length - std::min(length, stride.at)) return std::nullopt;
  return stride.at + distance;
}

std::optional<uint64_t> StridedReads::StepsTo(Stride& stride, const Range& read) {
  if (stride.step == 0) return std::nullopt;
  // The begin of the piece that `read` lies in or behind, and how far it is from that.
  const bool before = read.begin < stride.at;
  const uint64_t distance = before ? stride.at - read.begin : read.begin - stride.at;
  uint64_t steps = distance / stride.step;
  uint64_t into = distance % stride.step;
  if (before && into != 0) {
    ++steps;
    into = stride.step - into;
  }
  if (into > stride.size || into + read.size() > stride.step) {
    if (distance < stride.step) stride.step = 0;  // what lies between is read after all
    return std::nullopt;
  }
  if (steps != 0 && before != stride.down) return std::nullopt;
  return steps <= stride.asked + 1 ? std::optional(steps) : std::nullopt;
}

std::vector<Range> StridedReads::Ahead(Stride& stride, const Limits& limits) {
  std::vector<Range> ahead;
  const uint64_t piece = std::max(stride.size, kFillBlock);
  stride.window = std::min({stride.window, kMostPieces, limits.window / piece});
  if (stride.asked > stride.window / 2) return ahead;
  for (uint64_t bytes = piece; stride.asked < stride.window && bytes <= limits.room;
       bytes += piece) {
    const std::optional<uint64_t> at = PlaceOf(stride, stride.asked + 1, limits.length);
    if (!at) break;
    ++stride.asked;
    Range blocks = AlignOutward({*at, *at + stride.size}, kFillBlock);
    blocks.end = std::min(blocks.end, limits.length);
    const bool goes_on =
        !ahead.empty() && ahead.back().begin <= blocks.end && blocks.begin <= ahead.back().end;
    if (goes_on) {
      ahead.back() = {std::min(ahead.back().begin, blocks.begin),
                      std::max(ahead.back().end, blocks.end)};
    } else {
      ahead.push_back(blocks);
    }
  }
  stride.window *= 2;
  return ahead;
}

bool StridedReads::Note(const Range& read) {
  for (Run& run : runs_) {
    if (!run.used || read.begin > run.range.end || run.range.begin > read.end) continue;
    run.range = {std::min(run.range.begin, read.begin), std::max(run.range.end, read.end)};
    return false;
  }
  std::rotate(runs_.begin(), runs_.end() - 1, runs_.end());
  runs_.front() = {read, true};
  return true;
}

bool StridedReads::FindStride() {
  const Range& latest = runs_.front().range;
  for (size_t apart = 1; 2 * apart < kRuns; ++apart) {
    const Range& last = runs_[apart].range;
    if (!runs_[2 * apart].used) return false;
    const uint64_t one_before = runs_[2 * apart].range.begin;
    const bool down = latest.begin < last.begin;
    const uint64_t step = down ? last.begin - latest.begin : latest.begin - last.begin;
    const uint64_t other = down ? one_before - last.begin : last.begin - one_before;
    const uint64_t size = std::max(latest.size(), last.size());
    if (step != other || 2 * size > step) continue;
    std::rotate(strides_.begin(), strides_.end() - 1, strides_.end());
    strides_.front() = {latest.begin, step, down, size, 0, 2};
    return true;
  }
  return false;
}

std::optional<std::vector<Range>> StridedReads::OnRead(const Range& read, const Limits& limits) {
  const bool begins_run = Note(read);
  for (auto stride = strides_.begin(); stride != strides_.end(); ++stride) {
    const std::optional<uint64_t> steps = StepsTo(*stride, read);
    if (!steps) continue;
    std::rotate(strides_.begin(), stride, stride + 1);
    Stride& current = strides_.front();
    if (*steps > 0) {
      current.at = *PlaceOf(current, *steps, limits.length);
      current.asked -= std::min(current.asked, *steps);
      return Ahead(current, limits);
    }
    if (read.end <= current.at + current.size) return std::vector<Range>();
    // More of the piece than was known: of this one nothing was fetched beyond that.
    current.size = read.end - current.at;
    if (2 * current.size > current.step) current.step = 0;
    return std::nullopt;
  }
  if (!begins_run || !FindStride()) return std::nullopt;
  return Ahead(strides_.front(), limits);
}

}  // namespace brimfs
