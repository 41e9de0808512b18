// Entries and changes for tests of the catalogue.
#ifndef BRIMFS_TESTS_SUPPORT_STORED_ENTRIES_H_
#define BRIMFS_TESTS_SUPPORT_STORED_ENTRIES_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue.h"

namespace brimfs {

inline std::string FileName(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

inline StoredEntry Entry(uint64_t number, const std::string& key = "key") {
  StoredEntry entry;
  entry.source = "https://example.org/";
  entry.key = key;
  entry.path = key;
  entry.version.etag = '"' + std::to_string(number) + '"';
  entry.version.length = 3 * kFillBlock - 1;
  entry.file = FileName(number);
  entry.salt = 0xfedcba9876543210 + number;
  entry.last_use = absl::FromUnixSeconds(1700000000 + static_cast<int64_t>(number));
  entry.checked = absl::FromUnixSeconds(1700000000);
  return entry;
}

inline bool SameEntry(const StoredEntry& a, const StoredEntry& b) {
  return a.id == b.id && a.source == b.source && a.key == b.key && a.path == b.path &&
         a.version.etag == b.version.etag && a.version.last_modified == b.version.last_modified &&
         a.version.precision == b.version.precision && a.version.length == b.version.length &&
         a.file == b.file && a.salt == b.salt && a.kernels == b.kernels && a.pinned == b.pinned &&
         a.bytes == b.bytes && a.last_use == b.last_use && a.checked == b.checked;
}

MATCHER_P(IsEntry, expected, "") { return SameEntry(arg, expected); }

inline CatalogueChange Change(const StoredEntry& entry, std::vector<StoredBlock> add = {},
                              std::vector<Range> forget = {}) {
  CatalogueChange change;
  change.entry = entry;
  change.add = std::move(add);
  change.forget = std::move(forget);
  return change;
}

inline CatalogueChange Drop(const StoredEntry& entry) {
  CatalogueChange change;
  change.entry = entry;
  change.drop = true;
  return change;
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_STORED_ENTRIES_H_
