#include "fs/packed_version.h"

#include <algorithm>
#include <iterator>

namespace brimfs {
namespace {

// PackedVersion::flags. The last two bits are the place of the precision in kPrecisions.
constexpr uint8_t kHasLength = 1;
constexpr uint8_t kHasTime = 2;
constexpr uint8_t kRacy = 4;
constexpr uint8_t kHexEtag = 8;
constexpr int kPrecisionShift = 4;
static_assert(kPrecisionShift + 2 == PackedVersion::kFlagBits);

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

// The bytes of the sum and what follows it.
std::string PackHexEtag(std::string_view etag) {
  std::string packed;
  for (size_t i = 1; i <= kHexDigits; i += 2) {
    packed += static_cast<char>(DigitOf(etag[i]) << 4 | DigitOf(etag[i + 1]));
  }
  packed += etag.substr(1 + kHexDigits, etag.size() - kHexDigits - 2);
  return packed;
}

std::string UnpackHexEtag(std::string_view packed) {
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

}  // namespace

std::optional<uint64_t> PackedVersion::KnownLength() const {
  if ((flags & kHasLength) == 0) return std::nullopt;
  return length;
}

std::optional<Packed> Pack(const Version& version) {
  const bool is_hex = IsHexEtag(version.etag);
  const auto* const precision =
      std::find(std::begin(kPrecisions), std::end(kPrecisions), version.precision);
  const absl::Time modified = version.last_modified.value_or(absl::UnixEpoch());
  Packed packed;
  packed.etag = is_hex ? PackHexEtag(version.etag) : version.etag;
  packed.version.length = version.length.value_or(0);
  packed.version.modified = absl::ToUnixNanos(modified);
  if (packed.etag.size() > UINT8_MAX || !version.id.empty() || precision == std::end(kPrecisions) ||
      absl::FromUnixNanos(packed.version.modified) != modified) {
    return std::nullopt;
  }
  packed.version.flags = static_cast<uint8_t>(
      (version.length ? kHasLength : 0) | (version.last_modified ? kHasTime : 0) |
      (version.racy ? kRacy : 0) | (is_hex ? kHexEtag : 0) |
      (precision - std::begin(kPrecisions)) << kPrecisionShift);
  return packed;
}

Version Unpack(const PackedVersion& packed, std::string_view etag) {
  Version version;
  version.etag = (packed.flags & kHexEtag) != 0 ? UnpackHexEtag(etag) : std::string(etag);
  if ((packed.flags & kHasTime) != 0) version.last_modified = absl::FromUnixNanos(packed.modified);
  version.length = packed.KnownLength();
  version.precision = kPrecisions[(packed.flags >> kPrecisionShift) & 3];
  version.racy = (packed.flags & kRacy) != 0;
  return version;
}

}  // namespace brimfs
