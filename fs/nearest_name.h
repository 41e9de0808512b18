// The name that somebody meant who wrote another one.
#ifndef BRIMFS_FS_NEAREST_NAME_H_
#define BRIMFS_FS_NEAREST_NAME_H_

#include <cstddef>
#include <string_view>

namespace brimfs {

// How many letters to insert, delete or replace to make one of the other (Levenshtein's distance).
size_t EditDistance(std::string_view a, std::string_view b);

// Of `rows` the one whose `name_of(row)` is nearest to `name`, the first of those. There is one.
template <typename Rows, typename NameOf>
const auto& NearestRow(const Rows& rows, std::string_view name, NameOf name_of) {
  auto nearest = std::begin(rows);
  for (auto row = nearest; row != std::end(rows); ++row) {
    if (EditDistance(name, name_of(*row)) < EditDistance(name, name_of(*nearest))) nearest = row;
  }
  return *nearest;
}

}  // namespace brimfs

#endif  // BRIMFS_FS_NEAREST_NAME_H_
