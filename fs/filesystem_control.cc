// The part of FileSystem for the commands on a mount: looking at a file, filling it, letting it go.
#include <utility>

#include "fs/filesystem.h"
#include "fs/xattr.h"

namespace brimfs {

Result<FileSystem::View> FileSystem::Look(NodeId id) {
  const auto node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  View view;
  view.kind = node->is_directory() ? ObjectKind::kDirectory : ObjectKind::kFile;
  view.path = PathOf(*node);
  view.url = backend_.DisplayUrl(view.path);
  if (node->is_directory()) return view;

  view.length = node->size();
  if (node->was_opened()) {
    const OpenMode::Count open = node->open_mode().count();
    view.readers = open.ordinary + open.passed;
    view.passed = open.passed;
  }
  view.pinned = cache_.Pinned(view.path);
  const Version version = node->version();
  std::shared_ptr<CachedFile> file = node->file();
  if (!file) file = cache_.Peek(view.path, version);
  if (file) {
    view.version = file->version().ToString();
    view.state = StateName(file->resource().state());
    view.filled = file->Filled();
    view.kept = file->durable() != nullptr && file->durable()->settled();
    return view;
  }
  view.version = version.ToString();
  view.filled = cache_.StoredOf(view.path, version);
  view.state = view.filled.empty() ? "untouched" : "stored";
  view.kept = !view.filled.empty();
  return view;
}

Result<std::shared_ptr<CachedFile>> FileSystem::OpenBytes(NodeId id, std::stop_token stop) {
  const auto node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (node->is_directory()) return Status(Code::kIsDirectory);
  BRIMFS_RETURN_IF_ERROR(CheckCurrent(*node, Ask::kSource, stop));
  Result<std::shared_ptr<CachedFile>> file = FileOf(*node, Ask::kSource, std::move(stop));
  if (file.ok()) (void)siblings_.Take(**file);  // wanted, and not only perhaps
  return file;
}

Result<std::vector<std::string>> FileSystem::KeptPathsOf(const Node& node, const GoOn& go_on) {
  if (!node.is_directory()) return std::vector<std::string>{PathOf(node)};
  if (!options_.single_file.empty()) return std::vector<std::string>{""};
  return cache_.PathsBelow(PathOf(node), [&] { return go_on(0, 0); });
}

Status FileSystem::ForKeptPathsOf(NodeId id, const GoOn& go_on,
                                  const std::function<Status(const std::string& path)>& each) {
  const auto node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  const Result<std::vector<std::string>> paths = KeptPathsOf(*node, go_on);
  if (!paths.ok()) return paths.status();
  uint64_t files = 0;
  for (const std::string& path : *paths) {
    if (!go_on(files++, paths->size())) return Status(Code::kInterrupted, "stopped");
    BRIMFS_RETURN_IF_ERROR(each(path));
  }
  return OkStatus();
}

Status FileSystem::Evict(NodeId id, const EachEvicted& each, const GoOn& go_on) {
  siblings_.DropAll();  // what is only perhaps wanted is in nobody's way
  return ForKeptPathsOf(id, go_on, [&](const std::string& path) {
    const Result<uint64_t> bytes = cache_.Evict(path);
    if (!bytes.ok() || *bytes > 0) each(path, bytes);
    return OkStatus();
  });
}

Status FileSystem::Pin(NodeId id) {
  const auto node = nodes_.Find(id);
  if (!node) return Status(Code::kStale);
  if (node->is_directory()) return Status(Code::kIsDirectory);
  return cache_.Pin(PathOf(*node), node->version());
}

Result<uint64_t> FileSystem::Unpin(NodeId id, const GoOn& go_on) {
  uint64_t count = 0;
  const Status status = ForKeptPathsOf(id, go_on, [&](const std::string& path) {
    const Result<bool> was_pinned = cache_.Unpin(path);
    if (was_pinned.ok() && *was_pinned) ++count;
    return was_pinned.status();
  });
  if (!status.ok()) return status;
  return count;
}

}  // namespace brimfs
