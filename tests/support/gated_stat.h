// Another backend whose answers about names wait at a gate.
#ifndef BRIMFS_TESTS_SUPPORT_GATED_STAT_H_
#define BRIMFS_TESTS_SUPPORT_GATED_STAT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/mutex.h"

namespace brimfs {

// Thread-safe. The gate is closed at first; a stop that is requested lets its call through, with
// kInterrupted.
class GatedStat : public Backend {
 public:
  // `inner` outlives this.
  explicit GatedStat(Backend& inner) : inner_(inner) {}

  // Returns when `count` calls of Stat stand at the gate.
  void AwaitAtGate(size_t count) {
    MutexLock lock(mu_);
    while (at_gate_ < count) changed_.Wait(mu_);
  }
  size_t at_gate() {
    MutexLock lock(mu_);
    return at_gate_;
  }

  void OpenGate() { SetOpen(true); }
  void CloseGate() { SetOpen(false); }

  // The paths that were asked for so far, in the order in which the calls came.
  std::vector<std::string> asked() {
    MutexLock lock(mu_);
    return asked_;
  }
  // Returns when so many have been asked for.
  void AwaitAsked(size_t count) {
    MutexLock lock(mu_);
    while (asked_.size() < count) changed_.Wait(mu_);
  }

  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override {
    const std::stop_callback wake(limits.stop, [this] {
      MutexLock lock(mu_);
      changed_.NotifyAll();
    });
    {
      MutexLock lock(mu_);
      asked_.push_back(path);
      ++at_gate_;
      changed_.NotifyAll();
      while (!open_ && !limits.stop.stop_requested()) changed_.Wait(mu_);
      --at_gate_;
      if (!open_) return Status(Code::kInterrupted, "stopped");
    }
    return inner_.Stat(path, limits);
  }
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override {
    return inner_.List(path, each, anew, limits);
  }
  std::unique_ptr<Connection> Connect() override { return inner_.Connect(); }
  std::string DisplayUrl(const std::string& path) const override { return inner_.DisplayUrl(path); }

 private:
  void SetOpen(bool open) {
    MutexLock lock(mu_);
    open_ = open;
    changed_.NotifyAll();
  }

  Backend& inner_;
  Mutex mu_;
  CondVar changed_;
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mu_);
  size_t at_gate_ ABSL_GUARDED_BY(mu_) = 0;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_GATED_STAT_H_
