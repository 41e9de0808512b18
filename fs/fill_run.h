// The fills that somebody has asked for over a control socket.
#ifndef BRIMFS_FS_FILL_RUN_H_
#define BRIMFS_FS_FILL_RUN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <stop_token>
#include <vector>

#include "core/clock.h"
#include "core/mutex.h"
#include "fs/ahead_work.h"
#include "fs/control_protocol.h"
#include "fs/filesystem.h"

namespace brimfs {

// What all fills of a mount share: threads, and how much may be on its way for them. Thread-safe.
class Filler {
 public:
  // Files that are filled at a time, over all who ask: enough that small ones come over all
  // connections.
  static constexpr size_t kFiles = 16;

  // For all fills together and for one at least, bytes: what is on its way takes room that readers'
  // readahead could have.
  static constexpr uint64_t kWindow = 64 << 20;
  static constexpr uint64_t kLeastWindow = 4 << 20;

  // Both outlive this, and this outlives the runs.
  Filler(FileSystem& filesystem, Clock& clock) : filesystem_(filesystem), clock_(clock) {}

  size_t filling() const { return filling_; }

 private:
  friend class FillRun;

  FileSystem& filesystem_;
  Clock& clock_;
  std::atomic<size_t> filling_{0};
  AheadWork work_{kFiles, std::numeric_limits<size_t>::max()};  // goes first: it uses the above
};

// Those of one connection. Used by one thread.
class FillRun {
 public:
  // That may wait or be under way at a time.
  static constexpr size_t kMostFiles = 64;

  // `on_end` is called on another thread whenever a fill has ended; also for a while after the end
  // of this.
  FillRun(Filler& filler, std::function<void()> on_end);

  // Stops them all; what came stays. Does not wait for them.
  ~FillRun();

  // Begins to fill a file. Its answers carry `id`. kBusy: there are kMostFiles.
  //
  // Files of one run that together do not fit into the cache are not begun (kNoSpace): each would
  // drive out what the run itself has brought.
  Status Begin(uint64_t id, NodeId node);

  bool empty() const { return jobs_.empty(); }

  // How far those have come that are under way and have come further since the last call.
  std::vector<ControlAnswer> Progress();

  // The last answers of those that have ended since the last call.
  std::vector<ControlAnswer> TakeEnded();

 private:
  struct Shared;
  struct Job;

  Filler& filler_;
  const std::shared_ptr<Shared> shared_;
  std::list<std::shared_ptr<Job>> jobs_;
};

}  // namespace brimfs

#endif  // BRIMFS_FS_FILL_RUN_H_
