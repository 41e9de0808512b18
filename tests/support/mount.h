// A mount by the brimfs of this build, in the foreground of a child process.
#ifndef BRIMFS_TESTS_SUPPORT_MOUNT_H_
#define BRIMFS_TESTS_SUPPORT_MOUNT_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "tests/support/account.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

// The program under test.
std::string BrimfsProgram();

// Whether `directory` is the root of a mount that answers: its device differs from its parent's.
bool IsMounted(const std::string& directory);

class Mount {
 public:
  // Mounts `source` with "-o" for each of `options` on a directory of its own, with a cache
  // directory of its own unless `options` names one. It answers when the constructor returns, or
  // else started() says why not, with the daemon's log.
  // As `account`, whose directories they are then, it is the installed program (MountNamespace).
  explicit Mount(const std::string& source, const std::vector<std::string>& options = {},
                 const Account* account = nullptr);

  ~Mount();  // Stop, whatever comes of it

  const Status& started() const { return started_; }
  const std::string& path() const { return mountpoint_; }
  std::string File(std::string_view name) const { return mountpoint_ + "/" + std::string(name); }
  std::string cache() const { return dir_ / "cache"; }

  Process& daemon() { return *daemon_; }
  std::string log() const { return daemon_->err(); }

  // Resident bytes of the daemon, as /proc/PID/status names them: "VmRSS", "RssAnon", "RssShmem", …
  uint64_t Memory(std::string_view field) const;
  int Threads() const;

  // Takes the mount out of the tree; what is open goes on.
  void Detach();

  // Unmounts, lazily if it is busy, and waits for the daemon. An error, with its log, if it did not
  // end by itself with 0.
  Status Stop();

 private:
  Status AwaitAnswer(const Account* account);

  TempDir dir_;
  std::string mountpoint_;
  std::unique_ptr<Process> daemon_;
  Status started_;
  bool stopped_ = false;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_MOUNT_H_
