// What a wrong, broken or hostile server may answer to a request for a range (faults.md's first
// table): the right error, never a wrong byte, and the connection goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/http_connection.h"
#include "tests/support/body_collector.h"
#include "tests/support/canned_server.h"
#include "tests/support/oracle.h"
#include "tests/support/origin.h"

namespace brimfs {
namespace {

constexpr uint64_t kLength = 1 << 20;
constexpr Range kRange = {100'000, 300'000};

OriginFault Fault(const std::string& name, const std::string& argument = {},
                  std::optional<uint64_t> after = {}) {
  return {.name = name,
          .argument = argument,
          .after = after,
          .count = OriginFault::kForEver,
          .path = ""};
}

class HostileAnswersTest : public testing::Test {
 protected:
  HostileAnswersTest() {
    limits_.deadline = Clock::Steady().Now() + std::chrono::seconds(60);
    limits_.stall = std::chrono::milliseconds(100);
    EXPECT_TRUE(origin_.Start().ok());
    origin_.PutOracle("file", kLength);
    connection_.emplace(std::make_shared<UrlTree>(*ParseUrl(origin_.url())), HttpClient::Options{});
    BodyCollector sink;
    EXPECT_TRUE(connection_->Fetch({"file", {0, 1}, {}}, sink, limits_).ok());
    expected_ = sink.answer.value_or(Version{});
  }

  // Whatever arrives has to be right.
  Status Fetch(BodyCollector& sink) {
    Status status = connection_->Fetch({"file", kRange, expected_}, sink, limits_);
    EXPECT_EQ(FirstWrongByte(1, sink.begin, std::as_bytes(std::span(sink.bytes))), std::nullopt);
    EXPECT_TRUE(sink.bytes.empty() || sink.begin == sink.body.begin);
    EXPECT_LE(sink.bytes.size(), sink.body.size());
    EXPECT_TRUE(!status.ok() || sink.bytes.size() == sink.body.size());
    return status;
  }

  Origin origin_;
  CallLimits limits_;
  std::optional<HttpConnection> connection_;
  Version expected_;  // of "file", as an honest answer gave it
};

TEST_F(HostileAnswersTest, EachFaultHasItsErrorAndGivesNoWrongByte) {
  const struct {
    OriginFault fault;
    Code code;
    uint64_t bytes;  // that arrive before the error
  } kCases[] = {
      {Fault("wrong-content-range", "start"), Code::kProtocol, 0},
      {Fault("wrong-content-range", "end"), Code::kProtocol, 0},
      {Fault("wrong-content-range", "total"), Code::kProtocol, 0},
      {Fault("missing-content-range"), Code::kProtocol, 0},
      {Fault("short"), Code::kProtocol, 0},
      {Fault("long"), Code::kProtocol, 0},
      {Fault("xml-200"), Code::kProtocol, 0},
      {Fault("changing-etag"), Code::kStale, 0},
      {Fault("status", "404"), Code::kStale, 0},
      {Fault("status", "412"), Code::kStale, 0},
      {Fault("status", "416"), Code::kStale, 0},
      {Fault("status", "401"), Code::kDenied, 0},
      {Fault("status", "403"), Code::kDenied, 0},
      {Fault("status", "429"), Code::kUnavailable, 0},
      {Fault("status", "500"), Code::kUnavailable, 0},
      {Fault("status", "503"), Code::kUnavailable, 0},
      {Fault("status", "204"), Code::kProtocol, 0},
      {Fault("redirect-loop"), Code::kProtocol, 0},
      {Fault("redirect", "ftp://127.0.0.1"), Code::kProtocol, 0},
      {Fault("reset"), Code::kUnavailable, 0},
      {Fault("close"), Code::kUnavailable, 0},
      {Fault("close", "", 5000), Code::kUnavailable, 5000},
      {Fault("stall", "", 5000), Code::kUnavailable, 5000},
      // No fault for who checks: the whole object, and a body framed by the connection's end.
      {Fault("ignore-range"), Code::kOk, kLength},
      {Fault("no-length"), Code::kOk, kRange.size()},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.fault.name + " " + c.fault.argument);
    origin_.Inject(c.fault);
    BodyCollector spoiled;
    const Status status = Fetch(spoiled);
    EXPECT_EQ(status.code(), c.code) << status.ToString();
    EXPECT_EQ(spoiled.bytes.size(), c.bytes);
    EXPECT_EQ(spoiled.answer.has_value(), c.bytes > 0);

    origin_.ClearFaults();
    BodyCollector honest;
    const Status after = Fetch(honest);
    EXPECT_TRUE(after.ok()) << "the connection is spoiled: " << after.ToString();
  }
}

TEST_F(HostileAnswersTest, AResetKeepsWhatCameBefore) {
  origin_.Inject(Fault("reset", "", 5000));
  BodyCollector sink;
  EXPECT_EQ(Fetch(sink).code(), Code::kUnavailable);
  EXPECT_LE(sink.bytes.size(), 5000u);  // a reset may overtake bytes
}

TEST_F(HostileAnswersTest, AChangeIsSeenThoughTheServerIgnoresIfMatch) {
  origin_.Inject(Fault("ignore-if-match"));
  origin_.PutOracle("file", kLength, 2);
  BodyCollector sink;
  EXPECT_EQ(Fetch(sink).code(), Code::kStale);
  EXPECT_EQ(sink.bytes, "");
}

TEST_F(HostileAnswersTest, ARefusalCarriesTheTimeThatTheServerNamed) {
  origin_.Inject(Fault("status", "503,7"));
  BodyCollector sink;
  EXPECT_EQ(Fetch(sink).retry_after(), std::chrono::seconds(7));
}

TEST_F(HostileAnswersTest, ARedirectToAnotherHostIsFollowed) {
  Origin other;
  ASSERT_TRUE(other.Start().ok());
  other.Put("file", {OracleContent(1, kLength), expected_.etag, 0});
  const std::string base = other.url();
  origin_.Inject(Fault("redirect", base.substr(0, base.size() - 1)));
  BodyCollector sink;
  EXPECT_TRUE(Fetch(sink).ok());
  EXPECT_EQ(other.counters().requests, 1u);
}

TEST_F(HostileAnswersTest, ManyRedirectsAreFollowedAndOneMoreIsNot) {
  for (const int redirects : {5, 6}) {
    const std::string back = origin_.url().substr(0, origin_.url().size() - 1);
    OriginFault fault = Fault("redirect", back);
    fault.count = redirects;
    origin_.ClearFaults();
    origin_.Inject(fault);
    BodyCollector sink;
    EXPECT_EQ(Fetch(sink).code(), redirects == 5 ? Code::kOk : Code::kProtocol);
  }
}

// Answers that the origin does not know how to give.
TEST_F(HostileAnswersTest, BodiesThatDoNotFitTheirRangeAreRefused) {
  const std::string head =
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\nETag: \"v1\"\r\n";
  const struct {
    std::string answer;
    Code code;
  } kCases[] = {
      {head + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", Code::kOk},
      {head + "Transfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n0\r\n\r\n", Code::kProtocol},
      {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Code::kUnavailable},
      {head + "\r\nabcd", Code::kOk},
      {head + "\r\nabcdefgh", Code::kProtocol},
      {head + "\r\nab", Code::kUnavailable},
      {head + "Content-Length: 4\r\n\r\nab", Code::kUnavailable},
      {head + "Content-Type: multipart/byteranges; boundary=b\r\n\r\n--b", Code::kProtocol},
      {head + "Content-Encoding: gzip\r\n\r\nabcd", Code::kProtocol},
  };
  for (const auto& c : kCases) {
    CannedServer server({c.answer});
    HttpConnection connection(std::make_shared<UrlTree>(*ParseUrl(server.url())),
                              HttpClient::Options{});
    BodyCollector sink;
    EXPECT_EQ(connection.Fetch({"file", {0, 4}, {}}, sink, limits_).code(), c.code) << c.answer;
    EXPECT_TRUE(std::string("abcd").starts_with(sink.bytes)) << sink.bytes;
  }
}

TEST_F(HostileAnswersTest, TheRangeAndThePreconditionAreSent) {
  BodyCollector sink;
  ASSERT_TRUE(Fetch(sink).ok());
  const Origin::Seen seen = origin_.seen().back();
  EXPECT_EQ(seen.headers.at("range"), "bytes=100000-299999");
  EXPECT_EQ(seen.headers.at("if-match"), expected_.etag);
}

}  // namespace
}  // namespace brimfs
