#include "core/offline_backend.h"

#include <optional>
#include <utility>
#include <vector>

#include "core/log.h"

namespace brimfs {
namespace {

class NoConnection : public Connection {
 public:
  Status Fetch(const FetchRequest&, BodySink&, const CallLimits&) override {
    return Status(Code::kIo, "not in the cache, and the mount is offline");
  }
};

std::string Joined(const std::string& directory, const std::string& name) {
  if (directory.empty()) return name;
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

}  // namespace

Result<OfflineBackend::Opened> OfflineBackend::Open(std::unique_ptr<Catalogue> catalogue,
                                                    const OfflineSource& source) {
  Opened opened;
  opened.identity = source.directory;
  if (!source.object.empty()) {
    const auto entry = catalogue->AtPath(source.object, "");
    if (!entry.ok()) return entry.status();
    if (*entry) {
      opened.identity = source.object;
      opened.single_file = source.name;
    }
  }
  if (opened.single_file.empty()) {
    const auto children = catalogue->Children(opened.identity, "");
    if (!children.ok()) return children.status();
    if (children->empty()) {
      Log(LogLevel::kWarning,
          opened.identity + ": the cache has nothing of it: offline, the mount is empty");
    }
  }
  opened.backend =
      std::make_unique<OfflineBackend>(std::move(catalogue), opened.identity, source.keys);
  return opened;
}

OfflineBackend::OfflineBackend(std::unique_ptr<Catalogue> catalogue, std::string source,
                               std::shared_ptr<const Backend> keys)
    : catalogue_(std::move(catalogue)), source_(std::move(source)), keys_(std::move(keys)) {}

Result<ObjectInfo> OfflineBackend::Stat(const std::string& path, const CallLimits& /*limits*/) {
  const auto entry = EntryAt(path);
  if (!entry.ok()) return entry.status();
  if (*entry) return ObjectInfo{ObjectKind::kFile, (*entry)->version};
  const auto children = catalogue_->Children(source_, path);
  if (!children.ok()) return children.status();
  if (children->empty() && !path.empty()) return Status(Code::kNotFound);
  return ObjectInfo{ObjectKind::kDirectory, {}};
}

Status OfflineBackend::List(const std::string& path, const EachName& each,
                            const BeginAnew& /*anew*/, const CallLimits& /*limits*/) {
  auto children = catalogue_->Children(source_, path);
  if (!children.ok()) return children.status();
  for (Catalogue::Child& child : *children) {
    if (!child.entry) {
      each({std::move(child.name), ObjectKind::kDirectory, {}});
    } else if (HasItsKey(*child.entry, Joined(path, child.name))) {
      each({std::move(child.name), ObjectKind::kFile, child.entry->version});
    }
  }
  return OkStatus();
}

std::unique_ptr<Connection> OfflineBackend::Connect() { return std::make_unique<NoConnection>(); }

std::string OfflineBackend::DisplayUrl(const std::string& path) const {
  if (keys_ != nullptr) return keys_->DisplayUrl(path);
  return path.empty() ? source_ : Joined(source_, path);
}

std::string OfflineBackend::CacheKey(const std::string& path) const {
  if (keys_ != nullptr) return keys_->CacheKey(path);
  const auto entry = catalogue_->AtPath(source_, path);
  return entry.ok() && *entry ? (*entry)->key : path;
}

Result<std::optional<StoredEntry>> OfflineBackend::EntryAt(const std::string& path) const {
  auto entry = catalogue_->AtPath(source_, path);
  if (entry.ok() && *entry && !HasItsKey(**entry, path)) return std::optional<StoredEntry>();
  return entry;
}

bool OfflineBackend::HasItsKey(const StoredEntry& entry, const std::string& path) const {
  return keys_ == nullptr || entry.key == keys_->CacheKey(path);
}

}  // namespace brimfs
