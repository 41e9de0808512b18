// What the tests of Resource share: one over a driver that can be disturbed, with a clock moved by
// hand, and a fetching side that only takes notes.
#ifndef BRIMFS_TESTS_COMPONENT_RESOURCE_FIXTURE_H_
#define BRIMFS_TESTS_COMPONENT_RESOURCE_FIXTURE_H_

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "core/resource.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {

// Fetches nothing. Thread-safe.
class NotingControl : public FlightControl {
 public:
  struct Noted {
    Range wanted;
    std::vector<Range> claimed;
  };

  void Demand(const Range& wanted, const std::vector<Range>& claimed) override;

  // The demands so far, once there are `count`: then as many waits are registered.
  std::vector<Noted> Await(size_t count);
  std::vector<Noted> noted();

 private:
  Mutex mu_;
  CondVar more_;
  std::vector<Noted> noted_ ABSL_GUARDED_BY(mu_);
};

// How a test waits: with a thread or with a callback. Both must come to the same.
enum class WaitKind { kBlocking, kParked };

// For Adopt: says that `range` is right.
inline Resource::Verify AllOf(const Range& range) {
  return [range] {
    RangeSet all;
    all.Add(range);
    return all;
  };
}

class ResourceFixture : public testing::Test {
 protected:
  // Of `length` bytes; of unknown length without it.
  void Make(const DriverCase& driver, std::optional<uint64_t> length);

  // The bytes of the oracle.
  Status Put(const Range& range);

  // Begins a wait that is expected to sleep and returns when it is registered.
  std::future<Result<Lease>> Sleep(WaitKind kind, const Range& range, TimePoint deadline = kNever,
                                   std::stop_token stop = {});

  // A wait that is expected to end at once.
  Result<Lease> Ask(WaitKind kind, const Range& range, std::stop_token stop = {});

  // Whether the lease's bytes, read both ways, are the oracle's.
  static void ExpectRight(const Lease& lease);

  TempDir dir_;
  FakeClock clock_;
  Timer timer_{clock_};
  WindowCache windows_;
  NotingControl control_;
  size_t slept_ = 0;  // waits begun by Sleep
  HookedDriver* driver_ = nullptr;
  std::unique_ptr<Resource> resource_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_RESOURCE_FIXTURE_H_
