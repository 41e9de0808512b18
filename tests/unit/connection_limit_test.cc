#include "core/connection_limit.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

Status Overloaded(std::chrono::milliseconds retry_after = {}) {
  return Status(Code::kUnavailable, "503").set_overloaded().set_retry_after(retry_after);
}

TEST(ConnectionLimitTest, BeingAskedToSpareTheServerCostsAConnection) {
  ConnectionLimit limit(16);
  limit.OnAnswer(Overloaded());
  EXPECT_EQ(limit.limit(), 15);
}

TEST(ConnectionLimitTest, HalfOfThemIfItNamesATime) {
  ConnectionLimit limit(16);
  limit.OnAnswer(Overloaded(std::chrono::seconds(1)));
  EXPECT_EQ(limit.limit(), 8);
}

TEST(ConnectionLimitTest, OneIsAlwaysLeft) {
  ConnectionLimit limit(16);
  for (int i = 0; i < 100; ++i) limit.OnAnswer(Overloaded());
  EXPECT_EQ(limit.limit(), 1);
}

TEST(ConnectionLimitTest, EightGoodAnswersWinOneBack) {
  ConnectionLimit limit(16);
  for (int i = 0; i < 100; ++i) limit.OnAnswer(Overloaded());
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(limit.OnAnswer(OkStatus()));
  EXPECT_TRUE(limit.OnAnswer(OkStatus()));
  EXPECT_EQ(limit.limit(), 2);
  for (int i = 0; i < 1000; ++i) limit.OnAnswer(OkStatus());
  EXPECT_EQ(limit.limit(), 16);
}

TEST(ConnectionLimitTest, OtherErrorsSayNothing) {
  ConnectionLimit limit(16);
  limit.OnAnswer(Overloaded());
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limit.OnAnswer(Status(Code::kUnavailable, "reset")));
  EXPECT_EQ(limit.limit(), 15);
}

TEST(ConnectionLimitTest, AServerThatRefusesOneInTwentyKeepsNearlyAll) {
  ConnectionLimit limit(16);
  for (int i = 0; i < 1000; ++i) limit.OnAnswer(i % 20 == 0 ? Overloaded() : OkStatus());
  EXPECT_GE(limit.limit(), 15);
}

}  // namespace
}  // namespace brimfs
