#include "fs/node_id.h"

#include <xxhash.h>

#include <algorithm>

#include "core/range.h"

namespace brimfs {

NodeId PreferredNodeId(const std::string& path) {
  const NodeId hash = XXH3_64bits(path.data(), path.size()) & kMaxOffset;
  return std::max<NodeId>(hash, kRootNode + 1);
}

std::string JoinPath(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + '/' + name;
}

}  // namespace brimfs
