#include "core/write_gatherer.h"

namespace brimfs {

Status WriteGatherer::Add(std::span<const std::byte> data, bool due) {
  if (bytes_.size() + data.size() > enough_) BRIMFS_RETURN_IF_ERROR(Flush());
  if (bytes_.empty() && (due || data.size() >= enough_)) return store_(data);
  bytes_.reserve(enough_);
  bytes_.insert(bytes_.end(), data.begin(), data.end());
  return due || bytes_.size() >= enough_ ? Flush() : OkStatus();
}

Status WriteGatherer::Flush() {
  if (bytes_.empty()) return OkStatus();
  BRIMFS_RETURN_IF_ERROR(store_(bytes_));
  bytes_.clear();
  return OkStatus();
}

}  // namespace brimfs
