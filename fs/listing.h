// One complete listing of a directory. While it is fetched it is a GrowingListing.
#ifndef BRIMFS_FS_LISTING_H_
#define BRIMFS_FS_LISTING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "fs/name_orders.h"
#include "fs/name_table.h"

namespace brimfs {

// What a listing says of a name.
struct Listed {
  ObjectInfo info;
  TimePoint as_of;  // when the source was asked for it, not when it had answered
};

// What readdir gives of a name.
struct Shown {
  size_t row = 0;  // the next name is at the next row or after it
  std::string name;
  ObjectKind kind = ObjectKind::kFile;
};

// Immutable once made; shared by the open directory handles. A name has a row, in the order in
// which the source gave them, and a position, in the order of names; rows may have been left
// without a name that counts.
class Listing {
 public:
  // `names` is sealed; of it those with this mark count. `fetched`: when the source was first
  // asked.
  Listing(NameTable names, NameOrders orders, uint8_t mark, TimePoint fetched);

  TimePoint fetched() const { return fetched_; }
  TimePoint latest() const;  // when the source was last asked for some of it; fetched() at least
  bool exact() const { return exact_; }  // every file has its length: stat needs no request

  // The first name at `row` or after it.
  std::optional<Shown> NextFrom(size_t row) const;

  std::optional<Listed> Find(std::string_view name) const;

  // Of positions, which are below size().
  size_t size() const { return orders_.size(); }
  std::optional<size_t> PositionOf(std::string_view name) const {
    return orders_.Find(names_, name);
  }
  std::string NameAt(size_t position) const;
  ObjectKind KindAt(size_t position) const { return names_.kind(orders_.RowOf(position)); }
  std::optional<uint64_t> LengthAt(size_t position) const {
    return names_.length(orders_.RowOf(position));
  }
  const NameOrders& orders() const { return orders_; }

 private:
  const NameTable names_;
  const NameOrders orders_;
  const uint8_t mark_;
  const TimePoint fetched_;
  const bool exact_;
};

// What the directory at `path` (see Place) holds, all at once. A name that is a file and a
// directory is the directory; `url` is the directory's, for the log.
std::shared_ptr<const Listing> MakeListing(const std::vector<ListedName>& names,
                                           const std::string& path, const std::string& url,
                                           TimePoint fetched);

}  // namespace brimfs

#endif  // BRIMFS_FS_LISTING_H_
