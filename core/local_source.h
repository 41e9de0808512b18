// Bytes of a file that need no network: on the disk since an earlier run, or in a file of another
// process.
#ifndef BRIMFS_CORE_LOCAL_SOURCE_H_
#define BRIMFS_CORE_LOCAL_SOURCE_H_

#include <vector>

#include "core/range.h"

namespace brimfs {

// From any thread, no lock held. Outlives the fetcher that asks it.
class LocalSource {
 public:
  virtual ~LocalSource() = default;

  // Brings in what it has of `claimed`, once it has found it right, and lets go of the claim on it
  // (Resource::Adopt or Write, then Release). What is returned is still claimed, and not here.
  // Reads the disk, never the network.
  virtual std::vector<Range> Recover(const std::vector<Range>& claimed) = 0;

  // What of `range` it does not have, as far as it knows: worth fetching ahead.
  virtual std::vector<Range> Absent(const Range& range) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_LOCAL_SOURCE_H_
