#include "backends/s3_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "core/mutex.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

std::string PageOf(const std::string& key, const std::string& next = "") {
  std::string page = "<ListBucketResult><Contents><Key>" + key + "</Key><Size>1</Size></Contents>";
  if (!next.empty()) {
    page += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next +
            "</NextContinuationToken>";
  }
  return page + "</ListBucketResult>";
}

// A server that may be held up at a token.
class FakeList {
 public:
  // What it answers to a token, one after the other; the last again and again.
  void Put(const std::string& token, std::vector<std::string> answers) {
    answers_[token] = std::move(answers);
  }
  void HoldUp(const std::string& token) {
    MutexLock lock(mu_);
    held_up_ = token;
  }
  void AwaitAsked(const std::string& token) {
    MutexLock lock(mu_);
    while (std::find(asked_.begin(), asked_.end(), token) == asked_.end()) changed_.Wait(mu_);
  }
  std::vector<std::string> asked() const {
    MutexLock lock(mu_);
    return asked_;
  }

  S3Pages::Fetch fetch() {
    return [this](const std::string& token, const CallLimits& limits) {
      return Answer(token, limits);
    };
  }

 private:
  Result<std::string> Answer(const std::string& token, const CallLimits& limits) {
    const std::stop_callback wake(limits.stop, [this] {
      MutexLock lock(mu_);
      changed_.NotifyAll();
    });
    MutexLock lock(mu_);
    asked_.push_back(token);
    changed_.NotifyAll();
    while (held_up_ == token && !limits.stop.stop_requested()) changed_.Wait(mu_);
    if (limits.stop.stop_requested()) return Status(Code::kInterrupted, "stopped");
    std::vector<std::string>& answers = answers_.at(token);
    std::string answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    if (answer.empty()) return Status(Code::kUnavailable, "no answer");
    return answer;
  }

  mutable Mutex mu_;
  CondVar changed_;
  std::optional<std::string> held_up_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::vector<std::string>> answers_;
};

class S3PagesTest : public testing::Test {
 protected:
  S3PagesTest() { limits_.deadline = std::chrono::steady_clock::now() + seconds(60); }

  // The one key of the next page, or the error.
  static std::string Next(S3Pages& pages) {
    const auto next = pages.Next();
    return next.ok() ? next->page.objects.at(0).key : CodeName(next.code());
  }

  // All of them.
  std::vector<std::string> All() {
    S3Pages pages(list_.fetch(), limits_);
    std::vector<std::string> keys;
    while (!pages.ended() && keys.size() < 10) keys.push_back(Next(pages));
    return keys;
  }

  FakeList list_;
  CallLimits limits_;
};

TEST_F(S3PagesTest, PagesAreAskedForBeforeTheyAreWantedButNotManyOfThem) {
  list_.Put("", {PageOf("a", "2")});
  list_.Put("2", {PageOf("b", "3")});
  list_.Put("3", {PageOf("c", "4")});
  list_.Put("4", {PageOf("d")});
  S3Pages pages(list_.fetch(), limits_);
  list_.AwaitAsked("2");
  EXPECT_THAT(list_.asked(), ElementsAre("", "2"));
  EXPECT_EQ(Next(pages), "a");
  list_.AwaitAsked("3");
  EXPECT_EQ(Next(pages), "b");
  EXPECT_EQ(Next(pages), "c");
  EXPECT_FALSE(pages.ended());
  EXPECT_EQ(Next(pages), "d");
  EXPECT_TRUE(pages.ended());
  EXPECT_THAT(list_.asked(), ElementsAre("", "2", "3", "4"));
}

TEST_F(S3PagesTest, ATokenThatTakesParsingIsFollowedAsWell) {
  list_.Put("", {PageOf("a", "x&amp;y")});
  list_.Put("x&y", {PageOf("b")});
  EXPECT_THAT(All(), ElementsAre("a", "b"));
  EXPECT_THAT(list_.asked(), ElementsAre("", "x&y"));
}

TEST_F(S3PagesTest, APageThatCannotBeReadIsAskedForOnceMore) {
  list_.Put("", {PageOf("a", "2")});
  list_.Put("2", {"<ListBucketResult>", PageOf("b")});
  EXPECT_THAT(All(), ElementsAre("a", "b"));
  list_.Put("2", {"<ListBucketResult>"});
  S3Pages pages(list_.fetch(), limits_);
  EXPECT_EQ(Next(pages), "a");
  EXPECT_EQ(Next(pages), "protocol");
}

TEST_F(S3PagesTest, WhereAPageComesWithAnotherTokenAtItsSecondReadingThatOneIsFollowed) {
  const std::string broken = "<NextContinuationToken>old</NextContinuationToken>";
  list_.Put("", {broken, PageOf("a", "new")});
  list_.Put("old", {PageOf("no")});
  list_.Put("new", {PageOf("b")});
  EXPECT_THAT(All(), ElementsAre("a", "b"));
}

TEST_F(S3PagesTest, OneThatNamesItselfGoesInCircles) {
  list_.Put("", {PageOf("a", "2")});
  list_.Put("2", {PageOf("b", "2")});
  S3Pages pages(list_.fetch(), limits_);
  EXPECT_EQ(Next(pages), "a");
  EXPECT_EQ(Next(pages), "protocol");
}

TEST_F(S3PagesTest, AnErrorIsThatOfTheFetch) {
  list_.Put("", {PageOf("a", "2")});
  list_.Put("2", {""});
  S3Pages pages(list_.fetch(), limits_);
  EXPECT_EQ(Next(pages), "a");
  EXPECT_EQ(Next(pages), "unavailable");
  EXPECT_EQ(Next(pages), "protocol") << "there is nothing to wait for";
}

TEST_F(S3PagesTest, WhatIsUnderWayIsGivenUpAtTheEndAndWhenItIsStopped) {
  list_.Put("", {PageOf("a", "2")});
  list_.HoldUp("2");
  {
    S3Pages pages(list_.fetch(), limits_);
    EXPECT_EQ(Next(pages), "a");
    list_.AwaitAsked("2");
  }
  std::stop_source stop;
  limits_.stop = stop.get_token();
  S3Pages pages(list_.fetch(), limits_);
  EXPECT_EQ(Next(pages), "a");
  stop.request_stop();
  EXPECT_EQ(Next(pages), "interrupted");
}

}  // namespace
}  // namespace brimfs
