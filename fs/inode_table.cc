#include "fs/inode_table.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace brimfs {
namespace {

// A hash table keeps the room of its largest size; a mount that was searched once by `find` should
// not.
template <typename Map>
void ShrinkIfSparse(Map& map) {
  constexpr size_t kKeep = 1024;
  if (map.capacity() > kKeep && map.size() < map.capacity() / 8) map.rehash(0);
}

}  // namespace

size_t InodeTable::HashOfName::operator()(const Name& name) const {
  return absl::HashOf(name.in, absl::string_view(name.text.data(), name.text.size()));
}

InodeTable::InodeTable(NodePtr root) {
  MutexLock lock(mu_);
  const NodeId id = root->id;
  nodes_[id] = {std::move(root), 1};
}

NodePtr InodeTable::Find(NodeId id) const {
  MutexLock lock(mu_);
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : it->second.node;
}

NodePtr InodeTable::Current(const Node& parent, std::string_view name) const {
  MutexLock lock(mu_);
  return CurrentLocked({parent, name});
}

NodePtr InodeTable::CurrentLocked(const Name& name) const {
  const auto it = current_.find(name);
  return it == current_.end() ? nullptr : NodePtr(*it);
}

NodeId InodeTable::FreeId(NodeId wanted) const {
  while (nodes_.contains(wanted)) wanted = wanted == kMaxOffset ? kRootNode + 1 : wanted + 1;
  return wanted;
}

InodeTable::Found InodeTable::LookUp(const Node& parent, std::string_view name, NodeId wanted_id,
                                     const std::function<bool(Node&)>& same,
                                     const std::function<NodePtr(NodeId)>& make) {
  const Name key{parent, name};
  NodePtr judged;  // what `same` was asked about last
  bool accepted = false;
  for (;;) {
    NodePtr current;
    {
      MutexLock lock(mu_);
      current = CurrentLocked(key);
      if (current == judged) {
        if (accepted) {
          ++nodes_[current->id].lookups;
          return {current, nullptr};
        }
        const NodeId id = FreeId(wanted_id);
        NodePtr made = make(id);
        nodes_[id] = {made, 1};
        if (judged) current_.erase(judged.get());
        current_.insert(made.get());
        return {std::move(made), std::move(judged)};
      }
    }
    accepted = current && same(*current);
    judged = std::move(current);
  }
}

NodePtr InodeTable::Unlink(const Node& parent, std::string_view name) {
  MutexLock lock(mu_);
  NodePtr node = CurrentLocked({parent, name});
  if (node) current_.erase(node.get());
  return node;
}

NodePtr InodeTable::Forget(NodeId id, uint64_t count) {
  MutexLock lock(mu_);
  const auto it = nodes_.find(id);
  if (id == kRootNode || it == nodes_.end()) return nullptr;
  if (count < it->second.lookups) {
    it->second.lookups -= count;
    return nullptr;
  }
  NodePtr node = std::move(it->second.node);
  nodes_.erase(it);
  ShrinkIfSparse(nodes_);
  const auto current = current_.find(Name(node.get()));
  if (current != current_.end() && *current == node.get()) {
    current_.erase(current);
    ShrinkIfSparse(current_);
  }
  return node;
}

size_t InodeTable::size() const {
  MutexLock lock(mu_);
  return nodes_.size();
}

}  // namespace brimfs
