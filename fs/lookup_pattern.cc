#include "fs/lookup_pattern.h"

#include <algorithm>

namespace brimfs {

size_t LookUpPattern::Continued(size_t position) const {
  const auto continued = [&](const Stream& stream) {
    const size_t reach = std::max(stream.window, options_.first_window);
    return stream.used != 0 && position < stream.next + reach && position + reach >= stream.next;
  };
  return static_cast<size_t>(std::find_if(streams_.begin(), streams_.end(), continued) -
                             streams_.begin());
}

size_t LookUpPattern::LeastRecent() const {
  const auto earlier = [](const Stream& a, const Stream& b) { return a.used < b.used; };
  return static_cast<size_t>(std::min_element(streams_.begin(), streams_.end(), earlier) -
                             streams_.begin());
}

LookUpPattern::Advice LookUpPattern::OnLookUp(size_t position, size_t count) {
  ++lookups_;
  const size_t continued = Continued(position);
  if (continued == streams_.size()) {
    Stream& stream = streams_[LeastRecent()];
    stream = Stream{.begin = position,
                    .next = position + 1,
                    .asked_to = position + 1,
                    .taken = 1,
                    .used = lookups_};
    return {};
  }
  last_ = continued;
  Stream& stream = streams_[continued];
  stream.used = lookups_;
  const bool again = position + 1 == stream.next;  // the same name: shows nothing
  const bool exact = position == stream.next;
  stream.begin = std::min(stream.begin, position);
  stream.next = std::max(stream.next, position + 1);
  if (!again) {
    stream.shown += exact ? 2 : 1;
    ++stream.taken;
    if (stream.shown >= options_.shown_by) {
      stream.window = std::clamp(2 * stream.window, options_.first_window, options_.max_window);
    }
  }
  Advice advice;
  advice.in_order = true;
  advice.next = stream.next;
  advice.begin = std::max(stream.asked_to, stream.next);
  advice.end = std::max(advice.begin, std::min(count, stream.next + stream.window));
  advice.taken = std::min(stream.taken, stream.next - stream.begin);
  advice.passed = stream.next - stream.begin - advice.taken;
  stream.asked_to = advice.end;
  return advice;
}

void LookUpPattern::Collapse() {
  for (Stream& stream : streams_) {
    stream.window = 0;
    stream.shown = 0;
    stream.asked_to = stream.next;
  }
}

}  // namespace brimfs
