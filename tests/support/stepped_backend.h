// A backend in memory whose listings come when a test says so, piece by piece.
#ifndef BRIMFS_TESTS_SUPPORT_STEPPED_BACKEND_H_
#define BRIMFS_TESTS_SUPPORT_STEPPED_BACKEND_H_

#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "tests/support/fake_backend.h"

namespace brimfs {

// Thread-safe. Every listing follows the script from where the last one left it, and waits where it
// ends, until it is stopped. Whatever else is asked is answered as by a FakeBackend.
class SteppedBackend : public FakeBackend {
 public:
  // One file of one byte each, unless its name ends in '/'.
  void Give(const std::vector<std::string>& names) {
    std::vector<ListedName> listed;
    for (const std::string& name : names) {
      if (name.ends_with('/')) {
        listed.push_back({name.substr(0, name.size() - 1), ObjectKind::kDirectory, {}});
      } else {
        listed.push_back({name, ObjectKind::kFile, {}});
        listed.back().version.length = 1;
      }
    }
    GiveListed(std::move(listed));
  }
  void GiveListed(std::vector<ListedName> names) { Say({.names = std::move(names)}); }
  void BreakOff() { Say({.anew = true}); }
  void End(Status status = OkStatus()) { Say({.end = std::move(status)}); }

  // Returns when everything that was said has been done.
  void AwaitDone() {
    MutexLock lock(mu_);
    while (!script_.empty() || busy_) changed_.Wait(mu_);
  }

  // Returns when `count` listings are under way.
  void AwaitUnderWay(int count) {
    MutexLock lock(mu_);
    while (under_way_ != count) changed_.Wait(mu_);
  }

  int begun() const {
    MutexLock lock(mu_);
    return begun_;
  }

  Status List(const std::string&, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override {
    {
      MutexLock lock(mu_);
      ++begun_;
      ++under_way_;
      changed_.NotifyAll();
    }
    const Status status = Follow(each, anew, limits.stop);
    MutexLock lock(mu_);
    --under_way_;
    changed_.NotifyAll();
    return status;
  }

 private:
  struct Step {
    std::vector<ListedName> names = {};
    bool anew = false;
    std::optional<Status> end = std::nullopt;
  };

  void Say(Step step) {
    MutexLock lock(mu_);
    script_.push_back(std::move(step));
    changed_.NotifyAll();
  }

  Status Follow(const EachName& each, const BeginAnew& anew, const std::stop_token& stop) {
    for (;;) {
      const std::optional<Step> step = Next(stop);
      if (!step) return Status(Code::kInterrupted, "stopped");
      for (const ListedName& name : step->names) each(name);
      if (step->anew) anew();
      {
        MutexLock lock(mu_);
        busy_ = false;
        changed_.NotifyAll();
      }
      if (step->end) return *step->end;
    }
  }

  std::optional<Step> Next(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      MutexLock lock(mu_);
      changed_.NotifyAll();
    });
    MutexLock lock(mu_);
    while (script_.empty() && !stop.stop_requested()) changed_.Wait(mu_);
    if (stop.stop_requested()) return std::nullopt;
    Step step = std::move(script_.front());
    script_.pop_front();
    busy_ = true;
    return step;
  }

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Step> script_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;  // with the step that was taken out last
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;
  int begun_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_STEPPED_BACKEND_H_
