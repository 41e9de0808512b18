// A directory of this machine, or one file in it; also what the other backends are compared with.
#ifndef BRIMFS_BACKENDS_FILE_BACKEND_H_
#define BRIMFS_BACKENDS_FILE_BACKEND_H_

#include <memory>
#include <string>

#include "backends/confined_directory.h"
#include "backends/source.h"
#include "core/backend.h"
#include "core/offline_backend.h"

namespace brimfs {

// Regular files and directories only; what else there is (devices, sockets, links that lead out or
// nowhere) is neither listed nor found. A version is the inode, size and time of modification of a
// file, as a strong ETag. A disk that hangs is not interrupted.
class FileBackend : public Backend {
 public:
  // `directory` is `root`'s absolute path. Where `file` is not empty, the path "" is that file in
  // it.
  FileBackend(ConfinedDirectory root, std::string directory, std::string file);

  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override;
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override;
  std::unique_ptr<Connection> Connect() override;
  std::string DisplayUrl(const std::string& path) const override;

 private:
  std::string Local(const std::string& path) const { return path.empty() ? file_ : path; }

  const std::shared_ptr<const ConfinedDirectory> root_;
  const std::string directory_;
  const std::string file_;
};

// For the registry: "file:///dir/", "file:///dir/name", or a path.
Result<OpenedSource> OpenFileSource(const std::string& source, const BackendOptions& options,
                                    const CallLimits& limits);

Result<OfflineSource> NameFileSource(const std::string& source, const BackendOptions& options);

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_FILE_BACKEND_H_
