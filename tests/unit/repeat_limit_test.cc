#include "core/repeat_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

class RepeatLimitTest : public testing::Test {
 protected:
  bool Admit(const std::string& line) { return limit_.Admit(line, LogLevel::kWarning, line, now_); }
  void Fill(const std::string& line) {
    for (uint64_t i = 0; i < RepeatLimit::kMost; ++i) ASSERT_TRUE(Admit(line));
  }

  RepeatLimit limit_;
  TimePoint now_{seconds(1000)};
};

TEST_F(RepeatLimitTest, LinesThatDifferInNumbersAndNamesAreOfOneKind) {
  const std::string kind = RepeatLimit::KindOf("http://h/a: bytes 0-65536: reset", {"http://h/a"});
  EXPECT_EQ(kind, RepeatLimit::KindOf("http://h/bb: bytes 7-9: reset", {"http://h/bb"}));
  EXPECT_NE(kind, RepeatLimit::KindOf("http://h/a: bytes 0-65536: refused", {"http://h/a"}));
  EXPECT_EQ(RepeatLimit::KindOf("slow [request 4FE]", {"", "4FE"}), "slow [request *]");
  EXPECT_NE(RepeatLimit::KindOf("status 503", {}), RepeatLimit::KindOf("status 403", {}));
}

TEST_F(RepeatLimitTest, TheFirstOfAKindAreWrittenAndTheOthersKeptBack) {
  Fill("reset");
  EXPECT_FALSE(Admit("reset"));
  EXPECT_TRUE(Admit("refused"));
}

TEST_F(RepeatLimitTest, WhatWasKeptBackIsToldOnceWhenTheTimeIsOver) {
  Fill("reset");
  EXPECT_FALSE(limit_.next_end());
  EXPECT_FALSE(limit_.Admit("reset", LogLevel::kWarning, "reset a", now_));
  EXPECT_FALSE(limit_.Admit("reset", LogLevel::kError, "reset b", now_));
  const TimePoint end = now_ + RepeatLimit::kWithin;
  EXPECT_EQ(limit_.next_end(), end);
  EXPECT_THAT(limit_.TakeEnded(end - seconds(1)), IsEmpty());
  const auto ended = limit_.TakeEnded(end);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].line, "reset b");
  EXPECT_EQ(ended[0].level, LogLevel::kError);
  EXPECT_EQ(ended[0].times, 2);
  EXPECT_THAT(limit_.TakeEnded(TimePoint::max()), IsEmpty());
  EXPECT_FALSE(limit_.next_end());
}

TEST_F(RepeatLimitTest, AKindBeginsAnewAfterItsTime) {
  Fill("reset");
  now_ += RepeatLimit::kWithin;
  EXPECT_THAT(limit_.TakeEnded(now_), IsEmpty());
  Fill("reset");
  EXPECT_FALSE(Admit("reset"));
}

TEST_F(RepeatLimitTest, TheKindsThatItKnowsAreBounded) {
  for (size_t i = 0; i < RepeatLimit::kKinds; ++i) ASSERT_TRUE(Admit(std::to_string(i)));
  for (uint64_t i = 0; i < RepeatLimit::kMost; ++i) {
    EXPECT_TRUE(Admit("one more than " + std::to_string(i)));
  }
  EXPECT_FALSE(Admit("all of these are of one kind"));
}

}  // namespace
}  // namespace brimfs
