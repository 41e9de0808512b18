// Fills the gaps of one resource: cuts them into parts, each of which is flown at most once at a
// time (core/part_flight.h), and knows which version of the object they are parts of. Where the
// server has no ranges one stream brings them all (core/stream_flight.h).
#ifndef BRIMFS_CORE_FETCHER_H_
#define BRIMFS_CORE_FETCHER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/background_write.h"
#include "core/local_source.h"
#include "core/mutex.h"
#include "core/readahead.h"
#include "core/resource.h"
#include "core/retry.h"
#include "core/scheduler.h"
#include "core/source_host.h"
#include "core/source_traffic.h"
#include "core/stats.h"
#include "core/timer.h"
#include "core/version.h"

namespace brimfs {

class PartFlight;
class StreamFlight;

class Fetcher : public FlightControl {
 public:
  struct Options {
    std::string path;
    std::string display_url;  // for messages; nothing secret in it
    Version version;          // as known so far; the first answer pins it

    // Of one flight, tries and waits included; from when it is asked for, if somebody waits for it,
    // and from its first try, if not. Duration::max(): it is tried for ever.
    Duration timeout = std::chrono::seconds(60);
    Duration first_byte = std::chrono::seconds(10);  // of silence end one try
    RetryPolicy retry;

    // Bytes of one GET, a multiple of the fill block: long enough that a request's round trip is
    // small beside it. On a slow link less, so that a demand read never waits long for a
    // connection.
    uint64_t part_bytes = 4 << 20;

    // So much of one file is fetched ahead at a time, bytes: what is must still be there when the
    // reader comes.
    uint64_t prefetch_limit = std::numeric_limits<uint64_t>::max();

    // Each flight that fails is said in the log; otherwise only the first of this process is.
    bool say_every_failure = true;

    // Bytes gathered before a write: libcurl hands out 16 KiB at a time. Sooner where a reader's
    // last missing byte has come.
    uint64_t coalesce_bytes = 256 << 10;

    // Of a server without ranges more comes than was asked for. It is kept if the whole file is no
    // longer than this, bytes; of a longer one it would only drive out what is wanted.
    uint64_t keep_limit = std::numeric_limits<uint64_t>::max();
  };

  // All outlive this. Sets itself as the resource's flight control.
  Fetcher(Resource& resource, Scheduler& scheduler, Clock& clock, Timer& timer, Stats& stats,
          SourceTraffic& traffic, Options options);

  // No flight is left: Stop, or the scheduler's Shutdown, has been called and has returned.
  ~Fetcher() override;

  // What it has needs no request. Once, before the first use; null: there is none. Outlives this.
  void SetLocalSource(LocalSource* local) { local_ = local; }

  // FlightControl. Brings in what the local source has on the caller's thread, then fetches the
  // rest.
  void Demand(const Range& wanted, const std::vector<Range>& claimed) override;

  // Fetches what of `range` is missing, not in the local source and not yet in flight, at this
  // priority. Never blocks. How
  // much there is room for, over all files, is the caller's to heed.
  void Prefetch(const Range& range, Priority priority);
  Readahead::Limits PrefetchLimits(uint64_t length) const;

  // Ends what nobody waits for: the last reader has closed the file. What is queued goes at once,
  // and so does what is in flight, unless its rest is so small that the connection is worth more.
  // What a fill wants stays.
  void DropPrefetch();

  // Somebody wants all of it, and asks for it with Priority::kFill. The last EndFill ends what was
  // asked for so and no reader has come to want since.
  void BeginFill();
  void EndFill();

  // The flights of this object that have ended, or have found out how the rest has to be fetched;
  // those of them that failed, without those that were stopped; and the last one's reason.
  struct Ended {
    uint64_t flights = 0;
    uint64_t failures = 0;
    Status why;
  };
  Ended ended() const;

  // Returns when there are more than `seen`, at `deadline`, or when `stop` is requested. Only for
  // who has the file open.
  Ended AwaitEnd(uint64_t seen, TimePoint deadline, const std::stop_token& stop);

  // Drops all that is queued, stops what is in flight, waits for it. What is asked for afterwards
  // fails with kShutdown. Not on a thread that runs one of this fetcher's flights.
  void Stop();

  // Whether a flight is queued or under way.
  bool busy() const;

  // What the source says this is; complete once the first answer has come.
  Version version() const;

  // The server has no ranges, as far as is known of this file, or else of others; nothing if no
  // answer could tell yet.
  std::optional<bool> without_ranges() const;

 private:
  friend class PartFlight;
  friend class StreamFlight;

  // How long a part should be on this link, bytes: not too long for a demand read to wait for its
  // connection; of `ahead` bytes fetched ahead, short enough for many connections to share them.
  uint64_t PartBytes() const;
  uint64_t PartBytesAhead(uint64_t ahead) const;

  // An unwanted rest up to this is fetched all the same, bytes: breaking off costs the connection.
  uint64_t DrainBytes() const;

  // `claimed` in flights of at most `part` bytes that start at its multiples.
  void Launch(const std::vector<Range>& claimed, uint64_t part, Priority priority);
  void LaunchOne(const Range& range, Priority priority);

  // The file is read in one stream.
  bool streams() const { return without_ranges().value_or(false); }

  // Where it has none: the claim on `range` is the stream's from now on. False if it has.
  bool GiveToStream(const Range& range, Priority priority);

  // An answer is the whole object of `length` bytes: the server has no ranges. The stream that it
  // is to become, with the claim on `range`; nothing if there is a stream, which has the claim now.
  std::shared_ptr<StreamFlight> BecomeStream(const Range& range, bool ahead, uint64_t length);

  // The stream, which is in no queue now, goes on for whoever wants it.
  void SubmitAgain(std::shared_ptr<StreamFlight> stream, Priority priority);

  // The one that there is or was; null where the server has ranges.
  std::shared_ptr<StreamFlight> stream() const;

  // The server has ranges.
  void OnRanges();

  // A flight's last word: those who wait for what is `missing` are told, and the log.
  void Fail(const std::vector<Range>& missing, const Status& error);

  // Parts that lie in the queue without hurry, and of which a reader now wants `wanted`: only that
  // is urgent, and it should not wait for the rest of its part.
  void SplitQueued(const Range& wanted);

  // An answer said what it is part of: kStale if that is not what this fetcher fetches. The first
  // one pins it.
  Status Bind(const Version& actual);

  // Counts one flight more; false once Stop has been called.
  bool CountFlight();

  // The last that a flight of `ahead` bytes that began ahead of its readers, or 0, does with this
  // object.
  void OnFlightEnd(uint64_t ahead);

  Resource& resource_;
  Scheduler& scheduler_;
  Clock& clock_;
  Timer& timer_;
  Stats& stats_;
  SourceTraffic& traffic_;
  const Options options_;
  SourceHost& host_;
  LocalSource* local_ = nullptr;  // constant after the first use
  std::stop_source stop_;         // of all flights
  BackgroundWrite background_write_;

  mutable Mutex mu_;
  CondVar flight_ended_;
  Version version_ ABSL_GUARDED_BY(mu_);
  int flights_ ABSL_GUARDED_BY(mu_) = 0;  // queued ones included
  int fills_ ABSL_GUARDED_BY(mu_) = 0;
  bool unread_ ABSL_GUARDED_BY(mu_) = false;  // its last reader closed it during a fill
  Ended ended_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<bool> without_ranges_ ABSL_GUARDED_BY(mu_);    // nothing: see host_
  std::shared_ptr<StreamFlight> stream_ ABSL_GUARDED_BY(mu_);  // the last; it may have ended
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_FETCHER_H_
