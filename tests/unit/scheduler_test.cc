#include "core/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What happened to the flights of a test, in order: "a", when a runs, "a!shutdown" when it is
// abandoned.
class Journal {
 public:
  void Write(const std::string& what) {
    MutexLock lock(mu_);
    lines_.push_back(what);
    changed_.NotifyAll();
  }
  std::vector<std::string> Await(size_t count) {
    MutexLock lock(mu_);
    while (lines_.size() < count) changed_.Wait(mu_);
    return lines_;
  }
  std::vector<std::string> Now() { return Await(0); }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

// Runs until it is let go or stopped.
class GatedFlight : public Flight {
 public:
  GatedFlight(Journal& journal, std::string name, Range range, const void* owner)
      : journal_(journal), name_(std::move(name)), range_(range), owner_(owner) {}

  void LetGo() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  // What the next Run answers.
  void AgainAt(TimePoint when) {
    MutexLock lock(mu_);
    again_ = when;
  }

  std::optional<TimePoint> Run(Connection& /*connection*/, std::stop_token stop) override {
    journal_.Write(name_);
    const std::stop_callback on_stop(stop, [this] { LetGo(); });
    MutexLock lock(mu_);
    while (!open_) changed_.Wait(mu_);
    return std::exchange(again_, std::nullopt);
  }
  void Abandon(const Status& why) override { journal_.Write(name_ + "!" + CodeName(why.code())); }
  void Unwanted() override { journal_.Write(name_ + "!unwanted"); }
  const void* owner() const override { return owner_; }
  Range range() const override { return range_; }
  const SourceHost* host() const override { return asked_; }
  void Ask(const SourceHost& host) { asked_ = &host; }  // before it is submitted

 private:
  const SourceHost* asked_ = nullptr;
  Journal& journal_;
  const std::string name_;
  const Range range_;
  const void* const owner_;
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<TimePoint> again_ ABSL_GUARDED_BY(mu_);
};

class SchedulerTest : public ::testing::Test {
 protected:
  void Start(int connections, int reserved) {
    scheduler_.emplace(backend_, Scheduler::Options{connections, reserved}, clock_);
  }

  std::shared_ptr<GatedFlight> Make(const std::string& name, Range range = {0, 10}) {
    return std::make_shared<GatedFlight>(journal_, name, range, this);
  }
  std::shared_ptr<GatedFlight> Submit(const std::string& name, Priority priority,
                                      Range range = {0, 10}) {
    auto flight = Make(name, range);
    scheduler_->Submit(flight, priority);
    return flight;
  }
  std::shared_ptr<GatedFlight> SubmitTo(const SourceHost& host, const std::string& name,
                                        Priority priority) {
    auto flight = Make(name);
    flight->Ask(host);
    scheduler_->Submit(flight, priority);
    return flight;
  }
  // One that ends as soon as it runs.
  void SubmitOpen(const std::string& name, Priority priority, Range range = {0, 10}) {
    auto flight = Make(name, range);
    flight->LetGo();
    scheduler_->Submit(flight, priority);
  }

  FakeBackend backend_;
  FakeClock clock_;
  Journal journal_;
  std::optional<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, TheMoreUrgentGoesFirstAndEqualsInTheirOrder) {
  Start(1, 0);
  const auto first = Submit("first", Priority::kFill);
  journal_.Await(1);
  SubmitOpen("fill", Priority::kFill);
  SubmitOpen("readahead 1", Priority::kReadahead);
  SubmitOpen("readahead 2", Priority::kReadahead);
  SubmitOpen("upload", Priority::kUpload);
  SubmitOpen("demand", Priority::kDemand);
  EXPECT_EQ(scheduler_->load().running, 1);
  EXPECT_EQ(scheduler_->load().queued, 5);
  first->LetGo();
  EXPECT_THAT(journal_.Await(6),
              ElementsAre("first", "demand", "upload", "readahead 1", "readahead 2", "fill"));
}

TEST_F(SchedulerTest, AConnectionIsKeptForDemand) {
  Start(3, 1);
  const auto a = Submit("a", Priority::kReadahead);
  const auto b = Submit("b", Priority::kReadahead);
  const auto c = Submit("c", Priority::kReadahead);
  journal_.Await(2);
  const auto urgent = Submit("urgent", Priority::kDemand);
  EXPECT_THAT(journal_.Await(3), UnorderedElementsAre("a", "b", "urgent"));
  urgent->LetGo();
  // The kept connection is free again, and still no readahead takes it.
  const auto urgent_again = Submit("urgent again", Priority::kDemand);
  EXPECT_EQ(journal_.Await(4).back(), "urgent again");
  a->LetGo();
  EXPECT_EQ(journal_.Await(5).back(), "c");
  for (const auto& flight : {b, c, urgent_again}) flight->LetGo();
}

TEST_F(SchedulerTest, DemandMayTakeEveryConnection) {
  Start(3, 1);
  std::vector<std::shared_ptr<GatedFlight>> flights;
  for (const char* name : {"a", "b", "c"}) flights.push_back(Submit(name, Priority::kDemand));
  EXPECT_THAT(journal_.Await(3), UnorderedElementsAre("a", "b", "c"));
  for (const auto& flight : flights) flight->LetGo();
}

TEST_F(SchedulerTest, ASingleConnectionIsNotReserved) {
  Start(1, 1);
  SubmitOpen("readahead", Priority::kReadahead);
  EXPECT_THAT(journal_.Await(1), ElementsAre("readahead"));
}

TEST_F(SchedulerTest, AServerThatAsksToBeSparedGetsFewerConnectionsForAWhile) {
  Start(4, 1);
  const Status overloaded = Status(Code::kUnavailable, "503").set_overloaded();
  for (int i = 0; i < 3; ++i) scheduler_->OnAnswer(nullptr, overloaded);
  const auto a = Submit("a", Priority::kDemand);
  const auto b = Submit("b", Priority::kDemand);
  const auto c = Submit("c", Priority::kReadahead);
  EXPECT_THAT(journal_.Await(1), ElementsAre("a"));
  a->LetGo();
  EXPECT_THAT(journal_.Await(2), ElementsAre("a", "b"));
  EXPECT_EQ(scheduler_->load().queued, 1);
  for (int i = 0; i < 8; ++i) scheduler_->OnAnswer(nullptr, OkStatus());
  EXPECT_THAT(journal_.Await(3), ElementsAre("a", "b", "c"));
  b->LetGo();
  c->LetGo();
}

TEST_F(SchedulerTest, RaisedFlightsOvertake) {
  Start(1, 0);
  const auto first = Submit("first", Priority::kDemand);
  journal_.Await(1);
  SubmitOpen("low", Priority::kFill, {0, 10});
  SubmitOpen("high", Priority::kFill, {10, 20});
  SubmitOpen("between", Priority::kReadahead, {20, 30});
  scheduler_->Raise(this, {15, 16}, Priority::kDemand);
  scheduler_->Raise(&journal_, {0, 30}, Priority::kDemand);  // somebody else's: nothing
  first->LetGo();
  EXPECT_THAT(journal_.Await(4), ElementsAre("first", "high", "between", "low"));
}

TEST_F(SchedulerTest, RaisingTakesTheConnectionThatIsKeptForDemand) {
  Start(2, 1);
  const auto first = Submit("first", Priority::kReadahead);
  const auto second = Submit("second", Priority::kReadahead);
  journal_.Await(1);
  scheduler_->Raise(this, {0, 10}, Priority::kDemand);
  EXPECT_THAT(journal_.Await(2), ElementsAre("first", "second"));
  first->LetGo();
  second->LetGo();
}

TEST_F(SchedulerTest, DropAbandonsOnlyWhatIsQueuedAndNotMoreUrgent) {
  Start(1, 0);
  const auto first = Submit("first", Priority::kReadahead);
  journal_.Await(1);
  SubmitOpen("demand", Priority::kDemand);
  Submit("readahead", Priority::kReadahead);
  Submit("fill", Priority::kFill);
  scheduler_->Drop(this, Priority::kReadahead);
  EXPECT_THAT(journal_.Now(),
              ElementsAre("first", "first!unwanted", "readahead!interrupted", "fill!interrupted"));
  first->LetGo();
  EXPECT_EQ(journal_.Await(5).back(), "demand");
}

TEST_F(SchedulerTest, ARetryWaitsForItsTimeAndHoldsNoConnection) {
  Start(1, 0);
  const auto again = Make("again");
  again->AgainAt(clock_.Now() + seconds(5));
  again->LetGo();
  scheduler_->Submit(again, Priority::kDemand);
  journal_.Await(1);
  SubmitOpen("other", Priority::kFill);
  EXPECT_THAT(journal_.Await(2), ElementsAre("again", "other"));
  clock_.AwaitSleepers(1);
  EXPECT_EQ(scheduler_->load().queued, 1);
  clock_.Advance(seconds(5));
  EXPECT_THAT(journal_.Await(3), ElementsAre("again", "other", "again"));
}

TEST_F(SchedulerTest, TheTimeOfARetryIsWatchedWhileOtherWorkIsTaken) {
  Start(2, 0);
  const auto again = Make("again");
  again->AgainAt(clock_.Now() + seconds(5));
  again->LetGo();
  const auto blocker = Submit("blocker", Priority::kDemand);
  journal_.Await(1);
  scheduler_->Submit(again, Priority::kDemand);
  journal_.Await(2);
  clock_.AwaitSleepers(1);  // the worker that ran it
  blocker->LetGo();
  const auto takes_one = Submit("takes one", Priority::kDemand);
  journal_.Await(3);
  clock_.AwaitSleepers(1);
  clock_.Advance(seconds(5));
  EXPECT_EQ(journal_.Await(4).back(), "again");
  takes_one->LetGo();
}

TEST_F(SchedulerTest, WhatIsDroppedWhileItRunsIsNotRunAgain) {
  Start(1, 0);
  const auto again = Make("again");
  again->AgainAt(clock_.Now());
  scheduler_->Submit(again, Priority::kReadahead);
  journal_.Await(1);
  scheduler_->Drop(this, Priority::kReadahead);
  again->LetGo();
  EXPECT_THAT(journal_.Await(3), ElementsAre("again", "again!unwanted", "again!interrupted"));
}

TEST_F(SchedulerTest, WithdrawnFlightsComeBackUntouched) {
  Start(1, 0);
  const auto first = Submit("first", Priority::kDemand);
  journal_.Await(1);
  Submit("demand", Priority::kDemand, {0, 10});
  const auto readahead = Submit("readahead", Priority::kReadahead, {0, 10});
  SubmitOpen("elsewhere", Priority::kFill, {10, 20});
  const Scheduler::Withdrawn out = scheduler_->Withdraw(this, {5, 6}, Priority::kDemand);
  EXPECT_THAT(out, ElementsAre(std::pair<std::shared_ptr<Flight>, Priority>(readahead,
                                                                            Priority::kReadahead)));
  EXPECT_EQ(scheduler_->load().queued, 2);
  EXPECT_THAT(journal_.Now(), ElementsAre("first"));
  first->LetGo();
}

TEST_F(SchedulerTest, ShutdownStopsWhatRunsAndAbandonsTheRest) {
  Start(2, 0);
  const auto later = Make("later");
  later->AgainAt(clock_.Now() + seconds(5));
  later->LetGo();
  scheduler_->Submit(later, Priority::kDemand);
  journal_.Await(1);
  clock_.AwaitSleepers(1);
  Submit("a", Priority::kDemand);
  Submit("b", Priority::kDemand);
  journal_.Await(3);
  Submit("queued", Priority::kDemand);
  scheduler_->Shutdown();
  EXPECT_THAT(journal_.Await(5),
              UnorderedElementsAre("later", "a", "b", "queued!shutdown", "later!shutdown"));
  Submit("too late", Priority::kDemand);
  EXPECT_EQ(journal_.Now().back(), "too late!shutdown");
  scheduler_->Shutdown();
  scheduler_.reset();
  EXPECT_EQ(journal_.Now().size(), 6);
}

TEST_F(SchedulerTest, EachHostHasItsOwnConnections) {
  Start(2, 0);
  SourceHost silent;
  SourceHost other;
  const auto a = SubmitTo(silent, "a", Priority::kDemand);
  const auto b = SubmitTo(silent, "b", Priority::kDemand);
  journal_.Await(2);
  const auto queued = SubmitTo(silent, "queued", Priority::kDemand);
  const auto c = SubmitTo(other, "c", Priority::kFill);
  const auto d = SubmitTo(other, "d", Priority::kFill);
  EXPECT_THAT(journal_.Await(4), UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(scheduler_->load().queued, 1);
  // A connection of one is none of the other's.
  c->LetGo();
  d->LetGo();
  while (scheduler_->load().running > 2) std::this_thread::yield();
  EXPECT_EQ(scheduler_->load().queued, 1);
  a->LetGo();
  EXPECT_EQ(journal_.Await(5).back(), "queued");
  b->LetGo();
  queued->LetGo();
}

TEST_F(SchedulerTest, EachHostKeepsAConnectionForDemand) {
  Start(2, 1);
  SourceHost hosts[2];
  std::vector<std::shared_ptr<GatedFlight>> flights;
  for (SourceHost& host : hosts) {
    flights.push_back(SubmitTo(host, "ahead", Priority::kReadahead));
    flights.push_back(SubmitTo(host, "ahead", Priority::kReadahead));
  }
  journal_.Await(2);
  for (SourceHost& host : hosts) flights.push_back(SubmitTo(host, "urgent", Priority::kDemand));
  EXPECT_THAT(journal_.Await(4), UnorderedElementsAre("ahead", "ahead", "urgent", "urgent"));
  EXPECT_EQ(scheduler_->load().queued, 2);
  for (const auto& flight : flights) flight->LetGo();
}

TEST_F(SchedulerTest, OneHostsTroubleCostsTheOthersNoConnection) {
  Start(2, 0);
  SourceHost hosts[2];
  const Status overloaded = Status(Code::kUnavailable, "503").set_overloaded();
  for (int i = 0; i < 3; ++i) scheduler_->OnAnswer(&hosts[0], overloaded);
  std::vector<std::shared_ptr<GatedFlight>> flights;
  for (SourceHost& host : hosts) {
    flights.push_back(SubmitTo(host, "flight", Priority::kDemand));
    flights.push_back(SubmitTo(host, "flight", Priority::kDemand));
  }
  journal_.Await(3);
  EXPECT_EQ(scheduler_->load().running, 3);
  EXPECT_EQ(scheduler_->load().queued, 1);
  for (const auto& flight : flights) flight->LetGo();
  journal_.Await(4);
}

TEST_F(SchedulerTest, VeryManyHostsShareTheWorkersOfAFew) {
  Start(2, 1);
  constexpr size_t kHosts = 50;
  std::vector<SourceHost> hosts(kHosts);
  std::vector<std::shared_ptr<GatedFlight>> flights;
  for (SourceHost& host : hosts) flights.push_back(SubmitTo(host, "ahead", Priority::kReadahead));
  constexpr size_t kBackground = 2 * Scheduler::kBusyHosts - 1;
  journal_.Await(kBackground);
  flights.push_back(SubmitTo(hosts.back(), "urgent", Priority::kDemand));
  EXPECT_EQ(journal_.Await(kBackground + 1).back(), "urgent");
  EXPECT_EQ(scheduler_->load().running, 2 * Scheduler::kBusyHosts);
  for (const auto& flight : flights) flight->LetGo();
  journal_.Await(kHosts + 1);
}

TEST_F(SchedulerTest, NoThreadIsStartedBeforeThereIsWork) {
  Start(16, 1);
  EXPECT_EQ(scheduler_->load().running, 0);
  EXPECT_THAT(journal_.Now(), IsEmpty());
}

TEST_F(SchedulerTest, EveryFlightRunsOnceUnderLoadFromManyThreads) {
  Start(4, 1);
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto at = static_cast<uint64_t>(i);
        SubmitOpen(std::to_string(t) + "/" + std::to_string(i), static_cast<Priority>(i % 4),
                   {at, at + 1});
        if (i % 7 == 0) scheduler_->Raise(this, {at / 2, at}, Priority::kDemand);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> ran = journal_.Await(kThreads * kEach);
  std::sort(ran.begin(), ran.end());
  EXPECT_EQ(std::unique(ran.begin(), ran.end()), ran.end());
}

}  // namespace
}  // namespace brimfs
