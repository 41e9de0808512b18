#include "backends/confined_directory.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>

namespace brimfs {
namespace {

UniqueFd OpenBeneath(int root, const char* path, int flags) {
  open_how how = {};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a rename elsewhere made it uncertain whether ".." stays inside.
  for (int tries = 0; tries < 16; ++tries) {
    const long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) return UniqueFd(static_cast<int>(fd));
  }
  return {};
}

Status OpenError(int error, const std::string& path) {
  // ELOOP is what a link answers where none may be followed.
  if (error == EXDEV || error == ELOOP) {
    return Status(Code::kDenied, path + ": a symbolic link that may not be followed");
  }
  return Status::FromErrno(error, path);
}

}  // namespace

Result<ConfinedDirectory> ConfinedDirectory::Open(const std::string& directory) {
  UniqueFd root(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Status::FromErrno(errno, directory);
  const Way way = OpenBeneath(root.get(), ".", O_PATH | O_CLOEXEC).valid() ? Way::kResolveBeneath
                                                                           : Way::kNoLinks;
  return ConfinedDirectory(std::move(root), way);
}

Result<UniqueFd> ConfinedDirectory::OpenBelow(const std::string& path, int flags) const {
  flags |= O_CLOEXEC;
  const std::string relative = path.empty() ? "." : path;
  if (way_ == Way::kNoLinks) return OpenStepwise(relative, flags);
  UniqueFd fd = OpenBeneath(root_.get(), relative.c_str(), flags);
  if (!fd.valid()) return OpenError(errno, path);
  return fd;
}

Result<UniqueFd> ConfinedDirectory::OpenStepwise(const std::string& path, int flags) const {
  UniqueFd directory;
  int at = root_.get();
  size_t begin = 0;
  for (size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
    const std::string component = path.substr(begin, slash - begin);
    if (component == "..") return OpenError(EXDEV, path);
    UniqueFd next(openat(at, component.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) return OpenError(errno, path);
    directory = std::move(next);
    at = directory.get();
  }
  const std::string last = path.substr(begin);
  if (last == "..") return OpenError(EXDEV, path);
  UniqueFd fd(openat(at, last.c_str(), flags | O_NOFOLLOW));
  if (!fd.valid()) return OpenError(errno, path);
  return fd;
}

}  // namespace brimfs
