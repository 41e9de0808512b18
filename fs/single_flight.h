// One thread makes a call, all who want its answer at that moment get it.
#ifndef BRIMFS_FS_SINGLE_FLIGHT_H_
#define BRIMFS_FS_SINGLE_FLIGHT_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/status.h"

namespace brimfs {

// Thread-safe. Nothing is remembered once the call has ended.
template <typename T>
class SingleFlight {
 public:
  // Runs `call` on this thread, with no lock held, or waits for the answer of the thread that runs
  // one already: until `deadline` (kTimedOut) or `stop` (kInterrupted). If the running call itself
  // ends with kInterrupted, only its own caller has left: one of those who wait makes the call
  // anew.
  Result<T> Do(Clock& clock, TimePoint deadline, const std::stop_token& stop,
               const std::function<Result<T>()>& call) {
    for (;;) {
      std::shared_ptr<Answer> answer;
      bool ours;
      {
        MutexLock lock(mu_);
        ours = running_ == nullptr;
        if (ours) running_ = std::make_shared<Answer>();
        answer = running_;
      }
      if (ours) {
        Result<T> result = call();
        {
          MutexLock lock(mu_);
          running_ = nullptr;
        }
        answer->Give(result);
        return result;
      }
      Result<T> result = answer->Await(clock, deadline, stop);
      if (result.code() != Code::kInterrupted || stop.stop_requested()) return result;
    }
  }

 private:
  class Answer {
   public:
    void Give(Result<T> result) {
      MutexLock lock(mu_);
      result_.emplace(std::move(result));
      changed_.NotifyAll();
    }

    Result<T> Await(Clock& clock, TimePoint deadline, const std::stop_token& stop) {
      // Made and unmade outside the lock, which it takes.
      std::stop_callback wake(stop, [this] {
        MutexLock lock(mu_);
        changed_.NotifyAll();
      });
      MutexLock lock(mu_);
      while (!result_) {
        if (stop.stop_requested()) return Status(Code::kInterrupted);
        if (clock.Now() >= deadline) return Status(Code::kTimedOut, "waiting for another's answer");
        clock.WaitUntil(changed_, mu_, deadline);
      }
      return *result_;
    }

   private:
    Mutex mu_;
    CondVar changed_;
    std::optional<Result<T>> result_ ABSL_GUARDED_BY(mu_);
  };

  Mutex mu_;
  std::shared_ptr<Answer> running_ ABSL_GUARDED_BY(mu_);
};

// A SingleFlight for every key that is under way. Thread-safe.
template <typename T>
class FlightGroup {
 public:
  // As SingleFlight::Do, among those who ask for the same key.
  Result<T> Do(const std::string& key, Clock& clock, TimePoint deadline,
               const std::stop_token& stop, const std::function<Result<T>()>& call) {
    SingleFlight<T>* flight;
    {
      MutexLock lock(mu_);
      Shared& shared = flights_[key];
      ++shared.users;
      flight = &shared.flight;  // a node of a map stays where it is
    }
    Result<T> result = flight->Do(clock, deadline, stop, call);
    MutexLock lock(mu_);
    const auto shared = flights_.find(key);
    if (--shared->second.users == 0) flights_.erase(shared);
    return result;
  }

 private:
  struct Shared {
    SingleFlight<T> flight;
    int users = 0;
  };

  Mutex mu_;  // not held while a flight is under way
  std::map<std::string, Shared> flights_ ABSL_GUARDED_BY(mu_);
};

}  // namespace brimfs

#endif  // BRIMFS_FS_SINGLE_FLIGHT_H_
