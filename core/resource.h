// The bytes of one version of one object: which of them are there, and how to wait for the others.
//
// The life of a resource:
//
//   Active ──Commit(length)──► Committed        all bytes are there; evicting some leads back
//     │  ▲                        │
//     │  └──────── Evict ─────────┘
//     ├──Fail(status)──► Failed                 what can't heal: changed, gone, denied. What is
//     │                    │                    covered is still served
//     │                    └──Reactivate──► Active, with its coverage
//     └──Cancel()──► Cancelled                  the mount is going away; final
//
// Lock order: mu_ is a leaf. No driver call, callback, observer or FlightControl call is made under
// it.
#ifndef BRIMFS_CORE_RESOURCE_H_
#define BRIMFS_CORE_RESOURCE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/clock.h"
#include "core/coverage_hint.h"
#include "core/driver.h"
#include "core/lease_counter.h"
#include "core/mutex.h"
#include "core/range.h"
#include "core/range_set.h"
#include "core/status.h"
#include "core/timer.h"

namespace brimfs {

class Resource;

// The right to read `range()` from the driver: while it lives, none of these bytes is punched.
// Short-lived: as long as one reply. Move-only; may be let go on any thread.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept { *this = std::move(other); }
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Release(); }

  // What may be read: the range that was asked for, cut at the end of the object.
  const Range& range() const { return range_; }
  void Release();

  // The leased bytes; valid while the lease and the view live. kIo or what the driver says.
  Result<View> Map() const;
  Status Read(std::span<std::byte> out) const;

 private:
  friend class Resource;
  Lease(Resource* resource, Range range, LeaseCounter::Ticket ticket)
      : resource_(resource), range_(range), ticket_(ticket) {}

  Resource* resource_ = nullptr;
  Range range_;
  LeaseCounter::Ticket ticket_ = 0;
};

// Who fetches. Implemented by Fetcher; absent in a resource that is filled by hand.
class FlightControl {
 public:
  virtual ~FlightControl() = default;

  // A reader sleeps for `wanted`. `claimed` are those of its gaps, rounded out to fill blocks, that
  // nobody was fetching and that are now the callee's to fetch: each must end in Resource::Release
  // or FailFlight. The rest of `wanted` is in flight already and should go first. From any thread,
  // no lock held.
  virtual void Demand(const Range& wanted, const std::vector<Range>& claimed) = 0;
};

// Told of what happened, with no lock held, after it happened, on the thread that did it; may call
// back into the resource. Observers are set before the first use and outlive the resource.
class ResourceObserver {
 public:
  virtual ~ResourceObserver() = default;

  // `bytes` are those of `written`; valid during the call.
  virtual void OnWrite(Resource& /*resource*/, const Range& /*written*/,
                       std::span<const std::byte> /*bytes*/) {}

  // Covered by Resource::Adopt: these bytes were not written now.
  virtual void OnAdopt(Resource& /*resource*/, const Range& /*adopted*/) {}

  virtual void OnEvict(Resource& /*resource*/, const Range& /*evicted*/) {}
  virtual void OnCommit(Resource& /*resource*/, uint64_t /*length*/) {}
  virtual void OnFail(Resource& /*resource*/, const Status& /*why*/) {}
};

class Resource {
 public:
  enum class State { kActive, kCommitted, kFailed, kCancelled };

  struct Options {
    std::optional<uint64_t> length;  // bytes; unknown until the source has said it

    // How long a failed flight answers further waits for the same bytes: after a failed readahead
    // the kernel asks again with a synchronous read, and one deadline should not be paid twice.
    Duration remember_failure = std::chrono::seconds(1);
  };

  // `driver` has been given the length, if that is known. `timer` wakes parked waiters at their
  // deadline and runs the callbacks of cancelled ones; `clock` and `timer` outlive this.
  Resource(std::unique_ptr<Driver> driver, Options options, Clock& clock, Timer& timer);

  // No waiter, lease or flight is left.
  ~Resource();

  // Both once, before the first wait.
  void SetFlightControl(FlightControl* control) { control_ = control; }
  void AddObserver(ResourceObserver* observer) { observers_.push_back(observer); }

  // --- Readers ---------------------------------------------------------------------------------

  // The range, cut at the end of the object, if it is certainly covered; never blocks, takes no
  // lock, may miss (then ask WaitRange). Misses what is empty or starts past the end.
  std::optional<Lease> TryLease(const Range& range);

  // Sleeps on a condition variable until all of `range` is there. Decides in this order:
  //   begin > end, or end > kMaxOffset               kInvalidArgument
  //   length known and begin >= length               kEof; otherwise end is cut to the length
  //   empty, or covered                              a lease
  //   cancelled (`stop`, Cancel)                     kInterrupted, kShutdown
  //   terminal failure                               that failure
  //   one of the missing bytes failed a moment ago   that failure
  //   otherwise: claim what nobody fetches, sleep until covered, its flight fails, `deadline`
  //   (kTimedOut), `stop` or Cancel
  // No polling: a sleeper uses no processor time. A range larger than what the cache may hold at
  // once is the caller's to cut.
  Result<Lease> WaitRange(Range range, TimePoint deadline = kNever, std::stop_token stop = {});

  // The same wait without a thread: `done` is called exactly once, with no lock held, either before
  // this returns or later on the thread of the writer, of the timer or of whoever ended the wait.
  // `stop` must have been requested, or its sources be gone, or `done` been called, before they may
  // go.
  using WaitCallback = std::function<void(Result<Lease>)>;
  void WaitRangeAsync(Range range, TimePoint deadline, std::stop_token stop, WaitCallback done);

  // --- The fetching side -----------------------------------------------------------------------

  // Takes for the caller those parts of `range` that are neither covered, nor claimed, nor being
  // evicted: check and claim are one step. Rounded out to fill blocks, cut at the length. Nothing
  // once Failed or Cancelled.
  std::vector<Range> Claim(Range range);

  // Driver first, then the range counts as covered, then waiters wake, then observers are told.
  // Empty is ok; past kMaxOffset, past the length or after FreezeForKernel is kInvalidArgument;
  // after Cancel kShutdown; an error of the driver leaves the range uncovered and is returned.
  // Bytes that are covered already are skipped, never written again. The bytes need not be claimed.
  // A write that meets another one, or an eviction, of the same bytes waits for it: not with a
  // lease in hand.
  Status Write(uint64_t offset, std::span<const std::byte> data);

  // The driver may hold the bytes of `range` already, from an earlier run: `verify` reads them and
  // returns those that are right, which count as covered then, without a write of the driver. No
  // write and no eviction touches them while it does; no lock is held, and it must not call back.
  // Then waiters wake and observers are told by OnAdopt. Bytes that are covered already are
  // skipped; `verify` is not asked where all are. Errors as of Write, but that after
  // FreezeForKernel there is nothing left to adopt. Waits as Write does.
  using Verify = std::function<RangeSet()>;
  Status Adopt(const Range& range, const Verify& verify);

  // The claims on `range` end. Waiters that still miss bytes of it claim them anew.
  void Release(const Range& range);

  // As Release, but whoever waits for uncovered bytes of `range` gets `why`, and so do further
  // waits for these bytes for Options::remember_failure.
  void FailFlight(const Range& range, const Status& why);

  // Whether somebody sleeps whose last missing bytes are all in `buffered`: a fetcher that
  // coalesces writes flushes then.
  bool WouldWake(const Range& buffered) const;

  // Whether somebody sleeps whose first missing byte is in `range`.
  bool Awaited(const Range& range) const;

  // The length becomes known. kInvalidArgument if it was known and differs, or if bytes past it are
  // covered or being written; or what the driver says. Waiters past it get kEof.
  Status SetLength(uint64_t length);

  // All bytes of [0, length) are there: kInvalidArgument, and nothing changes, if a gap is left.
  // Done by Write itself when the last gap of a known length closes.
  Status Commit(uint64_t length);

  // Terminal failure: every waiter for missing bytes gets `why`; covered bytes stay readable.
  // Nothing to a resource that is not Active: one that is Committed misses nothing, and the first
  // cause stays.
  void Fail(Status why);

  // Clears a failure (terminal or remembered), keeping what is covered. Not out of Cancelled.
  void Reactivate();

  // Every wait ends with kShutdown, now and from now on, except for bytes that are covered.
  void Cancel();

  // --- The cache's side ------------------------------------------------------------------------

  // Takes coverage away from the fill blocks that lie whole in `range` (the last one may be cut at
  // the length), waits for the leases, then punches. Blocks of which a byte is claimed, being
  // written or evicted, or wanted by a sleeper are left alone; so is everything after
  // FreezeForKernel. Returns whether anything was evicted. Not with a lease in hand.
  bool Evict(Range range);

  // As Evict, but of every fill block that `range` touches and without asking who wants it: for
  // bytes that turned out to be unreadable (EFAULT). Whoever claimed some of them need not write
  // them again.
  bool MarkAbsent(Range range);

  // From now on for ever: the kernel has been given the backing file, and a passed-through map may
  // outlive every descriptor, so no byte of it is ever punched or written again. False if it is not
  // committed.
  bool FreezeForKernel();

  // --- Looking at it ---------------------------------------------------------------------------

  State state() const;
  Status failure() const;  // why Failed
  std::optional<uint64_t> length() const;
  std::vector<Range> Coverage() const;
  uint64_t FilledBytes() const;
  std::optional<Range> NextGap(uint64_t from, uint64_t limit) const;
  // Those who sleep or are parked, what they miss having been demanded.
  size_t WaiterCount() const;

  // Whether the observers know of all that has become covered: a reader may have its bytes a moment
  // before. Takes no lock.
  bool ObserversAreTold() const { return untold_.load(std::memory_order_acquire) == 0; }
  Driver& driver() { return *driver_; }

 private:
  friend class Lease;
  struct Waiter;      // one wait, blocking or parked
  struct Sleeper;     // a thread in WaitRange
  struct Parked;      // a callback of WaitRangeAsync
  struct Afterwards;  // what a critical section leaves to be done without the lock

  // By the first missing byte, so that a write looks only at those whose next byte it brings.
  using Waiters = std::multimap<uint64_t, Waiter*>;

  struct Remembered {
    Range range;
    Status why;
    TimePoint until;
  };
  static constexpr size_t kMaxRemembered = 64;

  // What the order above says of a wait that begins now, cutting `range` at the length; nothing if
  // it has to sleep.
  std::optional<Result<Lease>> Decide(Range& range, const std::stop_token& stop)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Register(Waiter& waiter, Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // End: unless another thread is about to end it. Conclude: the caller is the one who may.
  void End(Waiter& waiter, Result<Lease> outcome, Afterwards& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Conclude(Waiter& waiter, Result<Lease> outcome, Afterwards& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Gives a registered wait its deadline and its stop; ends it if it has been ended meanwhile.
  void Arm(const std::shared_ptr<Parked>& parked, TimePoint deadline, std::stop_token stop);
  static void EndParked(Resource* resource, const std::weak_ptr<Parked>& weak, Code why);

  // The waiter's first gap or the length may have changed: files it anew, or ends it.
  void Reconsider(Waiter& waiter, Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndThoseMissing(const Range& range, const Status& why, Afterwards& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Waiters who miss bytes of `range` that nobody fetches claim them.
  void ClaimAnew(const Range& range, Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<Waiter*> WaitersFor(const Range& range) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::optional<Status> RememberedFailure(const Range& range) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<Range> ClaimLocked(const Range& range) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Range CutAtLength(const Range& range) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Status CheckWrite(const Range& range) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Status CheckLength(uint64_t length) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The caller tells the observers how it came.
  void Cover(const Range& range, Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetHint(const Range& covered) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CommitIfFull(Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The blocks that Evict may take.
  RangeSet Evictable(const Range& range) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The two halves of an eviction: first the bytes can't be found any more, then they go.
  void Uncover(const RangeSet& leaving, Afterwards& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Vacate(const RangeSet& leaving, Afterwards& after) ABSL_LOCKS_EXCLUDED(mu_);

  // Demand, then the callbacks of ended waits, then the observers.
  void Finish(Afterwards& after) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction, or after the first use.
  const std::unique_ptr<Driver> driver_;
  const Duration remember_failure_;
  Clock& clock_;
  Timer& timer_;
  FlightControl* control_ = nullptr;
  std::vector<ResourceObserver*> observers_;

  // Calls whose bytes are covered and that have not told the observers yet. Incremented with mu_
  // held, in the same critical section.
  std::atomic<int> untold_{0};

  // Read without a lock; written with mu_ held.
  CoverageHint hint_;
  LeaseCounter leases_;

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kActive;
  Status failure_ ABSL_GUARDED_BY(mu_);
  bool frozen_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<uint64_t> length_ ABSL_GUARDED_BY(mu_);
  std::optional<uint64_t> length_being_set_ ABSL_GUARDED_BY(mu_);  // a thread is in the driver
  RangeSet coverage_ ABSL_GUARDED_BY(mu_);
  RangeSet in_flight_ ABSL_GUARDED_BY(mu_);  // claimed, until Release or FailFlight
  RangeSet busy_ ABSL_GUARDED_BY(mu_);  // a Write or an eviction is in the driver for these bytes
  CondVar idle_;                        // busy_ or length_being_set_ has shrunk
  Waiters waiters_ ABSL_GUARDED_BY(mu_);
  std::vector<Remembered> remembered_ ABSL_GUARDED_BY(mu_);  // oldest first, at most kMaxRemembered
};

}  // namespace brimfs

#endif  // BRIMFS_CORE_RESOURCE_H_
