// One complete listing of a directory.
#ifndef BRIMFS_FS_LISTING_H_
#define BRIMFS_FS_LISTING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"

namespace brimfs {

// Immutable once made; shared by the open directory handles.
struct Listing {
  std::vector<ListedName> names;  // sorted by name, each once
  bool exact = true;              // every file has its length: stat needs no request
  TimePoint fetched;              // when the source was asked, not when it had answered

  // Positions in `names`, in the order of st_ino: the order in which cp(1) goes through a
  // directory, and find(1) through a large one. `rank` is its inverse.
  std::vector<uint32_t> by_number;
  std::vector<uint32_t> rank;

  // Null if the name is not in it.
  const ListedName* Find(const std::string& name) const;
};

// What the directory at `path` (see Place) holds. A name that is a file and a directory is the
// directory, because that is the one that leads on to other names; `url` is the directory's, for
// the log.
std::shared_ptr<const Listing> MakeListing(std::vector<ListedName> names, const std::string& path,
                                           const std::string& url, TimePoint fetched);

}  // namespace brimfs

#endif  // BRIMFS_FS_LISTING_H_
