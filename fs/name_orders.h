// The orders in which programs go through the names of a complete listing.
#ifndef BRIMFS_FS_NAME_ORDERS_H_
#define BRIMFS_FS_NAME_ORDERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/name_table.h"

namespace brimfs {

// Immutable. The position of a name is its place in the order of names; in another order it has
// another place.
//
// Memory: 8 bytes a name, and 8 more where they did not come sorted.
class NameOrders {
 public:
  enum Order : size_t {
    kByName,
    kByNumber,  // of st_ino: of cp(1), and of find(1) in a large directory
    kAsListed,  // of readdir; not among orders() where it is the order of names
  };
  static constexpr size_t kMaxOrders = 3;

  // Of those rows of `names` that have this mark, in the directory at `path` (see Place).
  NameOrders(const NameTable& names, uint8_t mark, const std::string& path);

  size_t size() const { return number_of_.size(); }  // names

  size_t orders() const { return rows_.empty() ? 2 : 3; }

  // How many places an order has, and which of them a position has in it.
  size_t Places(size_t order) const;
  size_t PlaceOf(size_t order, size_t position) const;

  // Nothing where a name was that does not count.
  std::optional<size_t> PositionAt(size_t order, size_t place) const;

  size_t RowOf(size_t position) const { return rows_.empty() ? position : rows_[position]; }

  // The position of a name of `names`, which is the table that this was made of.
  std::optional<size_t> Find(const NameTable& names, std::string_view name) const;

 private:
  void SortByName(const NameTable& names, uint8_t mark);
  void SortByNumber(const NameTable& names, const std::string& path);

  std::vector<uint32_t> rows_;       // by position; empty: the same
  std::vector<uint32_t> positions_;  // by row; empty: the same
  std::vector<uint32_t> by_number_;  // positions
  std::vector<uint32_t> number_of_;  // its inverse
};

}  // namespace brimfs

#endif  // BRIMFS_FS_NAME_ORDERS_H_
