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

  // What a search finds from now on.
  void Have(const std::string& id, absl::Duration lifetime = absl::Hours(1)) {
    source_->Answer(AwsKeys{.access_key_id = id,
                            .secret_access_key = "secret of " + id,
                            .session_token = "",
                            .expires = wall_.Now() + lifetime});
  }
  void HaveTrouble() { source_->Answer(Status(Code::kUnavailable, "STS is away")); }

  // The id of the keys, or the error.
  std::string Id(const Result<Keys>& keys) {
    if (!keys.ok()) return keys.status().ToString();
    return *keys == nullptr ? "nothing" : (*keys)->access_key_id;
  }
  std::string Current() { return Id(credentials_.Current(limits_)); }

  std::string Instead(const Keys& refused) { return Id(credentials_.Instead(refused, limits_)); }

  // What `call` answers to each of so many threads, of which the `search`th search holds up all.
  std::vector<std::string> InThreads(int count, int search,
                                     const std::function<std::string()>& call) {
    source_->CloseGate();
    std::vector<std::string> answers(count);
    std::vector<std::thread> threads;
    threads.reserve(answers.size());
    for (std::string& answer : answers) threads.emplace_back([&] { answer = call(); });
    source_->AwaitAsked(search);
    source_->OpenGate();
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
  Have("A");
  const auto answers = InThreads(32, /*search=*/1, [this] { return Current(); });
  EXPECT_THAT(answers, testing::Each("A"));
  EXPECT_EQ(source_->asked(), 1);
}

TEST_F(AwsCredentialsTest, ThoseThatHaveEndedAreRenewedOnceForThirtyTwoWhoWait) {
  Have("A");
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Hours(2));
  Have("B");
  const auto answers = InThreads(32, /*search=*/2, [this] { return Current(); });
  EXPECT_THAT(answers, testing::Each("B"));
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, ThoseThatHoldAreNotLookedForAgain) {
  Have("A");
  EXPECT_EQ(Current(), "A");
  Have("B", absl::Hours(2));
  wall_.Advance(absl::Hours(1) - AwsCredentials::kRenewBefore - absl::Seconds(1));
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Seconds(1));
  EXPECT_EQ(Current(), "B");
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, WhileTheFirstRenewsThemTheOthersGoOn) {
  Have("A");
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Minutes(56));
  Have("B");
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
  Have("A");
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Minutes(56));
  HaveTrouble();
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("cannot be renewed: STS is away"));
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_EQ(GetCapturedStderr(), "");
  EXPECT_EQ(source_->asked(), 2) << "asked again within the minute";

  wall_.Advance(absl::Minutes(1));
  Have("B");
  EXPECT_EQ(Current(), "B");
}

TEST_F(AwsCredentialsTest, OnceTheyHaveEndedTheErrorIsEverybodys) {
  Have("A");
  EXPECT_EQ(Current(), "A");
  wall_.Advance(absl::Hours(2));
  HaveTrouble();
  const auto answers = InThreads(8, /*search=*/2, [this] { return Current(); });
  EXPECT_THAT(answers, testing::Each("unavailable: STS is away"));
}

TEST_F(AwsCredentialsTest, ThoseFoundEndedAreTriedAndNotLookedForAtEveryRequest) {
  Have("A", -absl::Seconds(10));
  CaptureStderr();
  EXPECT_EQ(Current(), "A");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("tried all the same"));
  EXPECT_EQ(Current(), "A");
  EXPECT_EQ(source_->asked(), 1);
  wall_.Advance(absl::Minutes(1));
  HaveTrouble();
  EXPECT_EQ(Current(), "unavailable: STS is away");
  EXPECT_EQ(Current(), "unavailable: STS is away");
  Have("B");
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
  Have("A");
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
  Have("A");
  const auto refused = credentials_.Current(limits_);
  Have("B");
  const auto answers = InThreads(32, /*search=*/2, [&] { return Instead(*refused); });
  EXPECT_THAT(answers, testing::Each("B"));
  EXPECT_EQ(source_->asked(), 2);
  EXPECT_EQ(Current(), "B");
}

TEST_F(AwsCredentialsTest, OneSearchThatFindsTheSameIsEnoughForThirtyTwoWhoWereRefused) {
  Have("A");
  const auto refused = credentials_.Current(limits_);
  Have("A", absl::Hours(3));
  const auto answers = InThreads(32, /*search=*/2, [&] { return Instead(*refused); });
  EXPECT_THAT(answers, testing::Each("nothing"));
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(AwsCredentialsTest, AWrongKeyIsLookedUpOnceAMinute) {
  Have("A");
  const auto refused = credentials_.Current(limits_);
  EXPECT_EQ(Instead(*refused), "nothing");
  Have("B");
  wall_.Advance(absl::Seconds(59));
  EXPECT_EQ(Instead(*refused), "nothing");
  EXPECT_EQ(source_->asked(), 2);
  wall_.Advance(absl::Seconds(1));
  EXPECT_EQ(Instead(*refused), "B");
  EXPECT_EQ(Instead(*refused), "B") << "they are there already";
  EXPECT_EQ(source_->asked(), 3);
}

TEST_F(AwsCredentialsTest, AFailedSearchForOthersIsAnErrorAndMayBeTriedAgain) {
  Have("A");
  const auto refused = credentials_.Current(limits_);
  HaveTrouble();
  EXPECT_EQ(Instead(*refused), "unavailable: STS is away");
  Have("B");
  EXPECT_EQ(Instead(*refused), "B");
}

}  // namespace
}  // namespace brimfs
