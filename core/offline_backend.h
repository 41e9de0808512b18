// What the cache has of a source, as a source of its own: for -o offline. Asks no server, ever.
#ifndef BRIMFS_CORE_OFFLINE_BACKEND_H_
#define BRIMFS_CORE_OFFLINE_BACKEND_H_

#include <memory>
#include <string>

#include "core/backend.h"
#include "core/catalogue.h"

namespace brimfs {

// What a SOURCE may turn out to be, as far as can be told without asking it.
struct OfflineSource {
  std::string directory;  // its identity in the cache if it is a directory
  std::string object;     // and if it is one object; empty: it can't be
  std::string name;       // of its one file then

  // Says which key a path has; it is asked nothing that needs the network. Null: the keys are those
  // that are stored.
  std::shared_ptr<const Backend> keys;
};

// Thread-safe. Files are those of which an entry is stored, in the version that the source
// confirmed last; directories are those in which they are. Missing bytes are kIo at once.
class OfflineBackend : public Backend {
 public:
  struct Opened;

  // Finds out in the catalogue whether the source is an object or a directory: the object if it is
  // stored as one. Says in the log if nothing of the source is stored. Errors of the catalogue.
  static Result<Opened> Open(std::unique_ptr<Catalogue> catalogue, const OfflineSource& source);

  // `source` is its identity in the cache.
  OfflineBackend(std::unique_ptr<Catalogue> catalogue, std::string source,
                 std::shared_ptr<const Backend> keys);

  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;
  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;
  std::string CacheKey(const std::string& path) const override;

 private:
  // Of the object at `path`, if an entry is stored that can still be its.
  Result<std::optional<StoredEntry>> EntryAt(const std::string& path) const;
  bool HasItsKey(const StoredEntry& entry, const std::string& path) const;

  const std::unique_ptr<Catalogue> catalogue_;
  const std::string source_;
  const std::shared_ptr<const Backend> keys_;
};

struct OfflineBackend::Opened {
  std::unique_ptr<Backend> backend;
  std::string identity;
  std::string single_file;  // not empty: the source is one object, whose path is ""
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_OFFLINE_BACKEND_H_
