// The nodes that the kernel holds, counted as FUSE counts them.
#ifndef BRIMFS_FS_INODE_TABLE_H_
#define BRIMFS_FS_INODE_TABLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "fs/node.h"

namespace brimfs {

// Thread-safe. A node lives as long as the kernel counts it, or somebody holds its shared_ptr.
class InodeTable {
 public:
  explicit InodeTable(std::shared_ptr<Node> root);

  // Null if the kernel should not know this id.
  std::shared_ptr<Node> Find(NodeId id) const;

  // The node that (parent, name) now names, or null.
  std::shared_ptr<Node> Current(NodeId parent, const std::string& name) const;

  // The current node of (parent, name) if `same` accepts it, else a new one from `make`, which becomes current;
  // in both cases its lookup count is one higher. The replaced node is returned in `replaced`. `make` is
  // given the id: the hash of path and version, or the next free one if that is taken.
  std::shared_ptr<Node> LookUp(NodeId parent, const std::string& name, NodeId wanted_id,
                               const std::function<bool(Node&)>& same,
                               const std::function<std::shared_ptr<Node>(NodeId)>& make,
                               std::shared_ptr<Node>* replaced);

  // (parent, name) names nothing any more; the node that was current is returned.
  std::shared_ptr<Node> Unlink(NodeId parent, const std::string& name);

  // Lowers the lookup count; at zero the node is dropped and returned.
  std::shared_ptr<Node> Forget(NodeId id, uint64_t count);

  size_t size() const;

 private:
  struct Held {
    std::shared_ptr<Node> node;
    uint64_t lookups = 0;
  };
  mutable Mutex mu_;
  absl::flat_hash_map<NodeId, Held> nodes_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::pair<NodeId, std::string>, NodeId> current_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_INODE_TABLE_H_
