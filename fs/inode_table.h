// The nodes that the kernel holds, counted as FUSE counts them.
#ifndef BRIMFS_FS_INODE_TABLE_H_
#define BRIMFS_FS_INODE_TABLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fs/node.h"

namespace brimfs {

// Thread-safe; shrinks when nodes are forgotten. A node lives as long as the kernel counts it, or
// somebody holds its shared_ptr.
class InodeTable {
 public:
  // The root is never forgotten.
  explicit InodeTable(std::shared_ptr<Node> root);

  // Null if the kernel should not know this id.
  std::shared_ptr<Node> Find(NodeId id) const;

  // The node that (parent, name) now names, or null.
  std::shared_ptr<Node> Current(NodeId parent, const std::string& name) const;

  struct Found {
    std::shared_ptr<Node> node;      // its lookup count is one higher
    std::shared_ptr<Node> replaced;  // what was current before and is not any more, or null
  };
  // The current node of (parent, name) if `same` accepts it, else a new one from `make`, which
  // becomes current. `make` is given the id: `wanted_id`, or the next free one if that is taken; it
  // may not call back. `same` is called with no lock held.
  Found LookUp(NodeId parent, const std::string& name, NodeId wanted_id,
               const std::function<bool(Node&)>& same,
               const std::function<std::shared_ptr<Node>(NodeId)>& make);

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
  using Name = std::pair<NodeId, std::string>;  // parent, name

  std::shared_ptr<Node> CurrentLocked(const Name& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  NodeId FreeId(NodeId wanted) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  absl::flat_hash_map<NodeId, Held> nodes_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<Name, NodeId> current_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_INODE_TABLE_H_
