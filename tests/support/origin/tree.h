// The test origin's objects by path, and the directories that follow from them.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "tests/support/origin/content.h"
#include "tests/support/origin/index.h"

namespace brimfs {

// Thread-safe. Paths as in core/backend.h. What was put hides what lies on disk.
class OriginTree {
 public:
  // `root`: a directory on disk, or empty.
  explicit OriginTree(std::string root) : root_(std::move(root)) {}

  void Put(const std::string& path, OriginObject object);

  // With a strong ETag and a Last-Modified that no other object of this tree has had.
  void Put(const std::string& path, std::shared_ptr<const OriginContent> content);
  void Erase(const std::string& path);

  std::optional<OriginObject> Find(const std::string& path) const;

  // --- As a bucket: any string is a key --------------------------------------------------------

  // From now on a Put or Erase leaves the older objects behind, with a version each.
  void KeepVersions();
  std::optional<OriginObject> FindVersion(const std::string& key, const std::string& version) const;

  // Puts what lies below the root now, whole paths as keys; nothing else of it is a key.
  void PutRoot();

  struct Key {
    std::string name;
    bool prefix = false;  // stands for all keys that begin with it; the rest is then empty
    uint64_t size = 0;
    std::string etag;
    std::time_t last_modified = 0;
  };
  struct Page {
    std::vector<Key> keys;
    std::string next;  // the first that did not fit; empty: there are no more
  };

  // In the order of their bytes, at most `limit` of the keys that begin with `prefix` and are not
  // before `from`. Those that have `delimiter` behind the prefix are taken together up to it,
  // unless it is empty.
  Page ListKeys(const std::string& prefix, const std::string& delimiter, const std::string& from,
                size_t limit) const;

  // Sorted as nginx does: directories first, then by name. Nothing: no such directory.
  std::optional<std::vector<IndexEntry>> List(const std::string& path) const;

 private:
  void PutLocked(const std::string& path, OriginObject object) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The file or directory on disk, or "" if `path` leads out of the root.
  std::string OnDisk(const std::string& path) const;

  const std::string root_;
  mutable Mutex mu_;
  std::map<std::string, OriginObject> objects_ ABSL_GUARDED_BY(mu_);
  bool keeps_versions_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::pair<std::string, std::string>, OriginObject> versions_ ABSL_GUARDED_BY(mu_);
  int puts_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_
