// Answers what is asked of a mount over its control socket.
#ifndef BRIMFS_FS_CONTROL_SERVICE_H_
#define BRIMFS_FS_CONTROL_SERVICE_H_

#include <chrono>
#include <functional>
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
  // How often a client hears how far its request has come.
  static constexpr auto kProgress = std::chrono::milliseconds(200);

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
  // that is the last(). May wait for the disk. Check has said ok. Ends, and keeps what was done,
  // once `ended` says that nobody wants it any more, which is asked again and again.
  using Send = std::function<void(const ControlAnswer& answer)>;
  using Ended = std::function<bool()>;
  void Answer(const ControlRequest& request, const Send& send, const Ended& ended);

  Filler& filler() { return filler_; }
  FillShare ShareOf(const Caller& caller) const;

 private:
  MountStatus StatusOfMount() const;
  ControlAnswer Look(const ControlRequest& request);
  ControlAnswer Evict(const ControlRequest& request, const Send& send, const Ended& ended);
  ControlAnswer Unpin(const ControlRequest& request, const Send& send, const Ended& ended);
  // Tells of the files that were gone through, now and then.
  FileSystem::GoOn Telling(uint64_t id, const Send& send, const Ended& ended);

  const Settings settings_;
  FileSystem& filesystem_;
  Clock& clock_;
  Filler filler_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_CONTROL_SERVICE_H_
