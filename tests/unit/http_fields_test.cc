// The small parsers: dates, Retry-After, Content-Range, numbers, headers.
#include <gtest/gtest.h>

#include "backends/content_range.h"
#include "backends/http_date.h"
#include "backends/http_headers.h"
#include "backends/http_number.h"

namespace brimfs {
namespace {

const absl::Time kTime =
    absl::FromCivil(absl::CivilSecond(1994, 11, 6, 8, 49, 37), absl::UTCTimeZone());

TEST(HttpDateTest, AllThreeFormsAreRead) {
  EXPECT_EQ(ParseDate("Sun, 06 Nov 1994 08:49:37 GMT"), kTime);
  EXPECT_EQ(ParseDate("Sunday, 06-Nov-94 08:49:37 GMT"), kTime);
  EXPECT_EQ(ParseDate("Sun Nov  6 08:49:37 1994"), kTime);
}

TEST(HttpDateTest, WhatIsNoDateIsNothing) {
  for (const char* text : {"", "0", "yesterday", "Sun, 06 Nov 1994",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST"}) {
    EXPECT_EQ(ParseDate(text), std::nullopt) << text;
  }
}

TEST(HttpDateTest, TheFormWrittenIsThePreferredOne) {
  EXPECT_EQ(FormatDate(kTime + absl::Milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDateTest, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(ParseRetryAfter("120", kTime), absl::Seconds(120));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:47 GMT", kTime), absl::Seconds(10));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:27 GMT", kTime), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("99999999999999", kTime), absl::Hours(24));
  EXPECT_EQ(ParseRetryAfter("soon", kTime), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("-1", kTime), std::nullopt);
}

TEST(HttpNumberTest, DigitsAndNothingElse) {
  EXPECT_EQ(ParseNumber("0"), 0u);
  EXPECT_EQ(ParseNumber("9223372036854775807"), kMaxOffset);
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "1x", "0x1", "9223372036854775808", "99999999999999999999"}) {
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(ContentRangeTest, TheRangeBecomesHalfOpen) {
  const auto parsed = ParseContentRange("bytes 0-9/100");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->range, (Range{0, 10}));
  EXPECT_EQ(parsed->total, 100u);
}

TEST(ContentRangeTest, TotalOrRangeMayBeUnknownButNotBoth) {
  EXPECT_EQ(ParseContentRange("bytes 5-5/*")->total, std::nullopt);
  EXPECT_EQ(ParseContentRange("BYTES */0")->total, 0u);
  EXPECT_TRUE(ParseContentRange("bytes */7")->range.empty());
  EXPECT_FALSE(ParseContentRange("bytes */*"));
}

TEST(ContentRangeTest, NonsenseIsNothing) {
  for (const char* text :
       {"", "bytes", "bytes 0-9", "0-9/10", "items 0-9/10", "bytes 9-0/10", "bytes 0-10/10",
        "bytes -9/10", "bytes 0-/10", "bytes 0-9/-1", "bytes a-9/10", "bytes 0-9/10/11",
        "bytes 0-9223372036854775807/*", "bytes 0-18446744073709551615/18446744073709551616"}) {
    EXPECT_FALSE(ParseContentRange(text)) << text;
  }
}

TEST(HttpHeadersTest, NamesMatchInAnyCaseAndValuesAreTrimmed) {
  HttpHeaders headers;
  headers.Add("Content-Length", " \t12 ");
  EXPECT_EQ(headers.Find("content-length"), "12");
  EXPECT_EQ(headers.Find("content-lengt"), std::nullopt);
}

TEST(HttpHeadersTest, OnlyFieldsThatDifferConflict) {
  const HttpHeaders headers = {{"A", "1"}, {"a", "1"}, {"B", "1"}, {"b", "2"}};
  EXPECT_FALSE(headers.Conflicting("A"));
  EXPECT_TRUE(headers.Conflicting("B"));
  EXPECT_FALSE(headers.Conflicting("C"));
}

}  // namespace
}  // namespace brimfs
