// A local directory that no name, "..", or symbolic link leads out of.
#ifndef BRIMFS_BACKENDS_CONFINED_DIRECTORY_H_
#define BRIMFS_BACKENDS_CONFINED_DIRECTORY_H_

#include <string>

#include "core/status.h"
#include "core/unique_fd.h"

namespace brimfs {

// Thread-safe; its descriptor is constant.
class ConfinedDirectory {
 public:
  // kResolveBeneath: openat2(2), symbolic links inside the directory are followed. kNoLinks: where
  // the kernel or a seccomp filter lacks it, component by component, no link is followed.
  enum class Way { kResolveBeneath, kNoLinks };

  static Result<ConfinedDirectory> Open(const std::string& directory);

  ConfinedDirectory(UniqueFd root, Way way) : root_(std::move(root)), way_(way) {}

  // open(2) of `path` ("" is the directory itself) with `flags` and O_CLOEXEC. kDenied
  // for what leads out of the directory.
  Result<UniqueFd> OpenBelow(const std::string& path, int flags) const;

 private:
  Result<UniqueFd> OpenStepwise(const std::string& path, int flags) const;

  UniqueFd root_;
  Way way_;
};

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_CONFINED_DIRECTORY_H_
