#include "fs/mount_looks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "core/mutex.h"

namespace brimfs {
namespace {

using Answers = std::vector<Result<ControlAnswer>>;

// Mounts that answer how often they were asked, once their gate is open. Whoever waits at the gate
// keeps it.
struct Gate {
  void Open() {
    MutexLock lock(mu);
    open = true;
    opened.NotifyAll();
  }
  Result<ControlAnswer> Pass() {
    const uint64_t count = ++asked;
    MutexLock lock(mu);
    while (!open) opened.Wait(mu);
    return ControlAnswer{1, Done{.files = count, .bytes = 0}};
  }

  std::atomic<uint64_t> asked{0};
  Mutex mu;
  CondVar opened;
  bool open ABSL_GUARDED_BY(mu) = false;
};

class MountLooksTest : public ::testing::Test {
 protected:
  ~MountLooksTest() override { gate_->Open(); }

  MountLooks::Target AtGate(const std::string& key) const {
    return {key, [gate = gate_] { return gate->Pass(); }};
  }
  static MountLooks::Target Free(const std::string& key, uint64_t files) {
    return {key, [files] { return ControlAnswer{1, Done{.files = files, .bytes = 0}}; }};
  }
  static uint64_t FilesOf(const Result<ControlAnswer>& answer) {
    return answer.ok() ? std::get<Done>(answer->what).files : 0;
  }

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

TEST_F(MountLooksTest, AnswersComeInTheOrderOfTheTargetsHoweverManyThereAre) {
  MountLooks looks(std::chrono::hours(1));
  std::vector<MountLooks::Target> targets;
  for (uint64_t i = 1; i <= 200; ++i) targets.push_back(Free(std::to_string(i), i));
  for (int round = 0; round < 2; ++round) {
    const Answers answers = looks.Ask(targets, -1);
    ASSERT_EQ(answers.size(), 200u);
    for (uint64_t i = 0; i < 200; ++i) EXPECT_EQ(FilesOf(answers[i]), i + 1);
  }
}

TEST_F(MountLooksTest, AnAnswerThatIsAnErrorIsAnError) {
  MountLooks looks(std::chrono::hours(1));
  const auto refuse = [] { return ControlAnswer{1, Status(Code::kDenied, "not for you")}; };
  EXPECT_EQ(looks.Ask({{"refuses", refuse}}, -1).at(0).code(), Code::kDenied);
}

TEST_F(MountLooksTest, WhoDoesNotAnswerIsAskedOnceAndHoldsNobodyUp) {
  MountLooks looks(Duration::zero());
  Answers answers;
  do {
    answers = looks.Ask({AtGate("slow"), Free("quick", 7)}, -1);
    EXPECT_EQ(answers.at(0).code(), Code::kTimedOut);
  } while (!answers.at(1).ok());
  EXPECT_EQ(FilesOf(answers.at(1)), 7u);
  for (int round = 0; round < 100; ++round) {
    EXPECT_EQ(looks.Ask({AtGate("slow")}, -1).at(0).code(), Code::kTimedOut);
  }
  EXPECT_LE(gate_->asked, 1u);

  gate_->Open();
  do {
    answers = looks.Ask({AtGate("slow")}, -1);
  } while (!answers.at(0).ok());
  EXPECT_EQ(FilesOf(answers.at(0)), 1u) << "what it was asked long ago";
  do {
    answers = looks.Ask({AtGate("slow")}, -1);
  } while (!answers.at(0).ok());
  EXPECT_EQ(FilesOf(answers.at(0)), 2u);
}

TEST_F(MountLooksTest, WhoWasLeftOutMeanwhileIsAskedAnew) {
  MountLooks looks(Duration::zero());
  (void)looks.Ask({AtGate("one")}, -1);
  (void)looks.Ask({AtGate("another")}, -1);
  (void)looks.Ask({AtGate("one")}, -1);
  while (gate_->asked < 3) std::this_thread::yield();
}

TEST_F(MountLooksTest, ItEndsAtOnceWhenItIsToldTo) {
  MountLooks looks(std::chrono::hours(1));
  const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
  const Answers answers = looks.Ask({AtGate("slow"), AtGate("slow as well")}, stop.get());
  EXPECT_EQ(answers.at(0).code(), Code::kInterrupted);
  EXPECT_EQ(answers.at(1).code(), Code::kInterrupted);
}

}  // namespace
}  // namespace brimfs
