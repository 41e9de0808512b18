#include "tests/support/origin/gates.h"

#include <algorithm>

namespace brimfs {

void OriginGates::CloseBody(const std::string& path, uint64_t at) { Close(path, at); }

void OriginGates::CloseHead(const std::string& path) { Close(path, std::nullopt); }

void OriginGates::Close(const std::string& path, std::optional<uint64_t> at) {
  MutexLock lock(mu_);
  Gate& gate = gates_[path];
  gate.body_at = at;
  gate.open = false;
}

void OriginGates::Open(const std::string& path) {
  MutexLock lock(mu_);
  Gate& gate = gates_[path];
  gate.open = true;
  for (OriginSocket* socket : gate.waiting) socket->Wake();
  // Also those whose peer has left, which they may not have seen yet: who awaits the next one at
  // this gate must not meet them.
  gate.waiting.clear();
}

void OriginGates::Await(const std::string& path, size_t count) {
  MutexLock lock(mu_);
  while (gates_[path].waiting.size() < count) arrived_.Wait(mu_);
}

size_t OriginGates::Waiting(const std::string& path) const {
  MutexLock lock(mu_);
  const auto it = gates_.find(path);
  return it == gates_.end() ? 0 : it->second.waiting.size();
}

bool OriginGates::PassHead(const std::string& path, OriginSocket& socket) {
  return Pass(path, std::nullopt, socket);
}

bool OriginGates::PassBody(const std::string& path, uint64_t offset, OriginSocket& socket) {
  return Pass(path, offset, socket);
}

bool OriginGates::Pass(const std::string& path, std::optional<uint64_t> offset,
                       OriginSocket& socket) {
  for (;;) {
    {
      MutexLock lock(mu_);
      const auto it = gates_.find(path);
      if (it == gates_.end()) return true;
      Gate& gate = it->second;
      gate.waiting.erase(&socket);
      const bool held =
          gate.body_at.has_value() == offset.has_value() && (!offset || *offset >= *gate.body_at);
      if (gate.open || !held) return true;
      gate.waiting.insert(&socket);
      arrived_.NotifyAll();
    }
    if (socket.SleepUntil(kNever)) continue;
    MutexLock lock(mu_);
    gates_[path].waiting.erase(&socket);
    return false;
  }
}

uint64_t OriginGates::LimitOf(const std::string& path, uint64_t offset, uint64_t size) const {
  MutexLock lock(mu_);
  const auto it = gates_.find(path);
  if (it == gates_.end() || it->second.open || !it->second.body_at) return offset + size;
  return std::max(offset, std::min(offset + size, *it->second.body_at));
}

}  // namespace brimfs
