#include "backends/response_validator.h"

#include <gtest/gtest.h>

#include "backends/http_date.h"

namespace brimfs {
namespace {

using Fields = std::initializer_list<std::pair<std::string, std::string>>;

const absl::Time kNow = absl::FromUnixSeconds(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr char kDate[] = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr char kLater[] = "Sun, 06 Nov 1994 08:49:38 GMT";

// Bytes [100, 200) of an object of 1000 bytes, ETag "v1", modified at kNow.
RangeQuestion Question() {
  RangeQuestion question;
  question.range = {100, 200};
  question.expected.etag = "\"v1\"";
  question.expected.last_modified = kNow;
  question.expected.length = 1000;
  return question;
}

RangeQuestion WithoutEtag() {
  RangeQuestion question = Question();
  question.expected.etag.clear();
  return question;
}

RangeQuestion WithoutValidator() {
  RangeQuestion question = WithoutEtag();
  question.expected.last_modified.reset();
  return question;
}

Result<RangeAnswer> Check(const RangeQuestion& question, int status, Fields fields) {
  return CheckRangeAnswer(question, {status, HttpHeaders(fields), ""}, kNow);
}

Code CodeOf(const RangeQuestion& question, int status, Fields fields) {
  return Check(question, status, fields).code();
}

TEST(ResponseValidatorTest, ThePartThatWasAskedForIsAccepted) {
  const auto answer = Check(Question(), 206,
                            {{"Content-Range", "bytes 100-199/1000"},
                             {"Content-Length", "100"},
                             {"ETag", "\"v1\""},
                             {"Last-Modified", kDate}});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->body, (Range{100, 200}));
  EXPECT_EQ(answer->version.etag, "\"v1\"");
  EXPECT_EQ(answer->version.length, 1000u);
  EXPECT_EQ(answer->version.last_modified, kNow);
}

TEST(ResponseValidatorTest, APartNeedNotStateItsContentLength) {
  EXPECT_EQ(CodeOf(Question(), 206, {{"Content-Range", "bytes 100-199/1000"}, {"ETag", "\"v1\""}}),
            Code::kOk);
}

TEST(ResponseValidatorTest, ALengthThatWasUnknownComesFromTheAnswer) {
  RangeQuestion question = Question();
  question.expected.length.reset();
  const auto answer =
      Check(question, 206, {{"Content-Range", "bytes 100-199/700"}, {"ETag", "\"v1\""}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->version.length, 700u);
}

TEST(ResponseValidatorTest, APartWithAnyOtherContentRangeIsRefused) {
  for (const char* content_range :
       {"bytes 99-199/1000", "bytes 101-199/1000", "bytes 100-198/1000", "bytes 100-200/1000",
        "bytes 0-999/1000", "bytes 100-199/*", "bytes */1000", "items 100-199/1000", "",
        "bytes 100-199/1001", "bytes 100-199/999"}) {
    EXPECT_EQ(CodeOf(Question(), 206, {{"Content-Range", content_range}, {"ETag", "\"v1\""}}),
              Code::kProtocol)
        << content_range;
  }
}

TEST(ResponseValidatorTest, APartThatContradictsItselfIsRefused) {
  const std::pair<std::string, std::string> good = {"Content-Range", "bytes 100-199/1000"};
  const std::pair<std::string, std::string> etag = {"ETag", "\"v1\""};
  EXPECT_EQ(CodeOf(Question(), 206, {etag}), Code::kProtocol) << "no Content-Range";
  EXPECT_EQ(CodeOf(Question(), 206, {good, etag, {"Content-Range", "bytes 0-99/1000"}}),
            Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 206, {good, etag, {"Content-Length", "99"}}), Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 206, {good, etag, {"Content-Length", "101"}}), Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 206, {good, etag, {"Content-Length", "x"}}), Code::kProtocol);
  EXPECT_EQ(
      CodeOf(Question(), 206, {good, etag, {"Content-Length", "100"}, {"Content-Length", "5"}}),
      Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 206, {good, etag, {"ETag", "\"v2\""}}), Code::kProtocol);
  EXPECT_EQ(
      CodeOf(Question(), 206, {good, etag, {"Content-Type", "multipart/byteranges; boundary=x"}}),
      Code::kProtocol);
}

TEST(ResponseValidatorTest, AnotherVersionIsStaleEvenWhereTheServerIgnoresPreconditions) {
  const std::pair<std::string, std::string> good = {"Content-Range", "bytes 100-199/1000"};
  EXPECT_EQ(CodeOf(Question(), 206, {good, {"ETag", "\"v2\""}}), Code::kStale);
  EXPECT_EQ(CodeOf(Question(), 206, {good, {"ETag", "\"v2\""}, {"Last-Modified", kDate}}),
            Code::kStale);
  EXPECT_EQ(CodeOf(Question(), 206, {good, {"Last-Modified", kLater}}), Code::kStale);
  EXPECT_EQ(CodeOf(WithoutEtag(), 206, {good, {"Last-Modified", kLater}}), Code::kStale);
  EXPECT_EQ(CodeOf(WithoutEtag(), 206,
                   {{"Content-Range", "bytes 100-199/2000"}, {"Last-Modified", kDate}}),
            Code::kStale);
  EXPECT_EQ(CodeOf(WithoutValidator(), 206, {{"Content-Range", "bytes 100-199/2000"}}),
            Code::kStale);
}

TEST(ResponseValidatorTest, TheTimeDecidesWhereOneSideHasNoStrongEtag) {
  const std::pair<std::string, std::string> good = {"Content-Range", "bytes 100-199/1000"};
  EXPECT_EQ(CodeOf(Question(), 206, {good, {"Last-Modified", kDate}}), Code::kOk);
  EXPECT_EQ(CodeOf(Question(), 206, {good, {"ETag", "W/\"v1\""}, {"Last-Modified", kDate}}),
            Code::kOk);
  EXPECT_EQ(CodeOf(WithoutEtag(), 206, {good, {"ETag", "\"v9\""}, {"Last-Modified", kDate}}),
            Code::kOk);
}

TEST(ResponseValidatorTest, AMinuteOfAListingIsComparedAsAMinute) {
  RangeQuestion question = WithoutEtag();
  question.expected.last_modified = kNow - absl::Seconds(37);
  question.expected.precision = absl::Minutes(1);
  const std::pair<std::string, std::string> good = {"Content-Range", "bytes 100-199/1000"};
  EXPECT_EQ(CodeOf(question, 206, {good, {"Last-Modified", kDate}}), Code::kOk);
  EXPECT_EQ(CodeOf(question, 206, {good, {"Last-Modified", "Sun, 06 Nov 1994 08:50:00 GMT"}}),
            Code::kStale);
}

TEST(ResponseValidatorTest, AnAnswerThatDropsTheValidatorIsRefused) {
  EXPECT_EQ(CodeOf(Question(), 206, {{"Content-Range", "bytes 100-199/1000"}}), Code::kProtocol);
  EXPECT_EQ(CodeOf(WithoutEtag(), 206, {{"Content-Range", "bytes 100-199/1000"}}), Code::kProtocol);
}

TEST(ResponseValidatorTest, WithNoValidatorAtAllTheLengthHasToDo) {
  EXPECT_EQ(CodeOf(WithoutValidator(), 206, {{"Content-Range", "bytes 100-199/1000"}}), Code::kOk);
}

TEST(ResponseValidatorTest, TheWholeObjectIsTakenForWhatItIs) {
  const auto answer = Check(Question(), 200, {{"Content-Length", "1000"}, {"ETag", "\"v1\""}});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->body, (Range{0, 1000}));
}

TEST(ResponseValidatorTest, AWholeObjectThatDoesNotSayItsLengthHasTheOneThatIsExpected) {
  const auto answer = Check(Question(), 200, {{"ETag", "\"v1\""}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, (Range{0, 1000}));
  EXPECT_EQ(answer->version.length, std::nullopt);
  EXPECT_EQ(CodeOf(Question(), 200, {}), Code::kProtocol) << "and no validator";
}

TEST(ResponseValidatorTest, ATimeMayVouchForTheWholeObject) {
  EXPECT_EQ(CodeOf(WithoutEtag(), 200, {{"Content-Length", "1000"}, {"Last-Modified", kDate}}),
            Code::kOk);
}

TEST(ResponseValidatorTest, A200ThatIsNotCertainlyTheObjectIsRefused) {
  RangeQuestion no_length = Question();
  no_length.expected.length.reset();
  EXPECT_EQ(CodeOf(no_length, 200, {{"ETag", "\"v1\""}}), Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 200, {{"Content-Length", "999"}, {"ETag", "\"v1\""}}),
            Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 200, {{"Content-Length", "1000"}}), Code::kProtocol);
  EXPECT_EQ(CodeOf(WithoutValidator(), 200, {{"Content-Length", "1000"}}), Code::kProtocol);
  EXPECT_EQ(
      CodeOf(Question(), 200, {{"Content-Length", "230"}, {"Content-Type", "application/xml"}}),
      Code::kProtocol);
}

TEST(ResponseValidatorTest, A200OfAnotherVersionIsStale) {
  EXPECT_EQ(CodeOf(Question(), 200, {{"Content-Length", "1000"}, {"ETag", "\"v2\""}}),
            Code::kStale);
  EXPECT_EQ(CodeOf(WithoutEtag(), 200, {{"Content-Length", "1000"}, {"Last-Modified", kLater}}),
            Code::kStale);
}

TEST(ResponseValidatorTest, AnEncodingStoredWithTheObjectIsPartOfItsBytes) {
  EXPECT_EQ(CodeOf(Question(), 206,
                   {{"Content-Range", "bytes 100-199/1000"},
                    {"Content-Encoding", "x-gzip"},
                    {"ETag", "\"v1\""}}),
            Code::kOk);
}

TEST(ResponseValidatorTest, AnEncodingMadeUpOnTheWayIsRefused) {
  RangeQuestion unknown = Question();
  unknown.expected.length.reset();
  EXPECT_EQ(CodeOf(unknown, 206,
                   {{"Content-Range", "bytes 100-199/400"},
                    {"Content-Encoding", "gzip"},
                    {"ETag", "\"v1\""}}),
            Code::kProtocol);
  EXPECT_EQ(CodeOf(Question(), 200, {{"Content-Encoding", "gzip"}, {"ETag", "W/\"v1\""}}),
            Code::kProtocol);
}

TEST(ResponseValidatorTest, IdentityIsNoEncoding) {
  RangeQuestion unknown = Question();
  unknown.expected.length.reset();
  EXPECT_EQ(CodeOf(unknown, 206,
                   {{"Content-Range", "bytes 100-199/400"},
                    {"Content-Encoding", "identity"},
                    {"ETag", "\"v1\""}}),
            Code::kOk);
}

TEST(ResponseValidatorTest, EachStatusHasItsMeaning) {
  const struct {
    int status;
    Code in_a_read;
    Code elsewhere;
  } kCases[] = {
      {401, Code::kDenied, Code::kDenied},           {403, Code::kDenied, Code::kDenied},
      {407, Code::kDenied, Code::kDenied},           {404, Code::kStale, Code::kNotFound},
      {410, Code::kStale, Code::kNotFound},          {412, Code::kStale, Code::kProtocol},
      {416, Code::kStale, Code::kProtocol},          {408, Code::kUnavailable, Code::kUnavailable},
      {425, Code::kUnavailable, Code::kUnavailable}, {429, Code::kUnavailable, Code::kUnavailable},
      {500, Code::kUnavailable, Code::kUnavailable}, {502, Code::kUnavailable, Code::kUnavailable},
      {503, Code::kUnavailable, Code::kUnavailable}, {504, Code::kUnavailable, Code::kUnavailable},
      {204, Code::kProtocol, Code::kProtocol},       {304, Code::kProtocol, Code::kProtocol},
      {400, Code::kProtocol, Code::kProtocol},       {501, Code::kProtocol, Code::kProtocol},
      {999, Code::kProtocol, Code::kProtocol},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(CodeOf(Question(), c.status, {}), c.in_a_read) << c.status;
    EXPECT_EQ(CheckStatus({c.status, {}, ""}, kNow).code(), c.elsewhere) << c.status;
  }
}

TEST(ResponseValidatorTest, ARetryKeepsTheTimeThatTheServerNamed) {
  EXPECT_EQ(Check(Question(), 503, {{"Retry-After", "2"}}).status().retry_after(),
            std::chrono::seconds(2));
  EXPECT_EQ(Check(Question(), 429, {{"Retry-After", kLater}}).status().retry_after(),
            std::chrono::seconds(1));
  EXPECT_EQ(Check(Question(), 503, {{"Retry-After", "soon"}}).status().retry_after(),
            std::chrono::seconds(0));
}

TEST(ResponseValidatorTest, ThePreconditionIsTheStrongestThatIsKnown) {
  EXPECT_EQ(Preconditions(Question().expected), std::vector<std::string>{"If-Match: \"v1\""});
  EXPECT_EQ(Preconditions(WithoutEtag().expected),
            std::vector<std::string>{std::string("If-Unmodified-Since: ") + kDate});
  EXPECT_TRUE(Preconditions(WithoutValidator().expected).empty());
}

TEST(ResponseValidatorTest, AWeakEtagOrAMinuteIsNoPrecondition) {
  Version version = WithoutValidator().expected;
  version.etag = "W/\"v1\"";
  EXPECT_TRUE(Preconditions(version).empty());
  version.last_modified = kNow;
  version.precision = absl::Minutes(1);
  EXPECT_TRUE(Preconditions(version).empty());
}

// kNow is the local clock; kDate is the same second, as the server has it.
bool Racy(Fields fields, absl::Time now = kNow) {
  return StatedVersion(HttpHeaders(fields), std::nullopt, now).racy;
}

TEST(ResponseValidatorTest, WhatWasModifiedASecondBeforeTheAnswerIsRacy) {
  const std::string second_before = FormatDate(kNow - absl::Seconds(1));
  EXPECT_TRUE(Racy({{"Date", kDate}, {"Last-Modified", kDate}}));
  EXPECT_TRUE(Racy({{"Date", kDate}, {"Last-Modified", second_before}}));
  EXPECT_TRUE(Racy({{"Date", kDate}, {"Last-Modified", kLater}}));  // clocks differ
  EXPECT_FALSE(Racy({{"Date", kDate}, {"Last-Modified", FormatDate(kNow - absl::Seconds(2))}}));
}

TEST(ResponseValidatorTest, AStrongEtagBesideARacyTimeDoesNotSettleIt) {
  EXPECT_TRUE(Racy({{"Date", kDate}, {"Last-Modified", kDate}, {"ETag", "\"v1\""}}));
}

TEST(ResponseValidatorTest, WithoutADateTheLocalClockTells) {
  EXPECT_TRUE(Racy({{"Last-Modified", kDate}}, kNow + absl::Seconds(1)));
  EXPECT_FALSE(Racy({{"Last-Modified", kDate}}, kNow + absl::Seconds(2)));
  EXPECT_TRUE(Racy({{"Last-Modified", kDate}, {"Date", "today"}}, kNow));
}

TEST(ResponseValidatorTest, TheServersClockCountsAndNotTheLocalOne) {
  EXPECT_TRUE(Racy({{"Date", kDate}, {"Last-Modified", kDate}}, kNow + absl::Hours(1)));
  const std::string hour_before = FormatDate(kNow - absl::Hours(1));
  EXPECT_FALSE(Racy({{"Date", kDate}, {"Last-Modified", hour_before}}, kNow - absl::Hours(1)));
}

TEST(ResponseValidatorTest, WithoutATimeOnlyAStrongEtagIsSettled) {
  EXPECT_FALSE(Racy({{"Date", kDate}, {"ETag", "\"v1\""}}));
  EXPECT_TRUE(Racy({{"Date", kDate}, {"ETag", "W/\"v1\""}}));
  EXPECT_TRUE(Racy({{"Date", kDate}}));
}

TEST(ResponseValidatorTest, TheAnswersVersionSaysThatItIsRacy) {
  const auto answer = Check(Question(), 206,
                            {{"Content-Range", "bytes 100-199/1000"},
                             {"ETag", "\"v1\""},
                             {"Date", kLater},
                             {"Last-Modified", kDate}});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_TRUE(answer->version.racy);
}

}  // namespace
}  // namespace brimfs
