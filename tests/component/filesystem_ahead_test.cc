// A listing without lengths: what a program that goes through the directory looks up next is asked
// for ahead.
#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "tests/component/filesystem_fixture.h"
#include "tests/support/gated_stat.h"

namespace brimfs {
namespace {

class AheadTest : public FileSystemTest {
 protected:
  static constexpr int kNames = 200;

  ~AheadTest() override {
    gated_.OpenGate();
    Unmount();
  }
  Backend& backend() override { return gated_; }

  void MountAndList() {
    for (int i = 0; i < kNames; ++i) backend_.Put(Name(i), static_cast<uint64_t>(i));
    backend_.SetListedLengths(false);
    Mount();
    ASSERT_EQ(List().size(), size_t{kNames});
  }
  static std::string Name(int i) { return "f" + std::to_string(1000 + i); }

  // On a thread of its own, joined by JoinAll.
  void StartLookUp(const std::string& name) {
    threads_.emplace_back([this, name] { EXPECT_EQ(LookUpCode(name), Code::kOk); });
  }
  void JoinAll() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // In how many the paths that were asked for repeat.
  size_t AskedTwice() {
    std::vector<std::string> asked = gated_.asked();
    std::sort(asked.begin(), asked.end());
    return static_cast<size_t>(asked.end() - std::unique(asked.begin(), asked.end()));
  }

  GatedStat gated_{backend_};
  std::vector<std::thread> threads_;
};

TEST_F(AheadTest, TheNamesOfADirectoryAreAskedForEightAtATimeAndNoneTwice) {
  MountAndList();
  gated_.OpenGate();
  for (int i = 0; i < 20; ++i) (void)LookUp(Name(i));
  // What these have asked for ahead has been answered when the next is known without asking.
  gated_.AwaitAsked(20 + LookUpPattern::Options{}.max_window);
  gated_.CloseGate();
  for (int i = 20; i < 20 + static_cast<int>(LookUpPattern::Options{}.max_window); ++i) {
    StartLookUp(Name(i));
  }
  gated_.AwaitAtGate(FileSystem::kStatsAhead);
  StartLookUp(Name(kNames - 1));
  gated_.AwaitAtGate(8);
  gated_.OpenGate();
  JoinAll();
  for (int i = 0; i < kNames; ++i) EXPECT_EQ(LookUp(Name(i)).attributes.size, uint64_t(i));
  EXPECT_EQ(gated_.asked().size(), size_t{kNames});
  EXPECT_EQ(AskedTwice(), 0u);
}

TEST_F(AheadTest, OneFileCostsOneRequest) {
  MountAndList();
  gated_.OpenGate();
  Fill(Name(7));
  Unmount();
  EXPECT_EQ(gated_.asked(), std::vector<std::string>{Name(7)});
}

TEST_F(AheadTest, FilesInRandomOrderCostHardlyMoreThanTheirOwnRequests) {
  MountAndList();
  gated_.OpenGate();
  std::mt19937 random(3);
  for (int i = 0; i < 30; ++i) (void)LookUp(Name(static_cast<int>(random() % kNames)));
  Unmount();
  EXPECT_LT(gated_.asked().size(), 45u);
}

TEST_F(AheadTest, TheOrderOfNumbersIsFollowedAsWell) {
  MountAndList();
  gated_.OpenGate();
  std::vector<std::string> names = List();
  std::sort(names.begin(), names.end(), [this](const std::string& a, const std::string& b) {
    return fs_->NumberOf(kRootNode, a) < fs_->NumberOf(kRootNode, b);
  });
  for (int i = 0; i < 20; ++i) (void)LookUp(names[static_cast<size_t>(i)]);
  gated_.AwaitAsked(20 + LookUpPattern::Options{}.max_window);
}

TEST_F(AheadTest, ALookupOfANameThatIsUnderWayWaitsForItsAnswer) {
  MountAndList();
  StartLookUp(Name(0));
  gated_.AwaitAtGate(1);
  StartLookUp(Name(1));
  gated_.AwaitAtGate(4);  // 0, 1, and two ahead
  StartLookUp(Name(2));
  clock_.AwaitSleepers(1);
  gated_.OpenGate();
  JoinAll();
  EXPECT_EQ(AskedTwice(), 0u);
}

TEST_F(AheadTest, SuchALookupCanBeInterrupted) {
  MountAndList();
  StartLookUp(Name(0));
  gated_.AwaitAtGate(1);
  StartLookUp(Name(1));
  gated_.AwaitAtGate(4);
  std::stop_source stop;
  std::thread interrupted([&] {
    EXPECT_EQ(fs_->LookUp(kRootNode, Name(2), Ask::kSource, stop.get_token()).code(),
              Code::kInterrupted);
  });
  clock_.AwaitSleepers(1);
  stop.request_stop();
  interrupted.join();
  gated_.OpenGate();
  JoinAll();
}

TEST_F(AheadTest, TwoWhoLookTheSameNameUpShareOneRequest) {
  MountAndList();
  StartLookUp(Name(0));
  gated_.AwaitAtGate(1);
  StartLookUp(Name(0));
  clock_.AwaitSleepers(1);
  gated_.OpenGate();
  JoinAll();
  EXPECT_EQ(gated_.asked().size(), 1u);
}

TEST_F(AheadTest, WhatTheKernelForgetsBehindAProgramIsNotAskedForAgain) {
  MountAndList();
  gated_.OpenGate();
  for (int i = 0; i < kNames; ++i) fs_->Forget(LookUp(Name(i)).node, 1);
  Unmount();
  EXPECT_EQ(AskedTwice(), 0u);
}

TEST_F(AheadTest, TheEndOfTheMountDoesNotWaitForAnswers) {
  MountAndList();
  StartLookUp(Name(0));
  gated_.AwaitAtGate(1);
  gated_.OpenGate();
  JoinAll();
  gated_.CloseGate();
  std::stop_source stop;
  std::thread second([&] {
    EXPECT_EQ(fs_->LookUp(kRootNode, Name(1), Ask::kSource, stop.get_token()).code(),
              Code::kInterrupted);
  });
  gated_.AwaitAtGate(3);
  stop.request_stop();
  second.join();
  Unmount();
  EXPECT_EQ(gated_.at_gate(), 0u);
}

TEST_F(AheadTest, ThatSomethingIsNotThereIsNotRememberedUnlessItWasLookedUp) {
  MountAndList();
  gated_.OpenGate();
  for (int i = 2; i < kNames; ++i) backend_.Erase(Name(i));
  (void)LookUp(Name(0));
  (void)LookUp(Name(1));
  gated_.AwaitAsked(4);
  for (int i = 2; i < kNames; ++i) backend_.Put(Name(i), 5);
  // One that joins a flight of before still hears its answer.
  while (LookUpCode(Name(3)) != Code::kOk) std::this_thread::yield();
}

TEST_F(AheadTest, TroubleOfTheSourceIsNotRemembered) {
  MountAndList();
  gated_.OpenGate();
  (void)LookUp(Name(0));
  backend_.FailMetadata(Status(Code::kUnavailable));
  EXPECT_EQ(LookUpCode(Name(1)), Code::kUnavailable);
  backend_.FailMetadata(OkStatus());
  while (LookUpCode(Name(2)) != Code::kOk) std::this_thread::yield();
}

}  // namespace
}  // namespace brimfs
