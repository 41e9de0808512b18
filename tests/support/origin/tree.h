// The test origin's objects by path, and the directories that follow from them.
#ifndef BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_
#define BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_

#include <map>
#include <optional>
#include <string>
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

  // Sorted as nginx does: directories first, then by name. Nothing: no such directory.
  std::optional<std::vector<IndexEntry>> List(const std::string& path) const;

 private:
  // The file or directory on disk, or "" if `path` leads out of the root.
  std::string OnDisk(const std::string& path) const;

  const std::string root_;
  mutable Mutex mu_;
  std::map<std::string, OriginObject> objects_ ABSL_GUARDED_BY(mu_);
  int puts_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ORIGIN_TREE_H_
