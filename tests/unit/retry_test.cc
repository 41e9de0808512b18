#include "core/retry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

Status Unavailable(milliseconds retry_after = milliseconds(0)) {
  return Status(Code::kUnavailable, "503").set_retry_after(retry_after);
}

struct RetryCase {
  std::string what;
  int attempt;
  Status error;
  Duration left;  // until the deadline
  double random;
  std::optional<Duration> expected;
};

TEST(RetryTest, EachRowOfTheTableIsAnsweredAsItSays) {
  const std::vector<RetryCase> table = {
      {"the second try is immediate", 1, Unavailable(), seconds(60), 0.5, milliseconds(0)},
      {"the third within the base", 2, Unavailable(), seconds(60), 0.5, milliseconds(25)},
      {"then doubled", 3, Unavailable(), seconds(60), 0.5, milliseconds(50)},
      {"and doubled again", 4, Unavailable(), seconds(60), 0.5, milliseconds(100)},
      {"jitter reaches down to nothing", 9, Unavailable(), seconds(60), 0, milliseconds(0)},
      {"the cap holds", 20, Unavailable(), seconds(60), 0.5, milliseconds(2500)},
      {"after any number of tries", 1000, Unavailable(), seconds(60), 0.5, milliseconds(2500)},
      {"the server names the time", 1, Unavailable(seconds(7)), seconds(60), 0.5, seconds(7)},
      {"but not any time", 1, Unavailable(seconds(900)), seconds(60), 0.5, seconds(30)},
      {"past the deadline is no use", 1, Unavailable(seconds(7)), seconds(7), 0.5, std::nullopt},
      {"nor is a try at the deadline", 1, Unavailable(), seconds(0), 0.5, std::nullopt},
      {"nor after it", 1, Unavailable(), seconds(-1), 0.5, std::nullopt},
      {"a contradiction may be chance", 1, Status(Code::kProtocol), seconds(60), 0.5,
       milliseconds(0)},
      {"even twice", 2, Status(Code::kProtocol), seconds(60), 0.5, milliseconds(25)},
      {"but not three times", 3, Status(Code::kProtocol), seconds(60), 0.5, std::nullopt},
      {"changed is final", 1, Status(Code::kStale), seconds(60), 0.5, std::nullopt},
      {"denied is final", 1, Status(Code::kDenied), seconds(60), 0.5, std::nullopt},
      {"a bad certificate is final", 1, Status(Code::kUntrusted), seconds(60), 0.5, std::nullopt},
      {"a full disk is final", 1, Status(Code::kNoSpace), seconds(60), 0.5, std::nullopt},
      {"the deadline is final", 1, Status(Code::kTimedOut), seconds(60), 0.5, std::nullopt},
  };
  const RetryPolicy policy;
  for (const RetryCase& row : table) {
    EXPECT_EQ(policy.NextWait(row.attempt, row.error, kNow, kNow + row.left, row.random),
              row.expected)
        << row.what;
  }
}

TEST(RetryTest, NoDeadlineIsNeverReached) {
  EXPECT_EQ(RetryPolicy().NextWait(1, Unavailable(), kNow, kNever, 0.5), Duration(0));
}

TEST(RetryTest, RandomFractionsAreInRangeAndDiffer) {
  const double first = RandomFraction();
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const double fraction = RandomFraction();
    ASSERT_GE(fraction, 0);
    ASSERT_LT(fraction, 1);
    differs |= fraction != first;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace brimfs
