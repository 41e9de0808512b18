#include "fs/inode_table.h"

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

InodeTable::InodeTable(std::shared_ptr<Node> root) {
  MutexLock lock(mu_);
  const NodeId id = root->id;
  nodes_[id] = {std::move(root), 1};
}

std::shared_ptr<Node> InodeTable::Find(NodeId id) const {
  MutexLock lock(mu_);
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : it->second.node;
}

std::shared_ptr<Node> InodeTable::Current(NodeId parent, const std::string& name) const {
  MutexLock lock(mu_);
  return CurrentLocked({parent, name});
}

std::shared_ptr<Node> InodeTable::CurrentLocked(const Name& name) const {
  const auto it = current_.find(name);
  return it == current_.end() ? nullptr : nodes_.find(it->second)->second.node;
}

NodeId InodeTable::FreeId(NodeId wanted) const {
  while (nodes_.contains(wanted)) wanted = wanted == kMaxOffset ? kRootNode + 1 : wanted + 1;
  return wanted;
}

InodeTable::Found InodeTable::LookUp(NodeId parent, const std::string& name, NodeId wanted_id,
                                     const std::function<bool(Node&)>& same,
                                     const std::function<std::shared_ptr<Node>(NodeId)>& make) {
  const Name key{parent, name};
  std::shared_ptr<Node> judged;  // what `same` was asked about last
  bool accepted = false;
  for (;;) {
    std::shared_ptr<Node> current;
    {
      MutexLock lock(mu_);
      current = CurrentLocked(key);
      if (current == judged) {
        if (accepted) {
          ++nodes_[current->id].lookups;
          return {current, nullptr};
        }
        const NodeId id = FreeId(wanted_id);
        std::shared_ptr<Node> made = make(id);
        nodes_[id] = {made, 1};
        current_[key] = id;
        return {std::move(made), std::move(judged)};
      }
    }
    accepted = current && same(*current);
    judged = std::move(current);
  }
}

std::shared_ptr<Node> InodeTable::Unlink(NodeId parent, const std::string& name) {
  MutexLock lock(mu_);
  std::shared_ptr<Node> node = CurrentLocked({parent, name});
  if (node) current_.erase(Name{parent, name});
  return node;
}

std::shared_ptr<Node> InodeTable::Forget(NodeId id, uint64_t count) {
  MutexLock lock(mu_);
  const auto it = nodes_.find(id);
  if (id == kRootNode || it == nodes_.end()) return nullptr;
  if (count < it->second.lookups) {
    it->second.lookups -= count;
    return nullptr;
  }
  std::shared_ptr<Node> node = std::move(it->second.node);
  nodes_.erase(it);
  ShrinkIfSparse(nodes_);
  const auto current = current_.find({node->place.parent, node->place.name});
  if (current != current_.end() && current->second == id) {
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
