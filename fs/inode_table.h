// The nodes that the kernel holds, counted as FUSE counts them.
#ifndef BRIMFS_FS_INODE_TABLE_H_
#define BRIMFS_FS_INODE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "fs/node.h"

namespace brimfs {

// Thread-safe; shrinks when nodes are forgotten. A node lives as long as the kernel counts it, or
// somebody holds its NodePtr, as a node in it does.
//
// Memory: 24 bytes in one hash table and 8 in another, beside the node.
class InodeTable {
 public:
  // The root is never forgotten.
  explicit InodeTable(NodePtr root);

  // Null if the kernel should not know this id.
  NodePtr Find(NodeId id) const;

  // The node that `name` in `parent` now names, or null.
  NodePtr Current(const Node& parent, std::string_view name) const;

  struct Found {
    NodePtr node;      // its lookup count is one higher
    NodePtr replaced;  // what was current before and is not any more, or null
  };
  // The current node of `name` in `parent` if `same` accepts it, else a new one from `make`, which
  // becomes current. `make` is given the id: `wanted_id`, or the next free one if that is taken; it
  // may not call back, and makes a node of that name in `parent`. `same` is called with no lock
  // held.
  Found LookUp(const Node& parent, std::string_view name, NodeId wanted_id,
               const std::function<bool(Node&)>& same, const std::function<NodePtr(NodeId)>& make);

  // The name means nothing any more; the node that was current is returned.
  NodePtr Unlink(const Node& parent, std::string_view name);

  // Lowers the lookup count; at zero the node is dropped and returned.
  NodePtr Forget(NodeId id, uint64_t count);

  size_t size() const;

 private:
  struct Held {
    NodePtr node;
    uint64_t lookups = 0;
  };
  // A node by its own name, so that none is kept twice.
  struct Name {
    Name(const Node& parent, std::string_view name) : in(&parent), text(name) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Name(const Node* node) : in(node->parent.get()), text(node->name()) {}

    const Node* in;
    std::string_view text;
  };
  struct HashOfName {
    using is_transparent = void;
    size_t operator()(const Name& name) const;
  };
  struct SameName {
    using is_transparent = void;
    bool operator()(const Name& a, const Name& b) const { return a.in == b.in && a.text == b.text; }
  };

  NodePtr CurrentLocked(const Name& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  NodeId FreeId(NodeId wanted) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  absl::flat_hash_map<NodeId, Held> nodes_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<Node*, HashOfName, SameName> current_ ABSL_GUARDED_BY(mu_);  // of nodes_
};

}  // namespace brimfs

#endif  // BRIMFS_FS_INODE_TABLE_H_
