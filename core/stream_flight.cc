#include "core/stream_flight.h"

#include <algorithm>
#include <utility>

#include "core/log.h"

namespace brimfs {

StreamFlight::StreamFlight(Fetcher& fetcher, uint64_t length)
    : fetcher_(fetcher),
      length_(length),
      keeps_(length <= fetcher.options_.keep_limit),
      gathered_(memory_, fetcher.options_.coalesce_bytes,
                [this](std::span<const std::byte> data) { return Store(data); }) {}

bool StreamFlight::Add(const Range& claim, bool ahead) {
  MutexLock lock(mu_);
  if (ended_) return false;
  claims_.Add(claim);
  if (ahead) {
    ahead_ += claim.size();
    fetcher_.traffic_.ahead.fetch_add(claim.size(), std::memory_order_relaxed);
  }
  if (claim.begin < position_) behind_ = true;
  if (!behind_) goal_ = std::max(goal_, claim.end);
  changed_.NotifyAll();
  return true;
}

void StreamFlight::Adopt(const Range& body, std::stop_source end) {
  next_ = body.begin;
  body_end_ = body.end;
  fetcher_.stats_.whole_answers.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(mu_);
  position_ = body.begin;
  if (unwanted_) end.request_stop();
  end_ = std::move(end);
}

std::optional<TimePoint> StreamFlight::Run(Connection& connection, std::stop_token stop) {
  const LogScope scope(fetcher_.options_.display_url);
  if (fetcher_.clock_.Now() < not_before_) return not_before_;
  ReleaseCovered();
  std::stop_source end;
  const auto stop_it = [&end] { end.request_stop(); };
  const std::stop_callback on_shutdown(stop, stop_it);
  const std::stop_callback on_stop(fetcher_.stop_.get_token(), stop_it);
  std::vector<Range> claims;
  {
    MutexLock lock(mu_);
    end_ = end;
    if (unwanted_) end.request_stop();
    claims = claims_.Ranges();
    if (!claims.empty()) goal_ = claims.back().end;
  }
  if (claims.empty() || end.stop_requested()) return EndPass(OkStatus());
  return EndPass(TryWithinBudget(connection, claims.front()));
}

Status StreamFlight::TryWithinBudget(Connection& connection, const Range& first) {
  if (failure_ && !fetcher_.host_.retries.TryTake(fetcher_.clock_.Now())) {
    ++attempt_;  // wait longer than for this one
    return *failure_;
  }
  fetcher_.stats_.fetches.fetch_add(1, std::memory_order_relaxed);
  if (++attempt_ > 1) fetcher_.stats_.fetch_retries.fetch_add(1, std::memory_order_relaxed);
  asked_ = first;
  asked_at_ = fetcher_.clock_.Now();
  CallLimits limits;  // no deadline: as long as bytes come it goes on
  limits.first_byte = fetcher_.options_.first_byte;
  limits.stall = fetcher_.options_.first_byte;
  {
    MutexLock lock(mu_);
    limits.stop = end_.get_token();
  }
  Status status =
      connection.Fetch({fetcher_.options_.path, first, fetcher_.version()}, *this, limits);
  fetcher_.scheduler_.OnAnswer(host(), status);
  if (status.overloaded()) fetcher_.traffic_.hedging.OnOverload(fetcher_.clock_.Now());
  return status;
}

Status StreamFlight::OnAnswer(const Version& actual, const Range& body) {
  fetcher_.stats_.first_byte.Observe(fetcher_.clock_.Now() - asked_at_);
  sink_error_ = fetcher_.Bind(actual);
  if (!sink_error_.ok()) return sink_error_;
  next_ = body.begin;
  body_end_ = body.end;
  std::vector<Range> others;
  const bool in_ranges = body == asked_ && body != range();
  {
    MutexLock lock(mu_);
    position_ = body.begin;
    if (in_ranges) {
      goal_ = body.end;
      for (const Range& side : {Range{0, body.begin}, Range{body.end, length_}}) {
        for (const Range& claim : claims_.Overlap(side)) others.push_back(claim);
      }
    }
  }
  if (!in_ranges) fetcher_.stats_.whole_answers.fetch_add(1, std::memory_order_relaxed);
  if (in_ranges) fetcher_.OnRanges();
  Release(others);  // whoever waits for them claims them anew, in parts
  return OkStatus();
}

Status StreamFlight::OnBytes(uint64_t offset, std::span<const std::byte> data) {
  sink_error_ = Take(offset, data);
  return sink_error_;
}

Status StreamFlight::Take(uint64_t offset, std::span<const std::byte> data) {
  if (offset != next_ || data.size() > body_end_ - next_) {
    return Status(Code::kProtocol, "bytes that were not promised");
  }
  fetcher_.stats_.bytes_fetched.fetch_add(data.size(), std::memory_order_relaxed);
  const Range fresh{next_ - gathered_.size(), next_ + data.size()};
  uint64_t goal = 0;
  {
    MutexLock lock(mu_);
    goal = goal_;
  }
  const bool reaches_goal = next_ < goal && goal <= fresh.end;
  const bool due = reaches_goal || fresh.end == body_end_ || fetcher_.resource_.WouldWake(fresh);
  next_ = fresh.end;
  BRIMFS_RETURN_IF_ERROR(gathered_.Add(offset, data, due));
  std::stop_token stop;
  {
    MutexLock lock(mu_);
    stop = end_.get_token();
  }
  const bool demanded = fetcher_.resource_.Awaited({0, length_});
  BRIMFS_RETURN_IF_ERROR(fetcher_.traffic_.rate.Take(data.size(), demanded, stop));
  return GoOn();
}

Status StreamFlight::Store(std::span<const std::byte> data) {
  Range range;
  std::vector<Range> asked;
  {
    MutexLock lock(mu_);
    range = {position_, position_ + data.size()};
    asked = claims_.Overlap(range);
    position_ = range.end;
  }
  const std::vector<Range> pieces = keeps_ ? std::vector<Range>{range} : asked;
  for (const Range& piece : pieces) {
    Status status = fetcher_.resource_.Write(piece.begin,
                                             data.subspan(piece.begin - range.begin, piece.size()));
    if (status.ok()) continue;
    if (!asked.empty()) return status;
    keeps_ = false;  // who asks for such bytes will be told
  }
  if (!asked.empty() || range.end > furthest_) {
    progressed_ = true;
    fetcher_.host_.retries.Earn(range.size());
  }
  furthest_ = std::max(furthest_, range.end);
  Release(asked);
  return OkStatus();
}

uint64_t StreamFlight::Reach() const {
  if (body_end_ - std::min(body_end_, goal_) <= fetcher_.DrainBytes()) return body_end_;
  if (!keeps_ || fetcher_.traffic_.options.readahead == 0) return goal_;
  return goal_ + std::max(kLeastAhead, goal_);
}

Status StreamFlight::GoOn() {
  {
    MutexLock lock(mu_);
    if (end_.stop_requested()) return Status(Code::kInterrupted, "stopped");
    if (next_ == body_end_ || next_ < goal_) return OkStatus();
    if (!behind_ && next_ < Reach()) return OkStatus();
    if (behind_) broken_off_ = true;
  }
  // What is gathered may be what a reader is about to ask for.
  BRIMFS_RETURN_IF_ERROR(gathered_.Flush());
  return broken_off_ ? BreakOff() : Linger();
}

Status StreamFlight::Linger() {
  std::stop_token stop;
  {
    MutexLock lock(mu_);
    yields_ = false;
    stop = end_.get_token();
  }
  if (fetcher_.scheduler_.load().queued > 0) return BreakOff();
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  const TimePoint until = After(fetcher_.clock_.Now(), kLinger);
  MutexLock lock(mu_);
  while (!stop.stop_requested() && !behind_ && !yields_ && next_ >= goal_ &&
         fetcher_.clock_.Now() < until) {
    fetcher_.clock_.WaitUntil(changed_, mu_, until);
  }
  if (stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
  return next_ < goal_ && !behind_ ? OkStatus() : BreakOff();
}

Status StreamFlight::BreakOff() {
  broken_off_ = true;
  return Status(Code::kInterrupted, "the rest is not wanted now");
}

std::optional<TimePoint> StreamFlight::EndPass(Status status) {
  if (!sink_error_.ok()) {
    status = std::exchange(sink_error_, OkStatus());
  } else if (status.code() != Code::kProtocol) {
    // What a broken-off body brought is as good as the rest; an answer that contradicts itself is
    // not.
    if (const Status flushed = gathered_.Flush(); !flushed.ok()) status = flushed;
  }
  memory_.clear();
  if (std::exchange(broken_off_, false)) status = OkStatus();

  ReleaseCovered();
  bool stopped = false;
  bool ended = false;
  {
    MutexLock lock(mu_);
    stopped = end_.stop_requested();
    position_ = 0;
    behind_ = false;
    ended = ended_ = claims_.Empty();
  }
  if (ended) {
    End();
    return std::nullopt;
  }
  if (stopped || !fetcher_.streams()) {
    Abandon(Status(Code::kInterrupted, "stopped"));
    return std::nullopt;
  }
  if (!status.ok()) return AfterFailure(status);
  attempt_ = 0;
  furthest_ = 0;
  progressed_ = false;
  deadline_.reset();
  failure_.reset();
  return fetcher_.clock_.Now();
}

std::optional<TimePoint> StreamFlight::AfterFailure(const Status& error) {
  const TimePoint now = fetcher_.clock_.Now();
  if (std::exchange(progressed_, false) || !deadline_) {
    attempt_ = 1;
    deadline_ = After(now, fetcher_.options_.timeout);
  }
  failure_.emplace(error.code(), error.message());  // the time to come back is over then
  const std::optional<Duration> wait =
      fetcher_.options_.retry.NextWait(attempt_, error, now, *deadline_, RandomFraction());
  if (wait) return not_before_ = now + *wait;
  fetcher_.Fail(EndAndTakeClaims(), error);
  End();
  return std::nullopt;
}

void StreamFlight::Abandon(const Status& why) {
  for (const Range& claim : EndAndTakeClaims()) {
    if (why.code() == Code::kShutdown) {
      fetcher_.resource_.FailFlight(claim, why);
    } else {
      fetcher_.resource_.Release(claim);  // whoever waits all the same claims it anew
    }
  }
  End();
}

void StreamFlight::Unwanted() {
  if (fetcher_.resource_.Awaited(range())) return;
  std::stop_source end;
  {
    MutexLock lock(mu_);
    if (ended_ || (position_ > 0 && length_ - position_ <= fetcher_.DrainBytes())) return;
    unwanted_ = true;
    end = end_;
  }
  end.request_stop();
}

void StreamFlight::Yield() {
  MutexLock lock(mu_);
  yields_ = true;
  changed_.NotifyAll();
}

void StreamFlight::Release(const std::vector<Range>& pieces) {
  uint64_t bytes = 0;
  {
    MutexLock lock(mu_);
    for (const Range& piece : pieces) {
      claims_.Remove(piece);
      bytes += piece.size();
    }
    bytes = std::min(bytes, ahead_);
    ahead_ -= bytes;
  }
  fetcher_.traffic_.ahead.fetch_sub(bytes, std::memory_order_relaxed);
  for (const Range& piece : pieces) fetcher_.resource_.Release(piece);
}

// Claims that came while their bytes were on their way into the resource.
void StreamFlight::ReleaseCovered() {
  std::vector<Range> claims;
  {
    MutexLock lock(mu_);
    claims = claims_.Ranges();
  }
  std::vector<Range> covered;
  for (const Range& claim : claims) {
    for (uint64_t at = claim.begin; at < claim.end;) {
      const Range gap =
          fetcher_.resource_.NextGap(at, claim.end).value_or(Range{claim.end, claim.end});
      if (gap.begin > at) covered.push_back({at, gap.begin});
      at = gap.end;
    }
  }
  Release(covered);
}

std::vector<Range> StreamFlight::EndAndTakeClaims() {
  MutexLock lock(mu_);
  ended_ = true;
  std::vector<Range> claims = claims_.Ranges();
  claims_.Clear();
  return claims;
}

void StreamFlight::End() {
  uint64_t ahead = 0;
  {
    MutexLock lock(mu_);
    ahead = std::exchange(ahead_, 0);
  }
  fetcher_.OnFlightEnd(ahead);
}

}  // namespace brimfs
