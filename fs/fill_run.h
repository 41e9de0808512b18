// The fills that somebody has asked for over a control socket.
#ifndef BRIMFS_FS_FILL_RUN_H_
#define BRIMFS_FS_FILL_RUN_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stop_token>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "fs/ahead_work.h"
#include "fs/control_protocol.h"
#include "fs/filesystem.h"

namespace brimfs {

// Who has files filled, and how many of them at a time.
struct FillShare {
  uid_t user = 0;
  size_t files = 1;
};

// What all fills of a mount have in common: each user has threads of their own, so that nobody
// waits for what another wants, and all share how much may be on its way. Thread-safe.
class Filler {
 public:
  // Files that are filled at a time for who may do everything, enough that small ones come over all
  // connections; and for another user.
  static constexpr size_t kFiles = 16;
  static constexpr size_t kFilesOfOther = 4;

  // For all fills together and for one at least, bytes: what is on its way takes room that readers'
  // readahead could have.
  static constexpr uint64_t kWindow = 64 << 20;
  static constexpr uint64_t kLeastWindow = 1 << 20;

  // Both outlive this, and this outlives the runs.
  Filler(FileSystem& filesystem, Clock& clock) : filesystem_(filesystem), clock_(clock) {}

  size_t filling() const { return filling_; }

 private:
  friend class FillRun;

  // One for all runs of a user at a time.
  std::shared_ptr<AheadWork> WorkOf(const FillShare& share);

  FileSystem& filesystem_;
  Clock& clock_;
  std::atomic<size_t> filling_{0};

  Mutex mu_;  // a leaf
  std::map<uid_t, std::weak_ptr<AheadWork>> work_ ABSL_GUARDED_BY(mu_);
};

// Those of one connection. Used by one thread.
class FillRun {
 public:
  // That may wait or be under way at a time.
  static constexpr size_t kMostFiles = 64;

  // `on_end` is called on another thread whenever a fill has ended; also for a while after the end
  // of this, unless it was the user's last.
  FillRun(Filler& filler, FillShare share, std::function<void()> on_end);

  // Stops them all; what came stays. Waits for them only as the last run of its user.
  ~FillRun();

  // Begins to fill a file. Its answers carry `id`. kBusy: there are kMostFiles.
  //
  // Files of one run that together do not fit into the cache are not begun (kNoSpace): each would
  // drive out what the run itself has brought.
  Status Begin(uint64_t id, NodeId node);

  bool empty() const { return jobs_.empty(); }

  // How far those have come that are under way and have come further since the last call; of each
  // first what was there before it.
  std::vector<ControlAnswer> Progress();

  // The last answers of those that have ended since the last call, and what was there before if
  // nothing was said yet.
  std::vector<ControlAnswer> TakeEnded();

 private:
  struct Shared;
  struct Job;

  Filler& filler_;
  const FillShare share_;
  const std::shared_ptr<Shared> shared_;
  std::shared_ptr<AheadWork> work_;  // from the first fill on
  std::list<std::shared_ptr<Job>> jobs_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FILL_RUN_H_
