#include "fs/lookup_pattern.h"

#include <algorithm>

namespace brimfs {

LookUpPattern::Stream* LookUpPattern::Continued(size_t position) {
  for (Stream& stream : streams_) {
    const size_t reach = std::max(stream.window, kFirstWindow);
    if (stream.used != 0 && position < stream.next + reach && position + reach >= stream.next) {
      return &stream;
    }
  }
  return nullptr;
}

LookUpPattern::Stream& LookUpPattern::LeastRecent() {
  return *std::min_element(streams_.begin(), streams_.end(),
                           [](const Stream& a, const Stream& b) { return a.used < b.used; });
}

LookUpPattern::Advice LookUpPattern::OnLookUp(size_t position, size_t count) {
  ++lookups_;
  Stream* const stream = Continued(position);
  if (stream == nullptr) {
    LeastRecent() = {position + 1, position + 1, 0, lookups_};
    return {};
  }
  stream->used = lookups_;
  const bool again = position + 1 == stream->next;  // the same name: shows nothing
  stream->next = std::max(stream->next, position + 1);
  if (!again) stream->window = std::clamp(2 * stream->window, kFirstWindow, kMaxWindow);
  Advice advice;
  advice.in_order = true;
  advice.begin = std::max(stream->asked_to, stream->next);
  advice.end = std::max(advice.begin, std::min(count, stream->next + stream->window));
  stream->asked_to = advice.end;
  return advice;
}

void LookUpPattern::Collapse() {
  for (Stream& stream : streams_) {
    stream.window = 0;
    stream.asked_to = stream.next;
  }
}

}  // namespace brimfs
