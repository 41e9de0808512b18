#include "fs/node.h"

#include <algorithm>
#include <utility>

namespace brimfs {

Node::Node(NodeId node_id, Place where, const ObjectInfo& info, TimePoint as_of,
           std::unique_ptr<Directory> names)
    : id(node_id),
      place(std::move(where)),
      attributes{.ino = node_id,
                 .kind = info.kind,
                 .size = info.version.length.value_or(0),
                 .mtime = info.version.last_modified.value_or(absl::UnixEpoch())},
      directory(std::move(names)),
      version_(info.version),
      checked_(as_of) {}

bool Node::Learn(const Version& seen) {
  MutexLock lock(mu_);
  if (gone_ || !SameVersion(version_, seen)) return false;
  version_ = Merge(version_, seen);
  return true;
}

bool Node::Confirm(const ObjectInfo& info, TimePoint as_of) {
  if (info.kind != attributes.kind) return false;
  MutexLock lock(mu_);
  if (gone_) return false;
  if (!is_directory()) {
    if (!SameVersion(version_, info.version)) return false;
    version_ = Merge(version_, info.version);
  }
  checked_ = std::max(checked_, as_of);
  return true;
}

Version Node::version() const {
  MutexLock lock(mu_);
  return version_;
}

TimePoint Node::checked() const {
  MutexLock lock(mu_);
  return checked_;
}

bool Node::MarkGone() {
  MutexLock lock(mu_);
  return !std::exchange(gone_, true);
}

bool Node::gone() const {
  MutexLock lock(mu_);
  return gone_;
}

std::shared_ptr<CachedFile> Node::file() const {
  MutexLock lock(mu_);
  return file_.lock();
}

void Node::SetFile(const std::shared_ptr<CachedFile>& file) {
  MutexLock lock(mu_);
  file_ = file;
  was_opened_ = true;
}

bool Node::was_opened() const {
  MutexLock lock(mu_);
  return was_opened_;
}

}  // namespace brimfs
