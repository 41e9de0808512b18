// A fetcher over a resource in memory and a backend with gates, under a clock that is moved by
// hand.
#ifndef BRIMFS_TESTS_COMPONENT_FETCHER_FIXTURE_H_
#define BRIMFS_TESTS_COMPONENT_FETCHER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/fetcher.h"
#include "core/mapped_file.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_drivers.h"

namespace brimfs {

// Of a request to the backend.
MATCHER_P2(Asks, begin, end, "") { return arg.range == Range{begin, end}; }

class FetcherFixture : public ::testing::Test {
 protected:
  static constexpr uint64_t kMiB = 1 << 20;
  static constexpr uint64_t kLength = 8 * kMiB + 1000;
  const std::string kPath = "dir/object";

  FetcherFixture() { backend_.Put(kPath, kLength); }

  ~FetcherFixture() override {
    for (std::thread& reader : readers_) reader.join();
    if (fetcher_) fetcher_->Stop();
  }

  // Options may be changed before; `connections` as in the scheduler, one of them kept for demand.
  void Start(int connections = 4) {
    const Result<ObjectInfo> info = backend_.Stat(kPath, {});
    options_.path = kPath;
    options_.display_url = backend_.DisplayUrl(kPath);
    options_.version = info->version;
    scheduler_.emplace(backend_, Scheduler::Options{connections, 1}, clock_);
    auto inner = MappedFile::InMemory(windows_);
    auto hooked = std::make_unique<HookedDriver>(std::move(*inner));
    driver_ = hooked.get();
    ASSERT_TRUE(driver_->SetLength(*info->version.length).ok());
    Resource::Options resource_options;
    resource_options.length = info->version.length;
    resource_.emplace(std::move(hooked), resource_options, clock_, timer_);
    fetcher_.emplace(*resource_, *scheduler_, clock_, timer_, stats_, traffic_, options_);
  }

  // The code of one whole read, kIo if the bytes are wrong.
  Code Read(Range range) {
    Result<Lease> lease = resource_->WaitRange(range);
    if (!lease.ok()) return lease.code();
    std::vector<std::byte> bytes(lease->range().size());
    if (!lease->Read(bytes).ok()) return Code::kIo;
    return bytes == OracleBytes(1, lease->range()) ? Code::kOk : Code::kIo;
  }

  std::future<Code> ReadInThread(Range range) {
    std::promise<Code> promise;
    std::future<Code> outcome = promise.get_future();
    readers_.emplace_back(
        [this, range, promise = std::move(promise)]() mutable { promise.set_value(Read(range)); });
    return outcome;
  }

  void AwaitWaiters(size_t count) {
    while (resource_->WaiterCount() < count) std::this_thread::yield();
  }
  // A flight waits for its time to try again, after so many requests in all.
  void AwaitRetry(size_t requests) {
    for (;;) {
      const bool made = backend_.fetches().size() == requests;
      const Scheduler::Load load = scheduler_->load();
      if (made && load.running == 0 && load.queued == 1) return;
      std::this_thread::yield();
    }
  }
  void AwaitIdle() {
    for (;;) {
      const Scheduler::Load load = scheduler_->load();
      if (load.running == 0 && load.queued == 0) return;
      std::this_thread::yield();
    }
  }

  FakeClock clock_;
  Timer timer_{clock_};
  FakeBackend backend_;
  Stats stats_;
  SourceTraffic traffic_{clock_, {}};
  WindowCache windows_;
  Fetcher::Options options_;
  std::optional<Scheduler> scheduler_;
  std::optional<Resource> resource_;
  HookedDriver* driver_ = nullptr;
  std::optional<Fetcher> fetcher_;
  std::vector<std::thread> readers_;
};

}  // namespace brimfs

#endif  // BRIMFS_TESTS_COMPONENT_FETCHER_FIXTURE_H_
