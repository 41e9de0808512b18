#include "backends/aws_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class WallClock {
 public:
  absl::Time Now() const {
    MutexLock lock(mu_);
    return now_;
  }
  void Advance(absl::Duration by) {
    MutexLock lock(mu_);
    now_ += by;
  }

 private:
  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_) = absl::FromUnixSeconds(1'800'000'000);
};

// Answers what it was told, and may be held before.
class FakeSource : public AwsKeySource {
 public:
  Result<AwsKeys> Find(const CallLimits& limits) override {
    const std::stop_callback wake(limits.stop, [this] {
      MutexLock lock(mu_);
      changed_.NotifyAll();
    });
    MutexLock lock(mu_);
    ++asked_;
    changed_.NotifyAll();
    while (closed_ && !limits.stop.stop_requested()) changed_.Wait(mu_);
    if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
    return answer_;
  }

  void Answer(Result<AwsKeys> answer) {
    MutexLock lock(mu_);
    answer_ = std::move(answer);
  }
  void CloseGate() {
    MutexLock lock(mu_);
    closed_ = true;
  }
  void OpenGate() {
    MutexLock lock(mu_);
    closed_ = false;
    changed_.NotifyAll();
  }
  void AwaitAsked(int times) {
    MutexLock lock(mu_);
    while (asked_ < times) changed_.Wait(mu_);
  }
  int asked() const {
    MutexLock lock(mu_);
    return asked_;
  }

 private:
  mutable Mutex mu_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int asked_ ABSL_GUARDED_BY(mu_) = 0;
  Result<AwsKeys> answer_ ABSL_GUARDED_BY(mu_) = Status(Code::kNotFound, "no keys yet");
};

class AwsCredentialsTest : public testing::Test {
 protected:
  using Keys = std::shared_ptr<const AwsKeys>;

  AwsCredentialsTest() { limits_.deadline = Clock::Steady().Now() + seconds(60); }

  AwsKeys KeysFor(const std::string& id, absl::Duration lifetime) const {
    return {.access_key_id = id,
            .secret_access_key = "secret of " + id,
            .session_token = "",
            .expires = wall_.Now() + lifetime};
  }

  // The id of the keys, or the error.
  std::string Id(const Result<Keys>& keys) {
    if (!keys.ok()) return keys.status().ToString();
    return *keys == nullptr ? "nothing" : (*keys)->access_key_id;
  }
  std::string Current() { return Id(credentials_.Current(limits_)); }

  // What `call` answers to each of so many threads.
  std::vector<std::string> InThreads(int count, const std::function<std::string()>& call,
                                     const std::function<void()>& meanwhile) {
    std::vector<std::string> answers(count);
    std::vector<std::thread> threads;
    threads.reserve(answers.size());
    for (std::string& answer : answers) threads.emplace_back([&] { answer = call(); });
    meanwhile();
    for (std::thread& thread : threads) thread.join();
    return answers;
  }

  WallClock wall_;
  FakeSource* source_ = new FakeSource;  // credentials_'s
  AwsCredentials credentials_{std::unique_ptr<AwsKeySource>(source_),
                              [this] { return wall_.Now(); }};
  CallLimits limits_;
};

TEST_F(AwsCredentialsTest, OneSearchFindsThemForThirtyTwoWhoWait) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  source_->CloseGate();
  const auto answers = InThreads(
      32, [this] { return Current(); },
      [this] {
        source_->AwaitAsked(1);
        source_->OpenGate();
      });
  EXPECT_THAT(answers, testing::Each("A"));
  EXPECT_EQ(source_->asked(), 1);
}

TEST_F(AwsCredentialsTest, ThoseThatHaveEndedAreRenewedOnceForThirtyTwoWhoWait) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Hours(2));
  source_->Answer(KeysFor("B", absl::Hours(1)));
  source_->CloseGate();
  const auto answers = InThreads(
      32, [this] { return Current(); },
      [this] {
        source_->AwaitAsked(2);
        source_->OpenGate();
      });
  EXPECT_THAT(answers, testing::Each("B"));
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, ThoseThatHoldAreNotLookedForAgain) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  EXPECT_EQ(Current(), "A");
  source_->Answer(KeysFor("B", absl::Hours(2)));
  wall_.Advance(absl::Hours(1) - AwsCredentials::kRenewBefore - absl::Seconds(1));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Seconds(1));
  EXPECT_EQ(Current(), "B");
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, WhileTheFirstRenewsThemTheOthersGoOn) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Minutes(56));
  source_->Answer(KeysFor("B", absl::Hours(1)));
  source_->CloseGate();
  std::string first;
  std::thread renewing([&] { first = Current(); });
  source_->AwaitAsked(2);
  EXPECT_EQ(Current(), "A");
  source_->OpenGate();
  renewing.join();
  EXPECT_EQ(first, "B");
  EXPECT_EQ(Current(), "B");
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, IfTheyCannotBeRenewedTheLogSaysSoAndTheyGoOn) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Minutes(56));
  source_->Answer(Status(Code::kUnavailable, "STS is away"));
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("cannot be renewed: STS is away"));
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_EQ(GetCapturedStderr(), "");
  EXPECT_EQ(source_->asked(), 2) << "asked again within the minute";

  wall_.Advance(absl::Minutes(1));
  source_->Answer(KeysFor("B", absl::Hours(1)));
  EXPECT_EQ(Current(), "B");
}

TEST_F(AwsCredentialsTest, OnceTheyHaveEndedTheErrorIsEverybodys) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Hours(2));
  source_->Answer(Status(Code::kUnavailable, "STS is away"));
  source_->CloseGate();
  const auto answers = InThreads(
      8, [this] { return Current(); },
      [this] {
        source_->AwaitAsked(2);
        source_->OpenGate();
      });
  EXPECT_THAT(answers, testing::Each("unavailable: STS is away"));
}

TEST_F(AwsCredentialsTest, ThoseFoundEndedAreTriedAndNotLookedForAtEveryRequest) {
  source_->Answer(KeysFor("A", -absl::Seconds(10)));
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("tried all the same"));
  EXPECT_EQ(Current(), "A");
  EXPECT_EQ(source_->asked(), 1);
  wall_.Advance(absl::Minutes(1));
  source_->Answer(Status(Code::kUnavailable, "STS is away"));
  EXPECT_EQ(Current(), "unavailable: STS is away");
  EXPECT_EQ(Current(), "unavailable: STS is away");
  source_->Answer(KeysFor("B", absl::Hours(1)));
  EXPECT_EQ(Current(), "B");
}

TEST_F(AwsCredentialsTest, WhoWaitsEndsByItsOwnLimits) {
  source_->CloseGate();
  std::thread looking([this] { Current(); });
  source_->AwaitAsked(1);

  CallLimits late = limits_;
  late.deadline = Clock::Steady().Now() + milliseconds(5);
  EXPECT_EQ(credentials_.Current(late).code(), Code::kTimedOut);

  std::stop_source stop;
  CallLimits stopped = limits_;
  stopped.stop = stop.get_token();
  Code code = Code::kOk;
  std::thread waiting([&] { code = credentials_.Current(stopped).code(); });
  stop.request_stop();
  waiting.join();
  EXPECT_EQ(code, Code::kInterrupted);

  source_->OpenGate();
  looking.join();
  EXPECT_EQ(source_->asked(), 1);
}

TEST_F(AwsCredentialsTest, IfWhoLooksIsStoppedAnotherLooks) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  source_->CloseGate();
  std::stop_source stop;
  CallLimits stopped = limits_;
  stopped.stop = stop.get_token();
  Code first = Code::kOk;
  std::thread looking([&] { first = credentials_.Current(stopped).code(); });
  source_->AwaitAsked(1);
  std::string second;
  std::thread waiting([&] { second = Current(); });
  stop.request_stop();
  looking.join();
  EXPECT_EQ(first, Code::kInterrupted);
  source_->AwaitAsked(2);
  source_->OpenGate();
  waiting.join();
  EXPECT_EQ(second, "A");
}

TEST_F(AwsCredentialsTest, OneSearchFindsOthersForThirtyTwoWhoWereRefused) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  const auto refused = credentials_.Current(limits_);
  source_->Answer(KeysFor("B", absl::Hours(1)));
  source_->CloseGate();
  const auto answers = InThreads(
      32, [&] { return Id(credentials_.Instead(*refused, limits_)); },
      [this] {
        source_->AwaitAsked(2);
        source_->OpenGate();
      });
  EXPECT_THAT(answers, testing::Each("B"));
  EXPECT_EQ(source_->asked(), 2);
  EXPECT_EQ(Current(), "B");
}

TEST_F(AwsCredentialsTest, OneSearchThatFindsTheSameIsEnoughForThirtyTwoWhoWereRefused) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  const auto refused = credentials_.Current(limits_);
  source_->Answer(KeysFor("A", absl::Hours(3)));
  source_->CloseGate();
  const auto answers = InThreads(
      32, [&] { return Id(credentials_.Instead(*refused, limits_)); },
      [this] {
        source_->AwaitAsked(2);
        source_->OpenGate();
      });
  EXPECT_THAT(answers, testing::Each("nothing"));
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, AWrongKeyIsLookedUpOnceAMinute) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  const auto refused = credentials_.Current(limits_);
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "nothing");
  source_->Answer(KeysFor("B", absl::Hours(1)));
  wall_.Advance(absl::Seconds(59));
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "nothing");
  EXPECT_EQ(source_->asked(), 2);
  wall_.Advance(absl::Seconds(1));
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "B");
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "B") << "they are there already";
  EXPECT_EQ(source_->asked(), 3);
}

TEST_F(AwsCredentialsTest, AFailedSearchForOthersIsAnErrorAndMayBeTriedAgain) {
  source_->Answer(KeysFor("A", absl::Hours(1)));
  const auto refused = credentials_.Current(limits_);
  source_->Answer(Status(Code::kUnavailable, "STS is away"));
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "unavailable: STS is away");
  source_->Answer(KeysFor("B", absl::Hours(1)));
  EXPECT_EQ(Id(credentials_.Instead(*refused, limits_)), "B");
}

}  // namespace
}  // namespace brimfs
