// Resource's readers: deciding, sleeping, parking, waking.
#include <algorithm>
#include <utility>

#include "core/resource.h"
#include "core/resource_waiter.h"

namespace brimfs {

std::optional<Lease> Resource::TryLease(const Range& range) {
  const std::optional<uint64_t> length = hint_.length();
  if (!length || range.end > kMaxOffset) return std::nullopt;
  const Range cut{range.begin, std::min(range.end, *length)};
  const LeaseCounter::Ticket ticket = leases_.Enter();
  if (!hint_.Covers(cut)) {
    leases_.Leave(ticket);
    return std::nullopt;
  }
  return Lease(this, cut, ticket);
}

Result<Lease> Resource::WaitRange(Range range, TimePoint deadline, std::stop_token stop) {
  if (std::optional<Lease> lease = TryLease(range)) return std::move(*lease);
  Sleeper sleeper;
  Afterwards after;
  {
    MutexLock lock(mu_);
    if (std::optional<Result<Lease>> decided = Decide(range, stop)) return std::move(*decided);
    sleeper.range = range;
    Register(sleeper, after);
  }
  Finish(after);

  const auto end = [this, &sleeper](Code why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Afterwards nothing;
    End(sleeper, Status(why), nothing);
  };
  const std::stop_callback on_stop(std::move(stop), [this, &end] {
    MutexLock lock(mu_);
    end(Code::kInterrupted);
  });
  MutexLock lock(mu_);
  sleeper.waits = true;
  while (!sleeper.outcome) {
    clock_.WaitUntil(sleeper.wake, mu_, deadline);
    if (deadline != kNever && clock_.Now() >= deadline) end(Code::kTimedOut);
  }
  return std::move(*sleeper.outcome);
}

void Resource::WaitRangeAsync(Range range, TimePoint deadline, std::stop_token stop,
                              WaitCallback done) {
  if (std::optional<Lease> lease = TryLease(range)) return done(std::move(*lease));
  const auto parked = std::make_shared<Parked>(std::move(done));
  std::optional<Result<Lease>> decided;
  Afterwards after;
  {
    MutexLock lock(mu_);
    decided = Decide(range, stop);
    if (!decided) {
      parked->range = range;
      parked->self = parked;
      Register(*parked, after);
    }
  }
  if (decided) return parked->done(std::move(*decided));
  Finish(after);
  Arm(parked, deadline, std::move(stop));
}

std::optional<Result<Lease>> Resource::Decide(Range& range, const std::stop_token& stop) {
  if (range.begin > range.end || range.end > kMaxOffset) {
    return Status(Code::kInvalidArgument, "no such range");
  }
  if (length_ && range.begin >= *length_) return Status(Code::kEof);
  range = CutAtLength(range);
  // Entering comes before looking: an eviction takes the coverage first and then drains.
  Lease lease(this, range, leases_.Enter());
  if (coverage_.Covers(range)) return lease;
  if (stop.stop_requested()) return Status(Code::kInterrupted);
  if (state_ == State::kCancelled) return Status(Code::kShutdown);
  if (state_ == State::kFailed) return failure_;
  if (std::optional<Status> failed = RememberedFailure(range)) return *failed;
  return std::nullopt;
}

void Resource::Register(Waiter& waiter, Afterwards& after) {
  const std::vector<Range> gaps = coverage_.Gaps(waiter.range);
  waiter.place = waiters_.emplace(gaps.front().begin, &waiter);
  if (control_ == nullptr) return;
  Afterwards::Demanded demanded{waiter.range, {}};
  for (const Range& gap : gaps) {
    for (const Range& claimed : ClaimLocked(gap)) demanded.claimed.push_back(claimed);
  }
  after.demands.push_back(std::move(demanded));
}

void Resource::End(Waiter& waiter, Result<Lease> outcome, Afterwards& after) {
  if (waiter.ClaimEnd()) Conclude(waiter, std::move(outcome), after);
}

void Resource::Conclude(Waiter& waiter, Result<Lease> outcome, Afterwards& after) {
  waiters_.erase(waiter.place);
  waiter.outcome = std::move(outcome);
  waiter.OnEnded(after);
}

// Under the lock: the sleeper's condition variable may be gone right after it.
void Resource::Sleeper::OnEnded(Afterwards& /*after*/) { wake.NotifyOne(); }

void Resource::Parked::OnEnded(Afterwards& after) {
  if (waits) after.ended.push_back(self);
  self.reset();
}

void Resource::Parked::Call(Timer& timer) {
  if (deadline) timer.Cancel(*deadline);
  on_stop.reset();
  done(std::move(*outcome));
}

void Resource::Arm(const std::shared_ptr<Parked>& parked, TimePoint deadline,
                   std::stop_token stop) {
  const std::weak_ptr<Parked> weak = parked;
  if (deadline != kNever) {
    parked->deadline =
        timer_.At(deadline, [this, weak] { EndParked(this, weak, Code::kTimedOut); });
  }
  // On the timer's thread: the one that requests the stop may hold a lock that `done` needs.
  parked->on_stop.emplace(std::move(stop), [this, weak] {
    timer_.At(clock_.Now(), [this, weak] { EndParked(this, weak, Code::kInterrupted); });
  });
  {
    MutexLock lock(mu_);
    parked->waits = true;
    if (!parked->outcome) return;
  }
  parked->Call(timer_);
}

void Resource::EndParked(Resource* resource, const std::weak_ptr<Parked>& weak, Code why) {
  const std::shared_ptr<Parked> parked = weak.lock();
  if (parked == nullptr || !parked->ClaimEnd()) return;
  Timer& timer = resource->timer_;
  {
    Afterwards in_our_hands;
    MutexLock lock(resource->mu_);
    resource->Conclude(*parked, Status(why), in_our_hands);
    if (!parked->waits) return;
  }
  parked->Call(timer);
}

void Resource::Reconsider(Waiter& waiter, Afterwards& after) {
  if (length_ && waiter.range.begin >= *length_) return End(waiter, Status(Code::kEof), after);
  waiter.range = CutAtLength(waiter.range);
  Lease lease(this, waiter.range, leases_.Enter());
  const std::optional<Range> gap = coverage_.NextGap(waiter.range.begin, waiter.range.end);
  if (!gap) return End(waiter, std::move(lease), after);
  auto node = waiters_.extract(waiter.place);
  node.key() = gap->begin;
  waiter.place = waiters_.insert(std::move(node));
}

void Resource::EndThoseMissing(const Range& range, const Status& why, Afterwards& after) {
  for (Waiter* waiter : WaitersFor(range)) {
    if (!coverage_.Covers(Intersect(waiter->range, range))) End(*waiter, why, after);
  }
}

void Resource::ClaimAnew(const Range& range, Afterwards& after) {
  if (control_ == nullptr) return;
  for (Waiter* waiter : WaitersFor(range)) {
    Afterwards::Demanded demanded{waiter->range, {}};
    for (const Range& gap : coverage_.Gaps(Intersect(waiter->range, range))) {
      for (const Range& claimed : ClaimLocked(gap)) demanded.claimed.push_back(claimed);
    }
    if (!demanded.claimed.empty()) after.demands.push_back(std::move(demanded));
  }
}

std::vector<Resource::Waiter*> Resource::WaitersFor(const Range& range) const {
  std::vector<Waiter*> found;
  for (const auto& [need, waiter] : waiters_) {
    if (waiter->range.Overlaps(range)) found.push_back(waiter);
  }
  return found;
}

bool Resource::WouldWake(const Range& buffered) const {
  MutexLock lock(mu_);
  auto it = waiters_.lower_bound(buffered.begin);
  for (; it != waiters_.end() && it->first < buffered.end; ++it) {
    if (!coverage_.NextGap(buffered.end, it->second->range.end)) return true;
  }
  return false;
}

bool Resource::Awaited(const Range& range) const {
  MutexLock lock(mu_);
  const auto next = waiters_.lower_bound(range.begin);
  return next != waiters_.end() && next->first < range.end;
}

size_t Resource::WaiterCount() const {
  MutexLock lock(mu_);
  return std::count_if(waiters_.begin(), waiters_.end(),
                       [](const auto& entry) { return entry.second->waits; });
}

}  // namespace brimfs
