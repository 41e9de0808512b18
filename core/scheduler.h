// Decides which flight gets a connection next, and runs it there: one worker thread a connection.
// Each server of the source has its own connections.
#ifndef BRIMFS_CORE_SCHEDULER_H_
#define BRIMFS_CORE_SCHEDULER_H_

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "core/connection_limit.h"
#include "core/mutex.h"
#include "core/range.h"

namespace brimfs {

// Lower is sooner.
enum class Priority { kDemand, kUpload, kReadahead, kFill };

// A piece of work for one connection.
class Flight {
 public:
  virtual ~Flight() = default;

  // On a worker's thread, one call at a time. Returns when to be run again (a retry after backoff:
  // the connection serves others meanwhile), or nothing if it has ended and told everyone
  // concerned. When `stop` is requested it ends within 100 ms.
  virtual std::optional<TimePoint> Run(Connection& connection, std::stop_token stop) = 0;

  // Instead of Run, or of being run again: the flight is dropped from the queue, by Drop
  // (kInterrupted) or Shutdown (kShutdown). On the thread that dropped it or on a worker's.
  virtual void Abandon(const Status& why) = 0;

  // While Run is on its way, from another thread: nobody wants it any more. It may end early, and
  // is not run again.
  virtual void Unwanted() = 0;

  // While Run is on its way, or just after, from another thread, when the owner may be gone: a
  // demanded flight waits for a connection. One that is only kept in case should be given back.
  virtual void Yield() {}

  // Whose it is and what it covers, for Raise and Drop. Constant.
  virtual const void* owner() const = 0;
  virtual Range range() const = 0;

  // Whether others may do its work piece by piece, for Withdraw. Constant.
  virtual bool divisible() const { return true; }

  // The server that it asks. Constant; asked for once, by Submit.
  virtual const SourceHost* host() const { return nullptr; }
};

// No lock is held while a flight is run, abandoned or destroyed.
class Scheduler {
 public:
  // So many servers are asked over all their connections at the same time; more of them share what
  // these would have.
  static constexpr int kBusyHosts = 4;

  struct Options {
    int connections = 16;  // to one server: worker threads, started when needed

    // So many of them are at any time free or run kDemand. At least one takes everything.
    int reserved_for_demand = 1;
  };

  // `backend` and `clock` outlive this.
  Scheduler(Backend& backend, Options options, Clock& clock);

  // Shutdown, then joins the workers.
  ~Scheduler();

  // From any thread. After Shutdown the flight is abandoned at once, on the caller's thread.
  void Submit(std::shared_ptr<Flight> flight, Priority priority);

  // Flights of `owner` that overlap `range` get at least `priority`: queued ones at once, running
  // ones if they are to be run again. One that waits for its time goes on waiting.
  void Raise(const void* owner, const Range& range, Priority priority);

  // Takes out of the queue and returns, without a call to Abandon, the divisible flights of `owner`
  // that overlap `range`, have not been run yet, and are less urgent than `than`; with the priority
  // that each had.
  using Withdrawn = std::vector<std::pair<std::shared_ptr<Flight>, Priority>>;
  Withdrawn Withdraw(const void* owner, const Range& range, Priority than);

  // Flights of `owner` whose priority is from `most` urgent to `least` are abandoned: queued ones
  // at once, running ones in place of being run again, and told so (Flight::Unwanted).
  void Drop(const void* owner, Priority most, Priority least = Priority::kFill);

  // Abandons what is queued, stops what runs. Idempotent.
  void Shutdown();

  // How a request of one of the flights to `host` ended: a server that asks to be spared is asked
  // by fewer connections for a while.
  void OnAnswer(const SourceHost* host, const Status& status);

  SourceHost& HostOf(const std::string& path) { return backend_.HostOf(path); }

  struct Load {
    int running = 0;
    int queued = 0;  // those that wait for their time included
  };
  Load load() const;

 private:
  struct Job {
    std::shared_ptr<Flight> flight;
    const SourceHost* host = nullptr;  // the flight's, which may end before the job
    Priority priority = Priority::kDemand;
    bool was_run = false;
    bool dropped = false;  // while it ran: abandon it if it wants to be run again
  };
  // The flights to one server, and what it bears.
  struct Host {
    explicit Host(int connections) : limit(connections) {}
    int room() const { return std::max(0, limit.limit() - running); }

    std::array<std::deque<Job>, 4> ready;  // by priority; oldest first
    ConnectionLimit limit;
    int running = 0;
    int in_background = 0;  // of these, on connections that are not reserved
  };
  struct Worker {
    std::thread thread;
    Job* running = nullptr;  // on the worker's stack
    Host* host = nullptr;    // of `running`
    bool in_background = false;
    std::stop_source stop;  // of `running`
  };

  void Work(Worker& worker);

  // Waits for a job; false when the scheduler shuts down.
  bool NextJob(Worker& worker, Job& job);
  bool TakeReady(Worker& worker, Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool TakeFrom(Host& host, size_t priority, Worker& worker, Job& job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void QueueAgain(Worker& worker, Job& job, std::optional<TimePoint> when);

  Host& HostOf(const SourceHost* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int MostWorkers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // A source may have very many servers.
  void ForgetIfIdle(const SourceHost* key, const Host& host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Those that should know that a demanded flight to `host` waits for a connection.
  std::vector<std::shared_ptr<Flight>> InTheWay(const Host& host) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // A job became ready: wakes a worker, or starts one if none is idle and the limit allows it.
  void Announce() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Removes and returns what `chosen` says of the queued jobs.
  template <typename Predicate>
  std::vector<Job> RemoveQueued(Predicate chosen) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Backend& backend_;
  Clock& clock_;
  const int connections_;  // to one server
  const int reserved_;     // of these, that only kDemand may take, as long as there are others

  mutable Mutex mu_;
  CondVar wake_;
  // Those that anything runs or waits for, and those that bear less than others.
  std::map<const SourceHost*, Host> hosts_ ABSL_GUARDED_BY(mu_);
  const SourceHost* served_last_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::multimap<TimePoint, Job> delayed_ ABSL_GUARDED_BY(mu_);  // retries, by their time
  std::list<Worker> workers_ ABSL_GUARDED_BY(mu_);              // only grows
  int idle_ ABSL_GUARDED_BY(mu_) = 0;                           // workers in NextJob's wait
  int running_ ABSL_GUARDED_BY(mu_) = 0;                        // workers that run a flight
  int in_background_ ABSL_GUARDED_BY(mu_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SCHEDULER_H_
