// Decides which flight gets a connection next, and runs it there: one worker thread a connection.
#ifndef BRIMFS_CORE_SCHEDULER_H_
#define BRIMFS_CORE_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/backend.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/range.h"

namespace brimfs {

// Lower is sooner.
enum class Priority { kDemand, kUpload, kReadahead, kFill };

// A piece of work for one connection.
class Flight {
 public:
  virtual ~Flight() = default;

  // On a worker's thread, at most once at a time. Returns when to be run again (a retry after backoff: the
  // connection serves others meanwhile), or nothing if it has ended and told everyone concerned. When `stop` is
  // requested it ends within 100 ms.
  virtual std::optional<TimePoint> Run(Connection& connection, std::stop_token stop) = 0;

  // Instead of Run, when the flight is dropped from the queue (Drop, Shutdown).
  virtual void Abandon(const Status& why) = 0;

  // Whose it is and what it covers, for Raise and Drop. Constant.
  virtual const void* owner() const = 0;
  virtual Range range() const = 0;
};

class Scheduler {
 public:
  struct Options {
    int connections = 16;          // worker threads, started when needed
    int reserved_for_demand = 1;   // of these never run anything but kDemand
  };

  // `backend` and `clock` outlive this.
  Scheduler(Backend& backend, Options options, Clock& clock);

  // Shutdown, then joins the workers.
  ~Scheduler();

  // From any thread. After Shutdown the flight is abandoned at once, on the caller's thread.
  void Submit(std::shared_ptr<Flight> flight, Priority priority);

  // Queued flights of `owner` that overlap `range` get at least `priority`.
  void Raise(const void* owner, const Range& range, Priority priority);

  // Queued flights of `owner` whose priority is `least` or less urgent are abandoned; running ones go on.
  void Drop(const void* owner, Priority least);

  // Abandons what is queued, stops what runs. Idempotent.
  void Shutdown();

  struct Load {
    int running = 0;
    int queued = 0;
  };
  Load load() const;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_SCHEDULER_H_
