#include "core/resource.h"

#include <cassert>
#include <utility>

#include "core/resource_waiter.h"

namespace brimfs {

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  resource_ = std::exchange(other.resource_, nullptr);
  range_ = other.range_;
  ticket_ = other.ticket_;
  return *this;
}

void Lease::Release() {
  if (resource_ != nullptr) std::exchange(resource_, nullptr)->leases_.Leave(ticket_);
}

Result<View> Lease::Map() const { return resource_->driver_->Map(range_); }

Status Lease::Read(std::span<std::byte> out) const { return resource_->driver_->Read(range_, out); }

Resource::Resource(std::unique_ptr<Driver> driver, Options options, Clock& clock, Timer& timer)
    : driver_(std::move(driver)),
      remember_failure_(options.remember_failure),
      clock_(clock),
      timer_(timer),
      length_(options.length) {
  if (!length_) return;
  hint_.SetLength(*length_);
  if (*length_ == 0) state_ = State::kCommitted;
}

Resource::~Resource() { assert(waiters_.empty()); }

std::vector<Range> Resource::Claim(Range range) {
  MutexLock lock(mu_);
  if (state_ == State::kFailed || state_ == State::kCancelled) return {};
  return ClaimLocked(range);
}

std::vector<Range> Resource::ClaimLocked(const Range& range) {
  std::vector<Range> claimed;
  for (const Range& missing : coverage_.Gaps(CutAtLength(AlignOutward(range, kFillBlock)))) {
    for (const Range& unclaimed : in_flight_.Gaps(missing)) {
      for (const Range& idle : busy_.Gaps(unclaimed)) claimed.push_back(idle);
    }
  }
  for (const Range& part : claimed) in_flight_.Add(part);
  return claimed;
}

Range Resource::CutAtLength(const Range& range) const {
  return length_ ? Range{range.begin, std::min(range.end, *length_)} : range;
}

Status Resource::CheckWrite(const Range& range) const {
  if (state_ == State::kCancelled) return Status(Code::kShutdown);
  if (frozen_) return Status(Code::kInvalidArgument, "the file is the kernel's");
  const std::optional<uint64_t> length = length_ ? length_ : length_being_set_;
  if (length && range.end > *length) return Status(Code::kInvalidArgument, "write past the end");
  return OkStatus();
}

Status Resource::Write(uint64_t offset, std::span<const std::byte> data) {
  if (data.empty()) return OkStatus();
  if (offset > kMaxOffset || data.size() > kMaxOffset - offset) {
    return Status(Code::kInvalidArgument, "write beyond 2^63-1");
  }
  const Range range{offset, offset + data.size()};
  std::vector<Range> missing;
  {
    MutexLock lock(mu_);
    while (busy_.Overlaps(range)) idle_.Wait(mu_);
    BRIMFS_RETURN_IF_ERROR(CheckWrite(range));
    missing = coverage_.Gaps(range);
    for (const Range& gap : missing) busy_.Add(gap);
  }

  const auto bytes_of = [&](const Range& gap) {
    return data.subspan(gap.begin - offset, gap.size());
  };
  Status status;
  for (const Range& gap : missing) {
    if (status.ok()) status = driver_->Write(gap.begin, bytes_of(gap));
  }

  Afterwards after;
  {
    MutexLock lock(mu_);
    for (const Range& gap : missing) {
      busy_.Remove(gap);
      if (!status.ok()) continue;
      Cover(gap, after);
      after.written.push_back({gap, bytes_of(gap)});
    }
    idle_.NotifyAll();
    if (!status.ok()) ClaimAnew(range, after);
    CommitIfFull(after);
  }
  Finish(after);
  return status;
}

Status Resource::Adopt(const Range& range, const Verify& verify) {
  if (range.empty()) return OkStatus();
  if (range.end > kMaxOffset) return Status(Code::kInvalidArgument, "past 2^63-1");
  std::vector<Range> missing;
  {
    MutexLock lock(mu_);
    while (busy_.Overlaps(range)) idle_.Wait(mu_);
    if (coverage_.Covers(range) && state_ != State::kCancelled) return OkStatus();
    BRIMFS_RETURN_IF_ERROR(CheckWrite(range));
    missing = coverage_.Gaps(range);
    for (const Range& gap : missing) busy_.Add(gap);
  }
  const RangeSet right = verify();
  Afterwards after;
  {
    MutexLock lock(mu_);
    for (const Range& gap : missing) {
      busy_.Remove(gap);
      for (const Range& part : right.Overlap(gap)) {
        Cover(part, after);
        after.adopted.push_back(part);
      }
    }
    idle_.NotifyAll();
    CommitIfFull(after);
  }
  Finish(after);
  return OkStatus();
}

void Resource::Cover(const Range& range, Afterwards& after) {
  coverage_.Add(range);
  if (!std::exchange(after.covers, true)) untold_.fetch_add(1, std::memory_order_relaxed);
  SetHint(range);
  std::erase_if(remembered_, [&](const Remembered& one) { return one.range.Overlaps(range); });
  auto it = waiters_.lower_bound(range.begin);
  while (it != waiters_.end() && it->first < range.end) {
    Waiter& waiter = *(it++)->second;
    Reconsider(waiter, after);
  }
}

void Resource::SetHint(const Range& covered) {
  if (!length_) return;
  // A granule may have been closed by bytes on either side of `covered`.
  for (const Range& run : coverage_.Overlap(AlignOutward(covered, hint_.granule()))) {
    hint_.Set(run);
  }
}

void Resource::CommitIfFull(Afterwards& after) {
  if (state_ != State::kActive || !length_ || coverage_.TotalBytes() != *length_) return;
  state_ = State::kCommitted;
  after.committed = length_;
}

void Resource::Release(const Range& range) {
  Afterwards after;
  {
    MutexLock lock(mu_);
    in_flight_.Remove(range);
    ClaimAnew(range, after);
  }
  Finish(after);
}

void Resource::FailFlight(const Range& range, const Status& why) {
  Afterwards after;
  {
    MutexLock lock(mu_);
    in_flight_.Remove(range);
    const TimePoint now = clock_.Now();
    std::erase_if(remembered_, [&](const Remembered& one) { return one.until <= now; });
    if (remembered_.size() == kMaxRemembered) remembered_.erase(remembered_.begin());
    remembered_.push_back({range, why, now + remember_failure_});
    EndThoseMissing(range, why, after);
  }
  Finish(after);
}

std::optional<Status> Resource::RememberedFailure(const Range& range) const {
  if (remembered_.empty()) return std::nullopt;
  const TimePoint now = clock_.Now();
  for (const Remembered& one : remembered_) {
    if (one.until > now && !coverage_.Covers(Intersect(one.range, range))) return one.why;
  }
  return std::nullopt;
}

Status Resource::CheckLength(uint64_t length) const {
  const Range past{length, kMaxOffset};
  if (length > kMaxOffset || (length_ && *length_ != length) || coverage_.Overlaps(past) ||
      busy_.Overlaps(past)) {
    return Status(Code::kInvalidArgument, "not the length of this object");
  }
  return OkStatus();
}

Status Resource::SetLength(uint64_t length) {
  {
    MutexLock lock(mu_);
    while (length_being_set_) idle_.Wait(mu_);
    BRIMFS_RETURN_IF_ERROR(CheckLength(length));
    if (length_) return OkStatus();
    length_being_set_ = length;
  }
  Status status = driver_->SetLength(length);
  Afterwards after;
  {
    MutexLock lock(mu_);
    length_being_set_.reset();
    idle_.NotifyAll();
    if (!status.ok()) return status;
    length_ = length;
    hint_.SetLength(length);
    SetHint({0, length});
    for (Waiter* waiter : WaitersFor({0, kMaxOffset})) Reconsider(*waiter, after);
    CommitIfFull(after);
  }
  Finish(after);
  return OkStatus();
}

Status Resource::Commit(uint64_t length) {
  {
    MutexLock lock(mu_);
    BRIMFS_RETURN_IF_ERROR(CheckLength(length));
    if (!coverage_.Covers({0, length})) return Status(Code::kInvalidArgument, "a gap is left");
  }
  BRIMFS_RETURN_IF_ERROR(SetLength(length));
  MutexLock lock(mu_);
  if (state_ == State::kFailed) return failure_;
  if (state_ == State::kCommitted) return OkStatus();
  return Status(Code::kInvalidArgument, "cancelled, or bytes have left meanwhile");
}

void Resource::Fail(Status why) {
  assert(!why.ok());
  Afterwards after;
  {
    MutexLock lock(mu_);
    if (state_ != State::kActive) return;
    state_ = State::kFailed;
    failure_ = why;
    EndThoseMissing({0, kMaxOffset}, why, after);
    after.failed = std::move(why);
  }
  Finish(after);
}

void Resource::Reactivate() {
  Afterwards after;
  {
    MutexLock lock(mu_);
    remembered_.clear();
    if (state_ != State::kFailed) return;
    state_ = State::kActive;
    failure_ = OkStatus();
    CommitIfFull(after);
  }
  Finish(after);
}

void Resource::Cancel() {
  Afterwards after;
  {
    MutexLock lock(mu_);
    state_ = State::kCancelled;
    EndThoseMissing({0, kMaxOffset}, Status(Code::kShutdown), after);
  }
  Finish(after);
}

void Resource::Finish(Afterwards& after) {
  for (const auto& demanded : after.demands) control_->Demand(demanded.wanted, demanded.claimed);
  for (const auto& parked : after.ended) parked->Call(timer_);
  for (ResourceObserver* observer : observers_) {
    for (const auto& [range, bytes] : after.written) observer->OnWrite(*this, range, bytes);
    for (const Range& range : after.adopted) observer->OnAdopt(*this, range);
    for (const Range& range : after.evicted) observer->OnEvict(*this, range);
    if (after.committed) observer->OnCommit(*this, *after.committed);
    if (after.failed) observer->OnFail(*this, *after.failed);
  }
  if (after.covers) untold_.fetch_sub(1, std::memory_order_release);
}

Resource::State Resource::state() const {
  MutexLock lock(mu_);
  return state_;
}

Status Resource::failure() const {
  MutexLock lock(mu_);
  return failure_;
}

std::optional<uint64_t> Resource::length() const {
  MutexLock lock(mu_);
  return length_;
}

std::vector<Range> Resource::Coverage() const {
  MutexLock lock(mu_);
  return coverage_.Ranges();
}

uint64_t Resource::FilledBytes() const {
  MutexLock lock(mu_);
  return coverage_.TotalBytes();
}

std::optional<Range> Resource::NextGap(uint64_t from, uint64_t limit) const {
  MutexLock lock(mu_);
  return coverage_.NextGap(from, length_ ? std::min(limit, *length_) : limit);
}

}  // namespace brimfs
