// Answers what is asked of a mount over its control socket.
#ifndef BRIMFS_FS_CONTROL_SERVICE_H_
#define BRIMFS_FS_CONTROL_SERVICE_H_

#include <functional>
#include <stop_token>
#include <string>

#include "core/clock.h"
#include "fs/control_access.h"
#include "fs/control_protocol.h"
#include "fs/filesystem.h"
#include "fs/fill_run.h"

namespace brimfs {

// Thread-safe.
class ControlService {
 public:
  struct Settings {
    MountAccess access;
    std::string source;  // as it may be shown: DisplayUrl
    std::string mountpoint;
    std::string driver;
    std::string cache;  // directory; empty: none
  };

  // Both outlive this.
  ControlService(Settings settings, FileSystem& filesystem, Clock& clock);

  // Whether the caller may have it answered: kDenied; kStale if the node is unknown.
  Status Check(const ControlRequest& request, const Caller& caller) const;

  // Everything but kFill, which is FillRun's: calls `send` once or more, at last with an answer
  // that is the last(). May wait for the disk. Check has said ok.
  using Send = std::function<void(const ControlAnswer& answer)>;
  void Answer(const ControlRequest& request, const Send& send, const std::stop_token& stop);

  Filler& filler() { return filler_; }

 private:
  MountStatus StatusOfMount() const;
  ControlAnswer Look(const ControlRequest& request);
  ControlAnswer Evict(const ControlRequest& request, const Send& send, const std::stop_token& stop);
  ControlAnswer Unpin(const ControlRequest& request);

  const Settings settings_;
  FileSystem& filesystem_;
  Filler filler_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_SERVICE_H_
