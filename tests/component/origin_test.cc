// The test origin, asked by curl: what the other tests lean on.
#include "tests/support/origin.h"

#include <gtest/gtest.h>

#include "tests/support/oracle.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

class OriginTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(origin_.Start().ok()); }

  // Head and body as they come.
  std::string Curl(const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {"curl", "-si", "--max-time", "30", origin_.url(path)};
    argv.insert(argv.end(), more.begin(), more.end());
    const Ran ran = RunCommand(argv);
    curl_code_ = ran.code;
    return ran.out;
  }

  void Inject(const std::string& text) {
    const Result<OriginFault> fault = ParseFault(text);
    ASSERT_TRUE(fault.ok()) << fault.status().message();
    origin_.Inject(*fault);
  }

  Origin origin_;
  int curl_code_ = 0;
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Text(uint64_t seed, const Range& range) {
  const std::vector<std::byte> bytes = OracleBytes(seed, range);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(OriginTest, SendsTheBytesThatWereAskedFor) {
  origin_.PutOracle("a b/c", 100000, 7);
  const std::string whole = Curl("a b/c");
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(whole.ends_with("\r\n\r\n" + Text(7, {0, 100000})));
  const std::string part = Curl("a b/c", {"-r", "500-1499"});
  EXPECT_TRUE(part.starts_with("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_TRUE(Has(part, "\r\nContent-Range: bytes 500-1499/100000\r\n"));
  EXPECT_TRUE(part.ends_with("\r\n\r\n" + Text(7, {500, 1500})));
  EXPECT_TRUE(Curl("a b/c", {"-r", "-10"}).ends_with("\r\n\r\n" + Text(7, {99990, 100000})));
  EXPECT_TRUE(Curl("a b/c", {"-r", "99990-"}).ends_with("\r\n\r\n" + Text(7, {99990, 100000})));
  EXPECT_TRUE(Has(Curl("a b/c", {"-r", "100000-"}), "Content-Range: bytes */100000\r\n"));
  EXPECT_TRUE(Curl("a b/c", {"-I"}).ends_with("\r\n\r\n"));
  EXPECT_TRUE(Curl("nothing").starts_with("HTTP/1.1 404 "));
}

TEST_F(OriginTest, ChecksPreconditions) {
  origin_.Put("x", {BytesContent("content"), "\"tag\"", 1600000000});
  const std::string time = HttpDate(1600000000);
  const std::string before = HttpDate(1599999999);
  const auto status = [&](const std::string& header, const std::string& range = "0-3") {
    return Curl("x", {"-H", header, "-r", range}).substr(9, 3);
  };
  EXPECT_EQ(status("If-Match: \"tag\""), "206");
  EXPECT_EQ(status("If-Match: \"other\", \"tag\""), "206");
  EXPECT_EQ(status("If-Match: \"other\""), "412");
  EXPECT_EQ(status("If-Match: W/\"tag\""), "412");
  EXPECT_EQ(status("If-Unmodified-Since: " + time), "206");
  EXPECT_EQ(status("If-Unmodified-Since: " + before), "412");
  EXPECT_EQ(status("If-Range: \"tag\""), "206");
  EXPECT_EQ(status("If-Range: \"other\""), "200");
  EXPECT_EQ(status("If-Range: " + time), "206");
  EXPECT_EQ(status("If-Range: " + before), "200");
}

TEST_F(OriginTest, GivesEveryPutAnotherVersion) {
  origin_.PutOracle("x", 10);
  const std::string first = Curl("x", {"-I"});
  origin_.PutOracle("x", 10);
  const std::string second = Curl("x", {"-I"});
  EXPECT_TRUE(Has(first, "ETag: \"put-1\"") && Has(second, "ETag: \"put-2\""));
}

TEST_F(OriginTest, ListsDirectories) {
  origin_.PutBytes("dir/<name>.txt", "123");
  origin_.PutBytes("dir/below/x", "");
  EXPECT_TRUE(Has(Curl("dir"), "Location: " + origin_.url("dir/")));
  const std::string html = Curl("dir/");
  EXPECT_TRUE(Has(html, "<a href=\"below/\">below/</a>"));
  EXPECT_TRUE(Has(html, "<a href=\"%3Cname%3E.txt\">&lt;name&gt;.txt</a>"));
  origin_.SetIndex(Origin::Index::kJson);
  EXPECT_TRUE(Has(Curl("dir/"), "\"name\": \"<name>.txt\",\n\"type\": \"file\""));
  origin_.SetIndex(Origin::Index::kNames);
  EXPECT_TRUE(Has(Curl("dir/"), "<li><a href=\"%3Cname%3E.txt\">&lt;name&gt;.txt</a></li>\n"));
  origin_.SetIndex(Origin::Index::kNone);
  EXPECT_TRUE(Curl("dir/").starts_with("HTTP/1.1 403 "));
}

TEST_F(OriginTest, CountsHowManyRequestsItHadToAnswerAtOnce) {
  origin_.PutOracle("x", 1000);
  origin_.CloseHeadGate("x");
  Process one({"curl", "-sN", origin_.url("x")});
  Process two({"curl", "-sN", origin_.url("x")});
  origin_.AwaitAtGate("x", 2);
  EXPECT_EQ(origin_.counters().answering, 2u);
  origin_.OpenGate("x");
  EXPECT_EQ(one.Wait(), 0);
  EXPECT_EQ(two.Wait(), 0);
  EXPECT_EQ(origin_.counters().answering, 0u);
  EXPECT_EQ(origin_.counters().peak, 2u);
}

TEST_F(OriginTest, HoldsAnswersAtItsGates) {
  origin_.PutOracle("x", 1000);
  origin_.CloseGate("x", 600);
  Process held({"curl", "-sN", origin_.url("x")});
  origin_.AwaitAtGate("x", 1);
  EXPECT_EQ(origin_.counters().body_bytes, 600u);
  origin_.OpenGate("x");
  EXPECT_EQ(held.Wait(), 0);
  EXPECT_EQ(held.out(), Text(1, {0, 1000}));

  origin_.CloseHeadGate("x");
  Process silent({"curl", "-si", origin_.url("x")});
  origin_.AwaitAtGate("x", 1);
  EXPECT_EQ(silent.out(), "");
  origin_.Stop();  // ends whoever is held
  EXPECT_EQ(silent.Wait(), 52);
}

TEST_F(OriginTest, CountsWhatItDid) {
  origin_.PutOracle("x", 1000);
  Curl("x");
  Curl("x", {"-r", "0-9", "-H", "X-Canary: 1"});
  const Origin::Counters counters = origin_.counters();
  EXPECT_EQ(counters.connections, 2u);
  EXPECT_EQ(counters.paths.at("x").requests, 2u);
  EXPECT_EQ(counters.paths.at("x").ranged, 1u);
  EXPECT_EQ(counters.paths.at("x").body_bytes, 1010u);
  EXPECT_EQ(origin_.seen().back().headers.at("x-canary"), "1");
}

TEST_F(OriginTest, SpoilsAsManyAnswersAsItWasTold) {
  origin_.PutOracle("x", 1000);
  Inject("status=503,7:ranged:2");
  EXPECT_TRUE(Curl("x").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Has(Curl("x", {"-r", "0-9"}), "Retry-After: 7\r\n"));
  EXPECT_TRUE(Curl("x", {"-r", "0-9"}).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(Curl("x", {"-r", "0-9"}).starts_with("HTTP/1.1 206 "));
  EXPECT_EQ(origin_.counters().faults["status"], 2u);
}

TEST_F(OriginTest, SpoilsOneAnswerInSoMany) {
  origin_.PutOracle("x", 1000);
  Inject("status=503:any:1/3");
  std::string statuses;
  for (int i = 0; i < 6; ++i) statuses += Curl("x").substr(9, 3) + " ";
  EXPECT_EQ(statuses, "200 200 503 200 200 503 ");
}

TEST_F(OriginTest, BreaksAndTwistsAnswers) {
  constexpr int kPartialFile = 18;
  constexpr int kReset = 56;
  origin_.PutOracle("x", 1000);
  Inject("close:any@400:1");
  EXPECT_TRUE(Curl("x").ends_with("\r\n\r\n" + Text(1, {0, 400})));
  EXPECT_EQ(curl_code_, kPartialFile);
  Inject("reset:any:1");
  Curl("x");
  EXPECT_EQ(curl_code_, kReset);
  Inject("short:ranged:1");
  EXPECT_TRUE(Curl("x", {"-r", "0-99"}).ends_with("\r\n\r\n" + Text(1, {0, 50})));
  EXPECT_EQ(curl_code_, 0);
  Inject("shifted:ranged:1");
  EXPECT_TRUE(Curl("x", {"-r", "0-99"}).ends_with("\r\n\r\n" + Text(1, {1, 101})));
  Inject("wrong-content-range=total:ranged:1");
  EXPECT_TRUE(Has(Curl("x", {"-r", "0-99"}), "Content-Range: bytes 0-99/1001\r\n"));
  Inject("missing-content-range:ranged:1");
  EXPECT_FALSE(Has(Curl("x", {"-r", "0-99"}), "Content-Range"));
  Inject("redirect=http://localhost:1:any:1");
  EXPECT_TRUE(Has(Curl("x"), "Location: http://localhost:1/x\r\n"));
  Inject("head-refused:any:1");
  EXPECT_TRUE(Curl("x", {"-I"}).starts_with("HTTP/1.1 405 "));
}

TEST_F(OriginTest, BreaksAnAnswerWhereItWasTold) {
  constexpr int kEmptyReply = 52;
  constexpr int kPartialFile = 18;
  origin_.PutOracle("x", 1000);
  Inject("close:any@head:1");
  EXPECT_EQ(Curl("x"), "");
  EXPECT_EQ(curl_code_, kEmptyReply);
  Inject("close:any@in-head:1");
  EXPECT_FALSE(Has(Curl("x"), "\r\n\r\n"));
  Inject("close:any@first:1");
  EXPECT_TRUE(Curl("x").ends_with("\r\n\r\n"));
  Inject("close:ranged@middle:1");
  EXPECT_TRUE(Curl("x", {"-r", "100-199"}).ends_with("\r\n\r\n" + Text(1, {100, 150})));
  Inject("close:ranged@last:1");
  EXPECT_TRUE(Curl("x", {"-r", "100-199"}).ends_with("\r\n\r\n" + Text(1, {100, 199})));
  EXPECT_EQ(curl_code_, kPartialFile);
  Inject("drip=1:ranged@middle:1");
  EXPECT_TRUE(Curl("x", {"-r", "0-99"}).ends_with("\r\n\r\n" + Text(1, {0, 100})));
  Inject("chunked:any:1");
  EXPECT_TRUE(Curl("x").ends_with("\r\n\r\n" + Text(1, {0, 1000})));
  EXPECT_EQ(curl_code_, 0);
  Inject("chunked:any@middle:1");
  Curl("x");
  EXPECT_EQ(curl_code_, kPartialFile);
  Inject("shifted-range:ranged:1");
  const std::string shifted = Curl("x", {"-r", "0-99"});
  EXPECT_TRUE(Has(shifted, "Content-Range: bytes 1-100/1000\r\n"));
  EXPECT_TRUE(shifted.ends_with("\r\n\r\n" + Text(1, {1, 101})));
}

TEST(OriginFaultTest, MistakesInAFaultAreNamed) {
  EXPECT_FALSE(ParseFault("nonsense:any:1").ok());
  EXPECT_FALSE(ParseFault("reset:sometimes:1").ok());
  EXPECT_FALSE(ParseFault("reset:any:many").ok());
  EXPECT_FALSE(ParseFault("reset").ok());
  EXPECT_FALSE(ParseFault("reset:ranged@sometimes:1").ok());
  EXPECT_TRUE(ParseFault("reset:any:ever").ok());
  EXPECT_TRUE(ParseFault("reset:ranged@middle:ever").ok());
}

}  // namespace
}  // namespace brimfs
