// Reads an object of a server without ranges: front to back, in one request for all who read it.
#ifndef BRIMFS_CORE_STREAM_FLIGHT_H_
#define BRIMFS_CORE_STREAM_FLIGHT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/backend.h"
#include "core/fetcher.h"
#include "core/mutex.h"
#include "core/range_set.h"
#include "core/scheduler.h"
#include "core/write_gatherer.h"

namespace brimfs {

// Such a server answers whatever is asked for with the whole object. There is one stream a file at
// a time. It holds the claims on what its readers miss and ends each when it has come past it, or
// with FailFlight or Fail; a reader's own deadline does not end it.
//
// One answer is a pass over the object, from its first byte. It goes on
//   - to the last byte that is claimed;
//   - from there as far again (Fetcher::Options::keep_limit permitting): what it brings is kept,
//   and
//     a pass that has to begin anew has then cost at most as much as those before it;
//   - then it waits for a reader to come, the sender with it, and breaks off after kLinger, or when
//     others need the connection.
// What is claimed behind a pass makes it turn back to the first byte once it has reached what was
// claimed before that. So a claim is served by the second pass at the latest, whoever else reads.
//
// A pass that breaks begins anew, at the first byte; what is there already is not written again.
// Getting further than before counts as progress, and nothing else: a stream that makes none is
// tried again for Fetcher::Options::timeout.
//
// What another try asks for is the first claim, so that a server that has ranges after all is found
// out: then this stream ends, and the file is fetched in parts again.
//
// Lock order: Fetcher's, mu_, Resource's. No I/O and no call that may come back under mu_.
class StreamFlight : public Flight, public BodySink {
 public:
  static constexpr Duration kLinger = std::chrono::seconds(5);
  static constexpr uint64_t kLeastAhead = 16 << 20;  // of what is claimed, bytes

  // `fetcher` counts this flight already; `length` is the object's.
  StreamFlight(Fetcher& fetcher, uint64_t length);

  // Takes the claim over, which may be partly there; `ahead` of its readers. False if this has
  // ended. From any thread.
  bool Add(const Range& claim, bool ahead);

  // The answer to somebody else's request is the whole object and becomes a pass: its bytes go to
  // OnBytes, `end` stops it, and EndPass is called in the end. In place of Run, on one thread.
  void Adopt(const Range& body, std::stop_source end);
  Status OnBytes(uint64_t offset, std::span<const std::byte> data) override;

  // A pass is over, as `status` says. Returns when to Run, or nothing if the stream has ended.
  std::optional<TimePoint> EndPass(Status status);

  // Flight.
  std::optional<TimePoint> Run(Connection& connection, std::stop_token stop) override;
  void Abandon(const Status& why) override;
  void Unwanted() override;
  void Yield() override;
  const void* owner() const override { return &fetcher_; }
  Range range() const override { return {0, length_}; }
  const SourceHost* host() const override { return &fetcher_.host_; }
  bool divisible() const override { return false; }

 private:
  Status OnAnswer(const Version& actual, const Range& body) override;

  Status TryWithinBudget(Connection& connection, const Range& first);
  std::optional<TimePoint> AfterFailure(const Status& error);

  Status Take(uint64_t offset, std::span<const std::byte> data);
  Status Store(std::span<const std::byte> data);

  // Whether the pass should go on: an error if not.
  Status GoOn();
  Status Linger();
  Status BreakOff();

  // As far as the pass goes without a reader who asks for it.
  uint64_t Reach() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // These claims are served, or nobody's fault: they end.
  void Release(const std::vector<Range>& pieces);
  void ReleaseCovered();
  std::vector<Range> EndAndTakeClaims();
  void End();  // the last that this does with the fetcher

  Fetcher& fetcher_;
  const uint64_t length_;

  // Of the thread that runs it.
  bool keeps_;   // what nobody has asked for
  Range asked_;  // in the current try
  TimePoint asked_at_;
  uint64_t next_ = 0;      // offset of the next byte
  uint64_t body_end_ = 0;  // of the answer
  bool broken_off_ = false;
  Status sink_error_;
  std::vector<std::byte> memory_;
  WriteGatherer gathered_;
  uint64_t furthest_ = 0;    // that a pass has come since it last turned back
  bool progressed_ = false;  // in this pass
  int attempt_ = 0;          // tries since the last progress
  std::optional<TimePoint> deadline_;
  std::optional<Status> failure_;  // of the last try
  TimePoint not_before_ = TimePoint::min();

  Mutex mu_;
  CondVar changed_;  // a claim came, or `end_` was requested
  RangeSet claims_ ABSL_GUARDED_BY(mu_);
  uint64_t ahead_ ABSL_GUARDED_BY(mu_) = 0;     // bytes counted in SourceTraffic::ahead
  uint64_t position_ ABSL_GUARDED_BY(mu_) = 0;  // up to here the pass is written; 0 between passes
  uint64_t goal_ ABSL_GUARDED_BY(mu_) = 0;      // where the last claim ends that this pass serves
  bool behind_ ABSL_GUARDED_BY(mu_) = false;    // a claim has to wait for the next pass
  std::stop_source end_ ABSL_GUARDED_BY(mu_);   // of the pass
  bool unwanted_ ABSL_GUARDED_BY(mu_) = false;
  bool yields_ ABSL_GUARDED_BY(mu_) = false;  // others need the connection
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_STREAM_FLIGHT_H_
