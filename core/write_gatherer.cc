#include "core/write_gatherer.h"

#include "core/range.h"

namespace brimfs {

Status WriteGatherer::Add(uint64_t offset, std::span<const std::byte> data, bool due) {
  if (bytes_.empty() && (due || data.size() >= enough_)) return store_(data);
  bytes_.reserve(enough_ + data.size());
  bytes_.insert(bytes_.end(), data.begin(), data.end());
  if (due) return Flush();
  return bytes_.size() < enough_ ? OkStatus() : StoreBlocks(offset + data.size());
}

// A block that comes in one write need not be read back for its checksum.
Status WriteGatherer::StoreBlocks(uint64_t end) {
  const uint64_t rest = end % kFillBlock;
  if (rest == 0 || rest >= bytes_.size()) return Flush();
  const auto whole = bytes_.end() - static_cast<std::ptrdiff_t>(rest);
  BRIMFS_RETURN_IF_ERROR(store_(std::span(bytes_.begin(), whole)));
  bytes_.erase(bytes_.begin(), whole);
  return OkStatus();
}

Status WriteGatherer::Flush() {
  if (bytes_.empty()) return OkStatus();
  BRIMFS_RETURN_IF_ERROR(store_(bytes_));
  bytes_.clear();
  return OkStatus();
}

}  // namespace brimfs
