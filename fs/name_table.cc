#include "fs/name_table.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace brimfs {
namespace {

constexpr size_t kFirstChunk = 256;
constexpr size_t kLargestChunk = 64 << 10;
constexpr size_t kFirstSlots = 16;
constexpr uint32_t kFree = UINT32_MAX;

// Row::flags. Two bits for the precision, see PrecisionCode.
constexpr uint8_t kDirectory = 1;
constexpr uint8_t kHasLength = 2;
constexpr uint8_t kHasTime = 4;
constexpr uint8_t kRacy = 8;
constexpr uint8_t kHexEtag = 16;
constexpr int kPrecisionShift = 5;
constexpr uint8_t kOdd = 128;

constexpr absl::Duration kPrecisions[] = {absl::Seconds(1), absl::Minutes(1), absl::Nanoseconds(1)};

// A quoted MD5 sum, behind which a number of parts may follow: "0123456789abcdef…-12".
constexpr size_t kHexDigits = 32;
constexpr size_t kHexBytes = kHexDigits / 2;
constexpr char kDigits[] = "0123456789abcdef";

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool IsHexEtag(std::string_view etag) {
  return etag.size() >= kHexDigits + 2 && etag.front() == '"' && etag.back() == '"' &&
         std::all_of(etag.begin() + 1, etag.begin() + 1 + kHexDigits,
                     [](char c) { return DigitOf(c) >= 0; });
}

// What is kept of an ETag: its bytes, or those of the sum and what follows it.
std::string Pack(std::string_view etag, bool is_hex) {
  if (!is_hex) return std::string(etag);
  std::string packed;
  for (size_t i = 1; i <= kHexDigits; i += 2) {
    packed += static_cast<char>(DigitOf(etag[i]) << 4 | DigitOf(etag[i + 1]));
  }
  packed += etag.substr(1 + kHexDigits, etag.size() - kHexDigits - 2);
  return packed;
}

std::string Unpack(std::string_view packed, bool is_hex) {
  if (!is_hex) return std::string(packed);
  std::string etag = "\"";
  for (const char c : packed.substr(0, kHexBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    etag += kDigits[byte >> 4];
    etag += kDigits[byte & 15];
  }
  etag += packed.substr(kHexBytes);
  etag += '"';
  return etag;
}

uint32_t HashOf(std::string_view name) {
  return static_cast<uint32_t>(absl::HashOf(absl::string_view(name.data(), name.size())));
}

bool Same(const Version& a, const Version& b) {
  return a.etag == b.etag && a.id == b.id && a.last_modified == b.last_modified &&
         a.length == b.length && a.precision == b.precision && a.racy == b.racy;
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
  if (this->kind(row) == kind && Same(this->version(row), version)) return;
  odd_.erase(static_cast<uint32_t>(row));
  Describe(rows_[row], kind, version);
  if ((rows_[row].flags & kOdd) != 0) odd_.insert_or_assign(static_cast<uint32_t>(row), version);
}

void NameTable::Describe(Row& row, ObjectKind kind, const Version& version) {
  const bool is_hex = IsHexEtag(version.etag);
  const std::string etag = Pack(version.etag, is_hex);
  const auto* const precision =
      std::find(std::begin(kPrecisions), std::end(kPrecisions), version.precision);
  const absl::Time modified = version.last_modified.value_or(absl::UnixEpoch());
  const int64_t nanos = absl::ToUnixNanos(modified);
  const bool odd = etag.size() > UINT8_MAX || !version.id.empty() ||
                   precision == std::end(kPrecisions) || absl::FromUnixNanos(nanos) != modified;

  row.flags = static_cast<uint8_t>(
      (kind == ObjectKind::kDirectory ? kDirectory : 0) | (version.length ? kHasLength : 0) |
      (version.last_modified ? kHasTime : 0) | (version.racy ? kRacy : 0) |
      (is_hex ? kHexEtag : 0) | (odd ? kOdd : 0));
  if (!odd) {
    row.flags |= static_cast<uint8_t>((precision - std::begin(kPrecisions)) << kPrecisionShift);
  }
  row.length = version.length.value_or(0);
  row.modified = nanos;
  row.etag_bytes = odd ? 0 : static_cast<uint8_t>(etag.size());
  char* const text = Allocate(row.name_bytes + size_t{row.etag_bytes});
  std::memcpy(text, row.text, row.name_bytes);
  std::memcpy(text + row.name_bytes, etag.data(), row.etag_bytes);
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

std::optional<uint64_t> NameTable::length(size_t row) const {
  if ((rows_[row].flags & kHasLength) == 0) return std::nullopt;
  return rows_[row].length;
}

Version NameTable::version(size_t at) const {
  const Row& row = rows_[at];
  if ((row.flags & kOdd) != 0) return odd_.at(static_cast<uint32_t>(at));
  Version version;
  version.etag = Unpack({row.text + row.name_bytes, row.etag_bytes}, (row.flags & kHexEtag) != 0);
  if ((row.flags & kHasTime) != 0) version.last_modified = absl::FromUnixNanos(row.modified);
  version.length = length(at);
  version.precision = kPrecisions[(row.flags >> kPrecisionShift) & 3];
  version.racy = (row.flags & kRacy) != 0;
  return version;
}

TimePoint NameTable::asked(size_t row) const {
  const auto after = std::upper_bound(
      asked_.begin(), asked_.end(), row,
      [](size_t wanted, const std::pair<uint32_t, TimePoint>& run) { return wanted < run.first; });
  return std::prev(after)->second;
}

TimePoint NameTable::latest() const { return asked_.empty() ? TimePoint() : asked_.back().second; }

}  // namespace brimfs
