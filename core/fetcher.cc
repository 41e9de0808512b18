#include "core/fetcher.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <memory>
#include <optional>
#include <utility>

#include "core/log.h"
#include "core/part_flight.h"
#include "core/stream_flight.h"

namespace brimfs {
namespace {

// A part that takes longer holds its connection back from a demand read for too long.
constexpr double kPartSeconds = 0.25;

// So long a connection may go on with what nobody wants.
constexpr double kDrainSeconds = 0.05;

// What can't heal: no other try on this version will do better.
bool IsTerminal(Code code) { return code == Code::kStale || code == Code::kDenied; }

// What a reader gets told after the last try.
Code FinalCode(Code code) {
  if (code == Code::kNotFound) return Code::kStale;        // it was there when it was opened
  if (code == Code::kUnavailable) return Code::kTimedOut;  // that is tried again until the deadline
  return code;
}

Status Stopped() { return Status(Code::kShutdown, "the file is being closed"); }

}  // namespace

Fetcher::Fetcher(Resource& resource, Scheduler& scheduler, Clock& clock, Timer& timer, Stats& stats,
                 SourceTraffic& traffic, Options options)
    : resource_(resource),
      scheduler_(scheduler),
      clock_(clock),
      timer_(timer),
      stats_(stats),
      traffic_(traffic),
      options_(std::move(options)),
      host_(scheduler.HostOf(options_.path)),
      version_(options_.version) {
  resource_.SetFlightControl(this);
}

Fetcher::~Fetcher() {
  MutexLock lock(mu_);
  assert(flights_ == 0);
}

void Fetcher::Demand(const Range& wanted, const std::vector<Range>& claimed) {
  {
    MutexLock lock(mu_);
    unread_ = false;
  }
  Launch(local_ == nullptr ? claimed : local_->Recover(claimed), PartBytes(), Priority::kDemand);
  const bool all_claimed = std::any_of(claimed.begin(), claimed.end(),
                                       [&](const Range& range) { return range.Contains(wanted); });
  if (all_claimed) return;
  SplitQueued(wanted);
  scheduler_.Raise(this, wanted, Priority::kDemand);
}

void Fetcher::Prefetch(const Range& range, Priority priority) {
  if (range.empty()) return;
  const std::vector<Range> absent =
      local_ == nullptr ? std::vector<Range>{range} : local_->Absent(range);
  for (const Range& part : absent) {
    Launch(resource_.Claim(part), PartBytesAhead(range.size()), priority);
  }
  scheduler_.Raise(this, range, priority);
}

Readahead::Limits Fetcher::PrefetchLimits(uint64_t length) const {
  return {length, options_.prefetch_limit, traffic_.ReadaheadRoom(), traffic_.link.snapshot()};
}

void Fetcher::DropPrefetch() {
  bool filling = false;
  {
    MutexLock lock(mu_);
    filling = unread_ = fills_ > 0;
  }
  if (filling) {
    scheduler_.Drop(this, Priority::kReadahead, Priority::kReadahead);
    return;
  }
  scheduler_.Drop(this, Priority::kReadahead);
  if (const std::shared_ptr<StreamFlight> one = stream()) one->Unwanted();
}

void Fetcher::BeginFill() {
  MutexLock lock(mu_);
  ++fills_;
}

void Fetcher::EndFill() {
  bool unread = false;
  {
    MutexLock lock(mu_);
    if (--fills_ > 0) return;
    unread = std::exchange(unread_, false);
  }
  if (unread) {
    DropPrefetch();
  } else {
    scheduler_.Drop(this, Priority::kFill);
  }
}

Fetcher::Ended Fetcher::ended() const {
  MutexLock lock(mu_);
  return ended_;
}

Fetcher::Ended Fetcher::AwaitEnd(uint64_t seen, TimePoint deadline, const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mu_);
    flight_ended_.NotifyAll();
  });
  MutexLock lock(mu_);
  while (ended_.flights <= seen && !stop.stop_requested() && clock_.Now() < deadline) {
    clock_.WaitUntil(flight_ended_, mu_, deadline);
  }
  return ended_;
}

void Fetcher::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  stop_.request_stop();
  scheduler_.Drop(this, Priority::kDemand);
  MutexLock lock(mu_);
  while (flights_ > 0) flight_ended_.Wait(mu_);
}

bool Fetcher::busy() const {
  MutexLock lock(mu_);
  return flights_ > 0;
}

Version Fetcher::version() const {
  MutexLock lock(mu_);
  return version_;
}

uint64_t Fetcher::PartBytes() const {
  const double rate = traffic_.link.snapshot().connection_bytes_per_second;
  if (rate <= 0) return options_.part_bytes;
  const double bytes = std::min(rate * kPartSeconds, static_cast<double>(options_.part_bytes));
  return std::max(kFillBlock, std::bit_floor(static_cast<uint64_t>(bytes)));
}

uint64_t Fetcher::PartBytesAhead(uint64_t ahead) const {
  // Two parts at least, so that more than one connection works on a short window.
  uint64_t part = std::min(PartBytes(), std::bit_floor(ahead / 2));
  if (const uint64_t enough = traffic_.link.snapshot().PartBytes(); enough > 0) {
    part = std::min(part, std::bit_floor(enough));
  }
  return std::max(kFillBlock, part);
}

uint64_t Fetcher::DrainBytes() const {
  const double rate = traffic_.link.snapshot().connection_bytes_per_second;
  return std::max(kFillBlock, static_cast<uint64_t>(rate * kDrainSeconds));
}

void Fetcher::Launch(const std::vector<Range>& claimed, uint64_t part, Priority priority) {
  for (const Range& range : claimed) {
    if (range.size() <= part) {
      LaunchOne(range, priority);
      continue;
    }
    for (uint64_t begin = range.begin; begin < range.end;) {
      const uint64_t end = std::min(range.end, begin - begin % part + part);
      LaunchOne({begin, end}, priority);
      begin = end;
    }
  }
}

void Fetcher::LaunchOne(const Range& range, Priority priority) {
  if (range.empty() || GiveToStream(range, priority)) return;
  if (!CountFlight()) {
    resource_.FailFlight(range, Stopped());
    return;
  }
  const bool demanded = priority == Priority::kDemand;
  if (!demanded) traffic_.ahead.fetch_add(range.size(), std::memory_order_relaxed);
  std::optional<TimePoint> deadline;
  if (demanded) deadline = After(clock_.Now(), options_.timeout);
  scheduler_.Submit(std::make_shared<PartFlight>(*this, range, priority, deadline), priority);
}

std::optional<bool> Fetcher::without_ranges() const {
  MutexLock lock(mu_);
  if (without_ranges_ || !version_.length || !host_.without_ranges) return without_ranges_;
  return true;
}

bool Fetcher::GiveToStream(const Range& range, Priority priority) {
  const bool ahead = priority != Priority::kDemand;
  std::shared_ptr<StreamFlight> begun;
  {
    MutexLock lock(mu_);
    if (!without_ranges_ && host_.without_ranges && version_.length) without_ranges_ = true;
    if (!without_ranges_.value_or(false) || stopped_) return false;
    if (stream_ == nullptr || !stream_->Add(range, ahead)) {
      const uint64_t length = stream_ == nullptr ? *version_.length : stream_->range().end;
      begun = std::make_shared<StreamFlight>(*this, length);
      (void)begun->Add(range, ahead);
      stream_ = begun;
      ++flights_;
    }
  }
  if (begun != nullptr) {
    scheduler_.Submit(std::move(begun), priority);
  } else {
    scheduler_.Raise(this, range, priority);
  }
  return true;
}

std::shared_ptr<StreamFlight> Fetcher::BecomeStream(const Range& range, bool ahead,
                                                    uint64_t length) {
  LogOnce("no ranges", LogLevel::kInfo,
          options_.display_url +
              ": the server has no ranges: files are read front to back, and who reads further "
              "inside waits");
  host_.without_ranges = true;
  MutexLock lock(mu_);
  without_ranges_ = true;
  if (stream_ != nullptr && stream_->Add(range, ahead)) return nullptr;
  stream_ = std::make_shared<StreamFlight>(*this, length);
  (void)stream_->Add(range, ahead);
  ++flights_;
  ++ended_.flights;
  flight_ended_.NotifyAll();
  return stream_;
}

void Fetcher::SubmitAgain(std::shared_ptr<StreamFlight> stream, Priority priority) {
  scheduler_.Submit(std::move(stream), priority);
  // Readers that came meanwhile found nothing to raise.
  const Range all{0, resource_.length().value_or(0)};
  if (resource_.Awaited(all)) scheduler_.Raise(this, all, Priority::kDemand);
}

std::shared_ptr<StreamFlight> Fetcher::stream() const {
  MutexLock lock(mu_);
  return stream_;
}

void Fetcher::OnRanges() {
  if (host_.without_ranges) host_.without_ranges = false;  // mostly only looked at
  MutexLock lock(mu_);
  without_ranges_ = false;
}

void Fetcher::Fail(const std::vector<Range>& missing, const Status& error) {
  const Status why(FinalCode(error.code()),
                   options_.display_url + ": bytes " + std::to_string(missing.front().begin) + "-" +
                       std::to_string(missing.back().end) + ": " + error.message());
  if (why.code() != Code::kShutdown) {  // that is no failure, and news to nobody
    stats_.fetch_failures.fetch_add(1, std::memory_order_relaxed);
    {
      MutexLock lock(mu_);
      ++ended_.failures;
      ended_.why = why;
    }
    if (why.code() == Code::kNoData) {
      // The backend has said so, once for the object.
    } else if (options_.say_every_failure) {
      Log(LogLevel::kWarning, why.ToString());
    } else {
      LogOnce("fetch failure", LogLevel::kWarning, why.ToString() + "; others are not said");
    }
  }
  if (IsTerminal(why.code())) resource_.Fail(why);
  for (const Range& range : missing) {
    if (IsTerminal(why.code())) {
      resource_.Release(range);
    } else {
      resource_.FailFlight(range, why);
    }
  }
}

bool Fetcher::CountFlight() {
  MutexLock lock(mu_);
  flights_ += stopped_ ? 0 : 1;
  return !stopped_;
}

void Fetcher::SplitQueued(const Range& wanted) {
  const Range urgent = AlignOutward(wanted, kFillBlock);
  for (const auto& [flight, priority] : scheduler_.Withdraw(this, wanted, Priority::kDemand)) {
    const Range part = flight->range();
    const Range first = Intersect(urgent, part);
    LaunchOne(first, Priority::kDemand);
    LaunchOne({first.end, part.end}, priority);
    LaunchOne({part.begin, first.begin}, priority);
    OnFlightEnd(part.size());  // its claim lives on in these
  }
}

Status Fetcher::Bind(const Version& actual) {
  Version pinned;
  bool changed = false;
  {
    MutexLock lock(mu_);
    changed = !SameVersion(version_, actual);
    if (!changed) version_ = Merge(version_, actual);
    pinned = version_;
  }
  if (changed) {
    return Status(Code::kStale, "changed from " + pinned.ToString() + " to " + actual.ToString());
  }
  if (!pinned.HasStrongEtag()) {
    LogOnce("weak validator", LogLevel::kWarning,
            options_.display_url +
                " comes without a strong ETag: a change of the object shows only "
                "in its time and length");
  }
  if (!actual.length) return OkStatus();
  if (const std::optional<uint64_t> length = resource_.length(); !length) {
    return resource_.SetLength(*actual.length);
  } else if (*length != *actual.length) {
    return Status(Code::kStale, "changed from " + std::to_string(*length) + " to " +
                                    std::to_string(*actual.length) + " bytes");
  }
  return OkStatus();
}

void Fetcher::OnFlightEnd(uint64_t ahead) {
  traffic_.ahead.fetch_sub(ahead, std::memory_order_relaxed);
  // Notified under the lock: once it is let go this object may be gone.
  MutexLock lock(mu_);
  --flights_;
  ++ended_.flights;
  flight_ended_.NotifyAll();
}

}  // namespace brimfs
