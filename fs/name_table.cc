#include "fs/name_table.h"

#include <algorithm>
#include <cstring>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "fs/packed_version.h"

namespace brimfs {
namespace {

constexpr size_t kFirstChunk = 256;
constexpr size_t kLargestChunk = 64 << 10;
constexpr size_t kFirstSlots = 16;
constexpr uint32_t kFree = UINT32_MAX;

// Row::flags, above those of the version.
constexpr uint8_t kDirectory = 1 << PackedVersion::kFlagBits;
constexpr uint8_t kOdd = 2 << PackedVersion::kFlagBits;

uint32_t HashOf(std::string_view name) {
  return static_cast<uint32_t>(absl::HashOf(absl::string_view(name.data(), name.size())));
}

}  // namespace

void NameTable::Append(std::string_view name, ObjectKind kind, const Version& version,
                       TimePoint asked, uint8_t mark) {
  if ((rows_.size() + 1) * 3 > slots_.size() * 2) GrowSlots();
  const auto row = static_cast<uint32_t>(rows_.size());
  if (asked_.empty() || asked_.back().second != asked) asked_.emplace_back(row, asked);
  Row& added = rows_.emplace_back();
  added.text = name.data();
  added.hash = HashOf(name);
  added.name_bytes = static_cast<uint8_t>(name.size());
  added.mark = mark;
  slots_[SlotOf(name, added.hash)] = row;
  Describe(added, kind, version);
  if ((added.flags & kOdd) != 0) odd_.insert_or_assign(row, version);
}

void NameTable::Replace(size_t row, ObjectKind kind, const Version& version) {
  if (this->kind(row) == kind && this->version(row) == version) return;
  odd_.erase(static_cast<uint32_t>(row));
  Describe(rows_[row], kind, version);
  if ((rows_[row].flags & kOdd) != 0) odd_.insert_or_assign(static_cast<uint32_t>(row), version);
}

void NameTable::Describe(Row& row, ObjectKind kind, const Version& version) {
  std::optional<Packed> packed = Pack(version);
  const bool odd = !packed;
  const Packed kept = std::move(packed).value_or(Packed());
  row.length = kept.version.length;
  row.modified = kept.version.modified;
  row.flags = static_cast<uint8_t>(kept.version.flags | (odd ? kOdd : 0) |
                                   (kind == ObjectKind::kDirectory ? kDirectory : 0));
  row.etag_bytes = static_cast<uint8_t>(kept.etag.size());
  char* const text = Allocate(row.name_bytes + size_t{row.etag_bytes});
  std::memcpy(text, row.text, row.name_bytes);
  std::memcpy(text + row.name_bytes, kept.etag.data(), row.etag_bytes);
  row.text = text;
}

char* NameTable::Allocate(size_t bytes) {
  if (chunks_.empty() || chunk_size_ - chunk_used_ < bytes) {
    chunk_size_ = std::max(bytes, std::clamp(2 * chunk_size_, kFirstChunk, kLargestChunk));
    chunk_used_ = 0;
    chunks_.push_back(std::make_unique<char[]>(chunk_size_));
  }
  char* const text = chunks_.back().get() + chunk_used_;
  chunk_used_ += bytes;
  return text;
}

size_t NameTable::SlotOf(std::string_view name, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != kFree &&
         (rows_[slots_[slot]].hash != hash || this->name(slots_[slot]) != name)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void NameTable::GrowSlots() {
  slots_ = std::vector<uint32_t>(std::max(kFirstSlots, 2 * slots_.size()), kFree);
  const size_t mask = slots_.size() - 1;
  for (uint32_t row = 0; row < rows_.size(); ++row) {
    size_t slot = rows_[row].hash & mask;
    while (slots_[slot] != kFree) slot = (slot + 1) & mask;
    slots_[slot] = row;
  }
}

std::optional<size_t> NameTable::Find(std::string_view name) const {
  if (slots_.empty() || name.empty() || name.size() > kMaxNameBytes) return std::nullopt;
  const uint32_t row = slots_[SlotOf(name, HashOf(name))];
  if (row == kFree) return std::nullopt;
  return row;
}

void NameTable::Seal() {
  slots_ = std::vector<uint32_t>();
  asked_.shrink_to_fit();
}

ObjectKind NameTable::kind(size_t row) const {
  return (rows_[row].flags & kDirectory) != 0 ? ObjectKind::kDirectory : ObjectKind::kFile;
}

Version NameTable::version(size_t at) const {
  const Row& row = rows_[at];
  if ((row.flags & kOdd) != 0) return odd_.at(static_cast<uint32_t>(at));
  return Unpack({row.length, row.modified, row.flags}, {row.text + row.name_bytes, row.etag_bytes});
}

std::optional<uint64_t> NameTable::length(size_t at) const {
  const Row& row = rows_[at];
  if ((row.flags & kOdd) != 0) return odd_.at(static_cast<uint32_t>(at)).length;
  return PackedVersion{row.length, row.modified, row.flags}.KnownLength();
}

TimePoint NameTable::asked(size_t row) const {
  const auto after = std::upper_bound(
      asked_.begin(), asked_.end(), row,
      [](size_t wanted, const std::pair<uint32_t, TimePoint>& run) { return wanted < run.first; });
  return std::prev(after)->second;
}

TimePoint NameTable::latest() const { return asked_.empty() ? TimePoint() : asked_.back().second; }

}  // namespace brimfs
