// The names of one directory and what a listing says of each, in little memory.
#ifndef BRIMFS_FS_NAME_TABLE_H_
#define BRIMFS_FS_NAME_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/backend.h"
#include "core/clock.h"

namespace brimfs {

// Not thread-safe; as many may read at once as like while nobody writes. A name has a row, in the
// order in which they were appended, and keeps it.
//
// Memory: 32 bytes a row, the name, its ETag (as PackedVersion has it), and until Seal 6 to 12
// bytes more to find it by. An odd version costs more and comes back as it was.
class NameTable {
 public:
  static constexpr size_t kMaxNameBytes = 255;

  size_t size() const { return rows_.size(); }

  // A name that is not in the table, of 1 to kMaxNameBytes bytes. `asked`: when the source was
  // asked for it; not before that of the row before. `mark` is the caller's.
  void Append(std::string_view name, ObjectKind kind, const Version& version, TimePoint asked,
              uint8_t mark);

  // Something else is said of the name. asked() stays: it may be older than that, never younger.
  void Replace(size_t row, ObjectKind kind, const Version& version);
  void SetMark(size_t row, uint8_t mark) { rows_[row].mark = mark; }

  // Until Seal.
  std::optional<size_t> Find(std::string_view name) const;

  // No name is appended or looked for any more.
  void Seal();

  std::string_view name(size_t row) const { return {rows_[row].text, rows_[row].name_bytes}; }
  ObjectKind kind(size_t row) const;
  std::optional<uint64_t> length(size_t row) const;
  Version version(size_t row) const;
  uint8_t mark(size_t row) const { return rows_[row].mark; }
  TimePoint asked(size_t row) const;
  TimePoint latest() const;  // asked() of the last row; the epoch if there is none

 private:
  struct Row {
    const char* text;  // the name, then the ETag as it is packed
    uint64_t length;   // bytes
    int64_t modified;  // nanoseconds since 1970
    uint32_t hash;
    uint8_t name_bytes;
    uint8_t etag_bytes;
    uint8_t flags;
    uint8_t mark;
  };
  static_assert(sizeof(Row) == 32);

  void Describe(Row& row, ObjectKind kind, const Version& version);
  char* Allocate(size_t bytes);
  // The slot of a name, or the free one where it would be.
  size_t SlotOf(std::string_view name, uint32_t hash) const;
  void GrowSlots();

  std::deque<Row> rows_;
  absl::flat_hash_map<uint32_t, Version> odd_;         // by row: what a Row cannot say
  std::vector<std::pair<uint32_t, TimePoint>> asked_;  // from this row on

  std::vector<std::unique_ptr<char[]>> chunks_;  // of text
  size_t chunk_size_ = 0;                        // of the last
  size_t chunk_used_ = 0;

  std::vector<uint32_t> slots_;  // rows by the hash of their names; open addressing
};

}  // namespace brimfs

#endif  // BRIMFS_FS_NAME_TABLE_H_
