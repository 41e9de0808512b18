// The numbers that nodes have, which are also st_ino.
#ifndef BRIMFS_FS_NODE_ID_H_
#define BRIMFS_FS_NODE_ID_H_

#include <cstdint>
#include <string>

namespace brimfs {

// Positive as a signed number; 0 is never used.
using NodeId = uint64_t;
inline constexpr NodeId kRootNode = 1;

// The id of a node of this path, unless another node holds it: a hash, so that every mount of a
// source, and every listing, gives a name the same number. The version has no part in it: a listing
// knows less of it than an answer does (no ETag, a coarser time), and the number would depend on
// which of the two came first. A version that comes while an earlier one is in use has the next
// free id.
NodeId PreferredNodeId(const std::string& path);

// The path of a name in a directory, as core/backend.h has them.
std::string JoinPath(const std::string& directory, const std::string& name);

}  // namespace brimfs

#endif  // BRIMFS_FS_NODE_ID_H_
