// One part of an object on its way: tries, resumes where a try ended, and tells the resource how it
// went.
#ifndef BRIMFS_CORE_PART_FLIGHT_H_
#define BRIMFS_CORE_PART_FLIGHT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/fetcher.h"
#include "core/hedge_race.h"
#include "core/mutex.h"
#include "core/scheduler.h"
#include "core/silence_watch.h"
#include "core/stream_flight.h"
#include "core/write_gatherer.h"

namespace brimfs {

// Holds the claim on its range and ends it in every case: with Release if the bytes came or nobody
// is to blame, with FailFlight or Fail otherwise. Used by one thread at a time, as Flight says.
//
// When it is silent for too long while somebody waits for its bytes, it launches a hedge: another
// flight for what is missing, on another connection. Whichever brings bytes first has the claim
// from then on, and the other ends without a word.
//
// Where the server has no ranges the claim goes to the file's stream (core/stream_flight.h), and
// the answer with it, if there is no stream yet.
class PartFlight : public Flight, private BodySink {
 public:
  // `fetcher` counts this flight already. Until `deadline`; without one, Options::timeout from the
  // first try: nobody sleeps for it yet.
  PartFlight(Fetcher& fetcher, const Range& range, Priority priority,
             std::optional<TimePoint> deadline)
      : fetcher_(fetcher),
        race_(std::make_shared<HedgeRace>()),
        side_(HedgeRace::Side::kFirst),
        range_(range),
        priority_(priority),
        position_(range.begin),
        deadline_(deadline),
        left_(range.size()) {}

  // The hedge of a flight for `range` of which what lies before `from` has come.
  PartFlight(Fetcher& fetcher, const Range& range, uint64_t from, TimePoint deadline,
             std::shared_ptr<HedgeRace> race)
      : fetcher_(fetcher),
        race_(std::move(race)),
        side_(HedgeRace::Side::kHedge),
        range_(range),
        priority_(Priority::kDemand),
        position_(from),
        deadline_(deadline),
        left_(range.end - from) {}

  std::optional<TimePoint> Run(Connection& connection, std::stop_token stop) override;
  void Abandon(const Status& why) override;
  void Unwanted() override;
  void Yield() override;
  const void* owner() const override { return &fetcher_; }
  Range range() const override { return range_; }
  const SourceHost* host() const override { return &fetcher_.host_; }

 private:
  Status OnAnswer(const Version& actual, const Range& body) override;
  Status OnBytes(uint64_t offset, std::span<const std::byte> data) override;

  // The answer is the whole object: another flight's business from now on, and no more than
  // carried to it by this one. An error if that has an answer of its own.
  Status HandOver(const Range& body);

  // A try, if the source's budget has one for a flight that has failed before.
  Status TryWithinBudget(Connection& connection);

  // One request for what is still missing.
  Status Try(Connection& connection, const std::stop_token& stop);
  // Waits if the mount's rate is used up: the sender waits then too.
  Status Throttle(uint64_t bytes);
  Status Accept(std::span<const std::byte> data);
  Status Store(std::span<const std::byte> data);

  // The try that brought the stream its bytes is over.
  void EndCarrying(const Status& status);
  void Fail(const Status& error);
  void End();  // the last that this does with the fetcher
  // Nobody slept for it when it was launched.
  bool ahead() const { return priority_ != Priority::kDemand; }
  Range remaining() const { return {position_, range_.end}; }

  // It is silent: on the timer's thread, while it runs.
  void LaunchHedge();
  std::stop_source& end() { return race_->stop(side_); }

  Fetcher& fetcher_;
  const std::shared_ptr<HedgeRace> race_;
  const HedgeRace::Side side_;
  const Range range_;
  const Priority priority_;         // when it was launched; it may have been raised since
  std::atomic<uint64_t> position_;  // up to here everything is in the resource
  std::optional<TimePoint> deadline_;
  std::optional<Status> failure_;       // of the last try
  int attempt_ = 0;                     // tries since the last that brought bytes
  std::atomic<bool> unwanted_ = false;  // that is why it was stopped
  std::atomic<uint64_t> left_;          // bytes that have not come, for Unwanted's thread

  // Of the current try.
  SilenceWatch* watch_ = nullptr;
  WriteGatherer* gathered_ = nullptr;  // what follows position_
  std::optional<TimePoint> answered_;
  bool handed_over_ = false;              // the claim is the stream's
  std::shared_ptr<StreamFlight> stream_;  // that this try's bytes go to
  Status sink_error_;  // why we refused the answer: the first cause, whatever Fetch makes of it

  Mutex mu_;
  std::shared_ptr<StreamFlight> carried_ ABSL_GUARDED_BY(mu_);  // stream_, for Yield's thread
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_PART_FLIGHT_H_
