// Readers, a fetcher, an evictor and impatient users on few blocks at once, in real time.
//
// A lost wake-up shows as a wait that reaches its deadline; a byte out of a punched hole as a zero,
// which the oracle never has.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <random>
#include <thread>

#include "core/resource.h"
#include "tests/support/oracle.h"
#include "tests/support/sanitized.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 12 * kBlock + 4321;

constexpr int kRounds = kSanitized ? 10'000 : 100'000;
constexpr int kReaders = 4;

// Writes what it is asked for, in pieces; now and then it gives a claim up or fails it.
class Fetching : public FlightControl {
 public:
  Fetching() : bytes_(OracleBytes(1, {0, kLength})) {}

  void Start(Resource& resource) {
    thread_ = std::thread([this, &resource] { Run(resource); });
  }

  void Stop() {
    {
      MutexLock lock(mu_);
      stopping_ = true;
      more_.NotifyAll();
    }
    thread_.join();
  }

  int demands() {
    MutexLock lock(mu_);
    return demands_;
  }

  void Demand(const Range& /*wanted*/, const std::vector<Range>& claimed) override {
    MutexLock lock(mu_);
    ++demands_;
    queue_.insert(queue_.end(), claimed.begin(), claimed.end());
    more_.NotifyAll();
  }

 private:
  std::optional<Range> Next() {
    MutexLock lock(mu_);
    while (queue_.empty() && !stopping_) more_.Wait(mu_);
    if (queue_.empty()) return std::nullopt;
    const Range next = queue_.front();
    queue_.pop_front();
    return next;
  }

  void Run(Resource& resource) {
    std::minstd_rand random(7);
    while (const std::optional<Range> flight = Next()) {
      const uint64_t pieces = 1 + random() % 3;
      const uint64_t step = flight->size() / pieces + 1;
      const uint64_t gives_up_after = random() % 16;  // most flights have fewer pieces than that
      uint64_t written = 0;
      for (uint64_t at = flight->begin; at < flight->end && written < gives_up_after;
           at += step, ++written) {
        const uint64_t size = std::min(step, flight->end - at);
        EXPECT_TRUE(resource.Write(at, std::span(bytes_).subspan(at, size)).ok());
      }
      if (random() % 64 == 0) {
        resource.FailFlight(*flight, Status(Code::kUnavailable));
      } else {
        resource.Release(*flight);
      }
    }
  }

  const std::vector<std::byte> bytes_;
  std::thread thread_;
  Mutex mu_;
  CondVar more_;
  std::deque<Range> queue_ ABSL_GUARDED_BY(mu_);
  int demands_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

// Stops whatever is handed to it, as soon as it gets round to it.
class Impatient {
 public:
  void Add(std::stop_source stop) {
    MutexLock lock(mu_);
    waiting_.push_back(std::move(stop));
  }

  void StopAll() {
    std::vector<std::stop_source> now;
    {
      MutexLock lock(mu_);
      now.swap(waiting_);
    }
    for (std::stop_source& stop : now) stop.request_stop();
  }

 private:
  Mutex mu_;
  std::vector<std::stop_source> waiting_ ABSL_GUARDED_BY(mu_);
};

class ResourceRaceTest : public testing::TestWithParam<DriverCase> {
 protected:
  void SetUp() override {
    auto driver = GetParam().make(dir_.path(), windows_);
    ASSERT_TRUE(driver->SetLength(kLength).ok());
    Resource::Options options;
    options.length = kLength;
    options.remember_failure = Duration(0);
    resource_ = std::make_unique<Resource>(std::move(driver), options, Clock::Steady(), timer_);
    resource_->SetFlightControl(&fetching_);
    fetching_.Start(*resource_);
  }

  void TearDown() override { fetching_.Stop(); }

  Result<Lease> Wait(bool parked, const Range& range, std::stop_token stop) {
    const TimePoint deadline = Clock::Steady().Now() + std::chrono::seconds(60);
    if (!parked) return resource_->WaitRange(range, deadline, std::move(stop));
    auto outcome = std::make_shared<std::promise<Result<Lease>>>();
    resource_->WaitRangeAsync(range, deadline, std::move(stop), [outcome](Result<Lease> result) {
      outcome->set_value(std::move(result));
    });
    return outcome->get_future().get();
  }

  // Right bytes, or a reason that there is.
  static void Check(const Result<Lease>& result, bool may_be_stopped, uint64_t anywhere) {
    if (!result) {
      EXPECT_TRUE(result.code() == Code::kUnavailable ||
                  (may_be_stopped && result.code() == Code::kInterrupted))
          << result.status().ToString();
      return;
    }
    const Result<View> view = result->Map();
    ASSERT_TRUE(view.ok());
    uint64_t at = result->range().begin;
    for (const std::span<const std::byte> piece : view->pieces()) {
      const uint64_t size = std::min<uint64_t>(piece.size(), 600);
      const uint64_t skip = anywhere % (piece.size() - size + 1);
      EXPECT_EQ(FirstWrongByte(1, at + skip, piece.subspan(skip, size)), std::nullopt);
      at += piece.size();
    }
    EXPECT_EQ(at, result->range().end);
  }

  void ReadForAWhile(unsigned seed) {
    std::minstd_rand random(seed);
    for (int round = 0; round < kRounds / kReaders && !HasFailure(); ++round) {
      const uint64_t begin = random() % kLength;
      const Range range{begin, begin + 1 + random() % (2 * kBlock)};
      std::stop_source stop;
      const bool is_stopped = random() % 4 == 0;
      if (is_stopped) impatient_.Add(stop);
      Check(Wait(random() % 2 == 0, range, stop.get_token()), is_stopped, random());
      // So that the next ones have something to wait for.
      if (random() % 2 == 0) resource_->Evict(AlignOutward(range, kBlock));
    }
    --readers_;
  }

  void EvictForAWhile() {
    std::minstd_rand random(99);
    while (readers_ > 0) {
      const uint64_t begin = random() % kLength;
      const Range range{begin, begin + 4 * kBlock};
      if (random() % 16 == 0) {
        resource_->MarkAbsent({begin, begin + 1});
      } else {
        resource_->Evict(range);
      }
      std::this_thread::yield();
    }
  }

  void StopForAWhile() {
    while (readers_ > 0) {
      impatient_.StopAll();
      std::this_thread::yield();
    }
  }

  TempDir dir_;
  WindowCache windows_;
  Timer timer_{Clock::Steady()};
  Fetching fetching_;
  Impatient impatient_;
  std::atomic<int> readers_{kReaders};
  std::unique_ptr<Resource> resource_;
};

TEST_P(ResourceRaceTest, NoWakeUpIsLostAndNoByteComesOutOfAHole) {
  std::vector<std::thread> threads;
  threads.reserve(kReaders + 2);
  for (int i = 0; i < kReaders; ++i) threads.emplace_back([this, i] { ReadForAWhile(i + 1); });
  threads.emplace_back([this] { EvictForAWhile(); });
  threads.emplace_back([this] { StopForAWhile(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(resource_->WaiterCount(), 0u);
  EXPECT_GT(fetching_.demands(), kRounds / 10);  // or it was no race
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResourceRaceTest, testing::ValuesIn(AllDrivers()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace brimfs
