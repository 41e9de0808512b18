#include "core/part_flight.h"

#include <algorithm>
#include <mutex>
#include <string>

#include "core/log.h"

namespace brimfs {

std::optional<TimePoint> PartFlight::Run(Connection& connection, std::stop_token stop) {
  const LogScope scope(fetcher_.options_.display_url);
  if (!deadline_) deadline_ = After(fetcher_.clock_.Now(), fetcher_.options_.timeout);
  const auto stop_it = [this] { end().request_stop(); };
  const std::stop_callback on_shutdown(stop, stop_it);
  const std::stop_callback on_stop(fetcher_.stop_.get_token(), stop_it);

  if (fetcher_.streams()) {
    if (race_->End(side_)) {
      const bool wanted = fetcher_.resource_.Awaited(range_);
      fetcher_.LaunchOne(range_, wanted ? Priority::kDemand : priority_);
    }
    End();
    return std::nullopt;
  }
  const Status error =
      end().stop_requested() ? Status(Code::kInterrupted) : TryWithinBudget(connection);
  if (handed_over_) {
    EndCarrying(error);
    return std::nullopt;
  }
  if (error.ok()) {
    if (race_->End(side_)) fetcher_.resource_.Release(range_);
    End();
    return std::nullopt;
  }
  if (end().stop_requested()) {
    Abandon(Status(unwanted_ ? Code::kInterrupted : Code::kShutdown, "stopped"));
    return std::nullopt;
  }
  const bool useless_hedge = side_ == HedgeRace::Side::kHedge && !race_->End(side_);
  if (useless_hedge) {
    End();
    return std::nullopt;
  }
  const TimePoint now = fetcher_.clock_.Now();
  const std::optional<Duration> wait =
      fetcher_.options_.retry.NextWait(attempt_, error, now, *deadline_, RandomFraction());
  if (wait) return now + *wait;
  Fail(error);
  return std::nullopt;
}

Status PartFlight::TryWithinBudget(Connection& connection) {
  RetryBudget& budget = fetcher_.host_.retries;
  if (failure_ && !budget.TryTake(fetcher_.clock_.Now())) {
    ++attempt_;  // wait longer than for this one
    return *failure_;
  }
  const uint64_t before = position_;
  Status status = Try(connection, end().get_token());
  const uint64_t came = position_ - before;
  budget.Earn(status.ok() ? std::max(came, kFillBlock) : came);
  fetcher_.scheduler_.OnAnswer(host(), status);
  if (status.overloaded()) fetcher_.traffic_.hedging.OnOverload(fetcher_.clock_.Now());
  if (came > 0) attempt_ = 1;
  failure_.emplace(status.code(), status.message());  // the server's time to come back is over then
  return status;
}

void PartFlight::EndCarrying(const Status& status) {
  if (stream_ != nullptr && stream_->EndPass(status)) {
    fetcher_.SubmitAgain(std::move(stream_), priority_);
  }
  End();
}

void PartFlight::Abandon(const Status& why) {
  if (!race_->End(side_)) {
    // The other has the claim.
  } else if (why.code() == Code::kShutdown) {
    fetcher_.resource_.Release({range_.begin, position_});
    fetcher_.resource_.FailFlight(remaining(), why);
  } else {
    fetcher_.resource_.Release(range_);  // whoever waits all the same claims it anew
  }
  End();
}

void PartFlight::Unwanted() {
  std::shared_ptr<StreamFlight> carried;
  {
    MutexLock lock(mu_);
    carried = carried_;
  }
  if (carried != nullptr) {
    carried->Unwanted();
    return;
  }
  if (left_ <= fetcher_.DrainBytes()) return;
  unwanted_ = true;
  end().request_stop();
}

void PartFlight::Yield() {
  // Not through the fetcher, which may be gone; a stream yields by itself.
  std::shared_ptr<StreamFlight> carried;
  {
    MutexLock lock(mu_);
    carried = carried_;
  }
  if (carried != nullptr) carried->Yield();
}

void PartFlight::LaunchHedge() {
  const bool wanted =
      side_ == HedgeRace::Side::kFirst && fetcher_.resource_.Awaited(remaining()) && race_->alone();
  if (!wanted || !fetcher_.traffic_.hedging.TryTake(fetcher_.clock_.Now())) return;
  if (!race_->Open() || !fetcher_.CountFlight()) return;
  fetcher_.stats_.hedges.fetch_add(1, std::memory_order_relaxed);
  fetcher_.scheduler_.Submit(
      std::make_shared<PartFlight>(fetcher_, range_, position_, *deadline_, race_),
      Priority::kDemand);
}

Status PartFlight::Try(Connection& connection, const std::stop_token& stop) {
  const TimePoint started = fetcher_.clock_.Now();
  if (started >= *deadline_) return Status(Code::kTimedOut, "no connection became free in time");
  Stats& stats = fetcher_.stats_;
  stats.fetches.fetch_add(1, std::memory_order_relaxed);
  if (++attempt_ > 1) stats.fetch_retries.fetch_add(1, std::memory_order_relaxed);
  if (side_ == HedgeRace::Side::kHedge && LogEnabled(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, fetcher_.options_.display_url + ": asked once more for " +
                              std::to_string(remaining().size()) + " bytes, beside a silence");
  }

  // A worker thread runs one flight at a time, and its memory is touched already.
  thread_local std::vector<std::byte> memory;
  WriteGatherer gathered(memory, fetcher_.options_.coalesce_bytes,
                         [this](std::span<const std::byte> data) { return Store(data); });
  gathered_ = &gathered;
  left_ = remaining().size();
  answered_.reset();
  sink_error_ = OkStatus();

  Hedging& hedging = fetcher_.traffic_.hedging;
  SilenceWatch watch(fetcher_.timer_, fetcher_.clock_, hedging.Patience(),
                     [this] { LaunchHedge(); });
  watch_ = &watch;
  const uint64_t before = position_;
  CallLimits limits;
  limits.deadline = *deadline_;
  limits.first_byte = fetcher_.options_.first_byte;
  limits.stall = fetcher_.options_.first_byte;
  limits.stop = stop;
  Status status =
      connection.Fetch({fetcher_.options_.path, remaining(), fetcher_.version()}, *this, limits);
  if (answered_) stats.first_byte.Observe(*answered_ - started);
  if (!sink_error_.ok()) return sink_error_;
  if (handed_over_ || race_->Lost(side_)) return status;
  // What a broken-off body brought is as good as the rest; an answer that contradicts itself is
  // not.
  if (status.code() != Code::kProtocol) BRIMFS_RETURN_IF_ERROR(gathered.Flush());
  if (!status.ok()) return status;
  if (!remaining().empty()) return Status(Code::kProtocol, "the answer ended early");

  const TimePoint now = fetcher_.clock_.Now();
  const TimePoint answered = answered_.value_or(now);
  stats.request.Observe(now - started);
  hedging.OnRequest(watch.longest());
  fetcher_.traffic_.link.OnFlight(answered - started, position_ - before, now - answered, now);
  return OkStatus();
}

Status PartFlight::OnAnswer(const Version& actual, const Range& body) {
  watch_->Hear();
  answered_ = fetcher_.clock_.Now();
  sink_error_ = fetcher_.Bind(actual);
  if (sink_error_.ok() && body != remaining()) {
    sink_error_ = HandOver(body);
  } else if (sink_error_.ok() && body.size() < fetcher_.resource_.length()) {
    fetcher_.OnRanges();
  }
  watch_->Listen();
  return sink_error_;
}

Status PartFlight::HandOver(const Range& body) {
  if (!race_->Advance(side_) || !race_->End(side_)) {
    return Status(Code::kInterrupted, "another request was sooner");
  }
  handed_over_ = true;
  stream_ = fetcher_.BecomeStream(range_, ahead(), body.end);
  if (stream_ == nullptr) return Status(Code::kInterrupted, "the object is on its way already");
  {
    MutexLock lock(mu_);
    carried_ = stream_;
  }
  stream_->Adopt(body, end());
  return OkStatus();
}

Status PartFlight::OnBytes(uint64_t offset, std::span<const std::byte> data) {
  watch_->Hear();
  if (stream_ != nullptr) {
    Status taken = stream_->OnBytes(offset, data);
    watch_->Listen();
    return taken;
  }
  const uint64_t next = position_ + gathered_->size();
  if (!race_->Advance(side_)) {
    sink_error_ = Status(Code::kInterrupted, "another request was sooner");
  } else if (offset != next || data.size() > range_.end - next) {
    sink_error_ = Status(Code::kProtocol, "bytes that were not asked for");
  } else {
    sink_error_ = Accept(data);
  }
  if (sink_error_.ok()) sink_error_ = Throttle(data.size());
  watch_->Listen();
  return sink_error_;
}

Status PartFlight::Throttle(uint64_t bytes) {
  const bool demanded = !ahead() || fetcher_.resource_.Awaited(remaining());
  return fetcher_.traffic_.rate.Take(bytes, demanded, end().get_token());
}

Status PartFlight::Accept(std::span<const std::byte> data) {
  const Range fresh{position_, position_ + gathered_->size() + data.size()};
  left_ = range_.end - fresh.end;
  return gathered_->Add(fresh.end - data.size(), data,
                        left_ == 0 || fetcher_.resource_.WouldWake(fresh));
}

Status PartFlight::Store(std::span<const std::byte> data) {
  {
    const auto turn = ahead() ? std::unique_lock(fetcher_.background_write_)
                              : std::unique_lock<BackgroundWrite>();
    BRIMFS_RETURN_IF_ERROR(fetcher_.resource_.Write(position_, data));
  }
  position_ += data.size();
  fetcher_.stats_.bytes_fetched.fetch_add(data.size(), std::memory_order_relaxed);
  return OkStatus();
}

void PartFlight::End() { fetcher_.OnFlightEnd(ahead() ? range_.size() : 0); }

void PartFlight::Fail(const Status& error) {
  if (!race_->End(side_)) {
    End();
    return;
  }
  fetcher_.resource_.Release({range_.begin, position_});
  fetcher_.Fail({remaining()}, error);
  End();
}

}  // namespace brimfs
