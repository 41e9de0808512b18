// Resource's way back: bytes that leave.
#include "core/resource.h"
#include "core/resource_waiter.h"

namespace brimfs {

bool Resource::Evict(Range range) {
  RangeSet leaving;
  Afterwards after;
  {
    MutexLock lock(mu_);
    if (frozen_) return false;
    leaving = Evictable(range);
    if (leaving.Empty()) return false;
    Uncover(leaving, after);
  }
  Vacate(leaving, after);
  return true;
}

bool Resource::MarkAbsent(Range range) {
  RangeSet leaving;
  Afterwards after;
  {
    MutexLock lock(mu_);
    range = CutAtLength(AlignOutward(range, kFillBlock));
    while (busy_.Overlaps(range)) idle_.Wait(mu_);
    if (frozen_ || !coverage_.Overlaps(range)) return false;
    // Of blocks without a covered byte nobody knows what they hold: somebody may be about to adopt
    // them.
    for (const Range& run : coverage_.Overlap(range)) {
      leaving.Add(CutAtLength(AlignOutward(run, kFillBlock)));
    }
    Uncover(leaving, after);
    for (Waiter* waiter : WaitersFor(range)) Reconsider(*waiter, after);
  }
  Vacate(leaving, after);
  return true;
}

RangeSet Resource::Evictable(const Range& range) const {
  RangeSet blocks;
  const bool to_the_end = length_ && range.end >= *length_;
  const uint64_t end = to_the_end ? AlignOutward({0, *length_}, kFillBlock).end : range.end;
  const Range inner = AlignInward({range.begin, end}, kFillBlock);
  for (const Range& run : coverage_.Overlap(inner)) {
    blocks.Add(CutAtLength(AlignOutward(run, kFillBlock)));
  }
  const auto leave_alone = [&](const Range& used) {
    blocks.Remove(AlignOutward(used, kFillBlock));
  };
  for (const Range& claimed : in_flight_.Overlap(inner)) leave_alone(claimed);
  for (const Range& busy : busy_.Overlap(inner)) leave_alone(busy);
  for (const Waiter* waiter : WaitersFor(inner)) leave_alone(waiter->range);
  return blocks;
}

void Resource::Uncover(const RangeSet& leaving, Afterwards& after) {
  for (const Range& range : leaving.Ranges()) {
    for (const Range& covered : coverage_.Overlap(range)) after.evicted.push_back(covered);
    coverage_.Remove(range);
    if (length_) hint_.Clear(range);
    busy_.Add(range);
  }
  if (state_ == State::kCommitted) state_ = State::kActive;
}

void Resource::Vacate(const RangeSet& leaving, Afterwards& after) {
  leases_.Drain();
  for (const Range& range : leaving.Ranges()) {
    // Where punching fails the space stays in use and is written again: the bytes are absent
    // anyway.
    (void)driver_->Punch(range).ok();
  }
  {
    MutexLock lock(mu_);
    for (const Range& range : leaving.Ranges()) {
      busy_.Remove(range);
      ClaimAnew(range, after);
    }
    idle_.NotifyAll();
  }
  Finish(after);
}

bool Resource::FreezeForKernel() {
  MutexLock lock(mu_);
  if (state_ != State::kCommitted) return false;
  frozen_ = true;
  return true;
}

}  // namespace brimfs
