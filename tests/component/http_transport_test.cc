#include "backends/http_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "backends/http_client.h"
#include "tests/support/canned_server.h"
#include "tests/support/nginx.h"
#include "tests/support/origin.h"
#include "tests/support/silent_resolver.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class Keeper : public HttpResponder {
 public:
  Status OnHead(const HttpHead& got) override {
    ++heads;
    head = got;
    return on_head;
  }
  Status OnBody(std::span<const std::byte> data) override {
    body.append(reinterpret_cast<const char*>(data.data()), data.size());
    return on_body;
  }

  Status on_head;
  Status on_body;

  int heads = 0;
  HttpHead head;
  std::string body;
};

class HttpTransportTest : public testing::Test {
 protected:
  HttpTransportTest() {
    limits_.deadline = Clock::Steady().Now() + seconds(60);
    EXPECT_TRUE(origin_.Start().ok());
  }

  Status Get(const std::string& url, Keeper& keeper) {
    HttpRequest request;
    request.url = *ParseUrl(url);
    return transport_.Perform(request, keeper, limits_);
  }

  Status GetCanned(const std::string& answer, Keeper& keeper) {
    CannedServer server({answer});
    return Get(server.url(), keeper);
  }

  Origin origin_;
  CallLimits limits_;
  HttpTransport transport_{HttpTransport::Options{}};
};

TEST_F(HttpTransportTest, TheConnectionIsKeptBetweenCalls) {
  origin_.PutBytes("file", "content");
  for (int i = 0; i < 5; ++i) {
    Keeper keeper;
    ASSERT_TRUE(Get(origin_.url("file"), keeper).ok());
    EXPECT_EQ(keeper.body, "content");
    EXPECT_EQ(keeper.head.status, 200);
    EXPECT_EQ(keeper.head.peer, "127.0.0.1");
  }
  EXPECT_EQ(origin_.counters().connections, 1u);
}

TEST_F(HttpTransportTest, ASmallRefusedAnswerLeavesTheConnectionUsable) {
  origin_.PutBytes("file", "content");
  for (int i = 0; i < 5; ++i) {
    Keeper keeper;
    keeper.on_head = Status(Code::kStale, "not this one");
    EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kStale);
    EXPECT_EQ(keeper.body, "");
  }
  EXPECT_EQ(origin_.counters().connections, 1u);
}

TEST_F(HttpTransportTest, ALargeRefusedAnswerIsNotReceived) {
  origin_.PutOracle("file", 1 << 30);
  Keeper keeper;
  keeper.on_head = Status(Code::kStale, "not this one");
  EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kStale);
  EXPECT_EQ(keeper.body, "");
  EXPECT_LT(origin_.counters().body_bytes, 64u << 20);
}

TEST_F(HttpTransportTest, EnoughEndsTheCallWell) {
  origin_.PutOracle("file", 1 << 30);
  Keeper keeper;
  keeper.on_body = Status(Code::kEof);
  EXPECT_TRUE(Get(origin_.url("file"), keeper).ok());
  EXPECT_LT(keeper.body.size(), 1u << 20);
}

TEST_F(HttpTransportTest, NoEncodingIsAskedFor) {
  origin_.PutBytes("file", "content");
  Keeper keeper;
  ASSERT_TRUE(Get(origin_.url("file"), keeper).ok());
  EXPECT_EQ(origin_.seen().front().headers["accept-encoding"], "identity");
}

class StopTest : public HttpTransportTest {
 protected:
  // From the request to stop until Get has returned with kInterrupted.
  Duration TimeToStop() {
    std::stop_source stop;
    limits_.stop = stop.get_token();
    TimePoint stopped;
    std::thread stopper([&] {
      origin_.AwaitAtGate("file", 1);
      stopped = Clock::Steady().Now();
      stop.request_stop();
    });
    Keeper keeper;
    EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kInterrupted);
    const TimePoint returned = Clock::Steady().Now();
    stopper.join();
    return returned - stopped;
  }
};

TEST_F(StopTest, StopEndsAWaitForTheHeadAtOnce) {
  origin_.PutOracle("file", 1 << 20);
  origin_.CloseHeadGate("file");
  EXPECT_LT(TimeToStop(), milliseconds(100));
}

TEST_F(StopTest, StopEndsAWaitForTheBodyAtOnce) {
  origin_.PutOracle("file", 1 << 20);
  origin_.CloseGate("file", 1000);
  EXPECT_LT(TimeToStop(), milliseconds(100));
}

TEST_F(StopTest, StopEndsAWaitForAnAddressWhileTheResolverIsSilent) {
  origin_.PutBytes("file", "content");
  const SilentResolver resolver;
  std::stop_source stop;
  limits_.stop = stop.get_token();
  TimePoint stopped;
  std::thread stopper([&] {
    resolver.AwaitAsked();
    stopped = Clock::Steady().Now();
    stop.request_stop();
  });
  Keeper keeper;
  EXPECT_EQ(Get(std::string("http://") + SilentResolver::kHost + "/", keeper).code(),
            Code::kInterrupted);
  const TimePoint returned = Clock::Steady().Now();
  stopper.join();
  EXPECT_LT(returned - stopped, milliseconds(100));
  limits_.stop = {};
  EXPECT_TRUE(Get(origin_.url("file"), keeper).ok()) << "it is free for the next request";
  EXPECT_EQ(keeper.body, "content");
  EXPECT_EQ(resolver.waiting(), 1u);
}

TEST_F(StopTest, AConnectionIsFreeForTheNextRequestWhileTheServerStillStalls) {
  origin_.PutOracle("file", 1 << 20);
  origin_.PutBytes("other", "content");
  origin_.CloseGate("file", 1000);
  TimeToStop();
  limits_.stop = {};
  Keeper keeper;
  EXPECT_TRUE(Get(origin_.url("other"), keeper).ok());
  EXPECT_EQ(keeper.body, "content");
}

TEST_F(HttpTransportTest, SilenceBeforeTheHeadIsUnavailable) {
  origin_.PutBytes("file", "content");
  origin_.CloseHeadGate("file");
  limits_.first_byte = milliseconds(50);
  Keeper keeper;
  const Status status = Get(origin_.url("file"), keeper);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("50 ms"));
}

TEST_F(HttpTransportTest, SilenceInTheBodyIsUnavailableAndWhatCameIsKept) {
  origin_.PutOracle("file", 1 << 20);
  origin_.CloseGate("file", 1000);
  limits_.stall = milliseconds(50);
  Keeper keeper;
  EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kUnavailable);
  EXPECT_EQ(keeper.body.size(), 1000u);
}

TEST_F(HttpTransportTest, ABodyThatDripsIsUnavailable) {
  origin_.PutOracle("file", 1 << 20);
  origin_.Inject(*ParseFault("drip=5:any@first:ever"));
  limits_.stall = milliseconds(100);
  Keeper keeper;
  EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kUnavailable);
  EXPECT_LT(keeper.body.size(), kLeastProgress);
}

TEST_F(HttpTransportTest, TheDeadlineIsTimedOutAtTheHeadAndInTheBody) {
  origin_.PutOracle("file", 1 << 20);
  for (const bool at_head : {true, false}) {
    at_head ? origin_.CloseHeadGate("file") : origin_.CloseGate("file", 1000);
    limits_.deadline = Clock::Steady().Now() + milliseconds(50);
    Keeper keeper;
    EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kTimedOut);
    EXPECT_GE(Clock::Steady().Now(), limits_.deadline);
  }
}

TEST_F(HttpTransportTest, AConnectionThatBreaksIsUnavailable) {
  origin_.PutOracle("file", 1 << 20);
  for (const char* fault : {"reset", "close"}) {
    for (const std::optional<uint64_t> after : {std::optional<uint64_t>(), std::optional(1000ul)}) {
      // Twice: on a connection that was used before, curl tries once more by itself.
      origin_.ClearFaults();
      origin_.Inject({.name = fault, .argument = "", .after = after, .count = 2, .path = ""});
      Keeper keeper;
      EXPECT_EQ(Get(origin_.url("file"), keeper).code(), Code::kUnavailable) << fault;
      EXPECT_LE(keeper.body.size(), 1000u);
    }
  }
}

TEST_F(HttpTransportTest, NobodyListeningAndNoSuchHostAreUnavailable) {
  Keeper keeper;
  const std::string url = origin_.url("file");
  origin_.Stop();
  EXPECT_EQ(Get(url, keeper).code(), Code::kUnavailable);
  const Status status = Get("http://brimfs-test.invalid/", keeper);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("brimfs-test.invalid"));
}

TEST_F(HttpTransportTest, APrivateAddressIsRefusedWhereOnlyPublicOnesMayBeAsked) {
  HttpRequest request;
  request.url = *ParseUrl(origin_.url("file"));
  request.public_addresses_only = true;
  Keeper keeper;
  EXPECT_EQ(transport_.Perform(request, keeper, limits_).code(), Code::kUntrusted);
  EXPECT_EQ(origin_.counters().connections, 0u);
}

TEST_F(HttpTransportTest, AnInterimAnswerIsNotTheAnswer) {
  Keeper keeper;
  ASSERT_TRUE(GetCanned("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX: 1\r\n\r\n"
                        "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nok",
                        keeper)
                  .ok());
  EXPECT_EQ(keeper.heads, 1);
  EXPECT_EQ(keeper.head.status, 206);
  EXPECT_EQ(keeper.head.headers.size(), 1u) << "fields of the interim answer";
  EXPECT_EQ(keeper.body, "ok");
}

TEST_F(HttpTransportTest, TrailersAreIgnored) {
  Keeper keeper;
  ASSERT_TRUE(GetCanned("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "2\r\nok\r\n0\r\nETag: \"late\"\r\n\r\n",
                        keeper)
                  .ok());
  EXPECT_EQ(keeper.heads, 1);
  EXPECT_EQ(keeper.head.headers.Find("ETag"), std::nullopt);
  EXPECT_EQ(keeper.body, "ok");
}

TEST_F(HttpTransportTest, ABodyShorterThanItsFramingIsUnavailable) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort"}) {
    Keeper keeper;
    EXPECT_EQ(GetCanned(answer, keeper).code(), Code::kUnavailable) << answer;
  }
}

TEST_F(HttpTransportTest, BytesBehindTheFramingAreNotOfTheBody) {
  Keeper keeper;
  EXPECT_TRUE(GetCanned("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", keeper).ok());
  EXPECT_EQ(keeper.body, "ok");
}

TEST_F(HttpTransportTest, AnEncodedBodyIsNotDecoded) {
  Keeper keeper;
  ASSERT_TRUE(
      GetCanned("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw", keeper)
          .ok());
  EXPECT_EQ(keeper.body, "raw");
}

TEST_F(HttpTransportTest, AHeadOutOfBoundsIsRefused) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (size_t i = 0; i <= kMaxHeadFields; ++i) many += "X: y\r\n";
  const std::string long_field =
      "HTTP/1.1 200 OK\r\nX: " + std::string(kMaxHeadBytes, 'x') + "\r\n";
  for (const std::string& head : {many, long_field}) {
    Keeper keeper;
    EXPECT_EQ(GetCanned(head + "Content-Length: 2\r\n\r\nok", keeper).code(), Code::kProtocol);
    EXPECT_EQ(keeper.heads, 0);
  }
}

TEST_F(HttpTransportTest, WhatIsNotHttpIsRefused) {
  for (const char* answer : {"220 mail.example ESMTP\r\n", "{}", "HTTP/9.9 200 OK\r\n\r\n"}) {
    Keeper keeper;
    EXPECT_EQ(GetCanned(answer, keeper).code(), Code::kProtocol) << answer;
    EXPECT_EQ(keeper.heads, 0);
  }
}

class TlsTest : public HttpTransportTest {
 protected:
  static Nginx::Options WithTls() {
    Nginx::Options options;
    options.tls = true;
    options.server_lines = "location /down { return 302 http://127.0.0.1/file; }\n";
    return options;
  }

  Status GetWith(const std::string& cacert, const std::string& url, Keeper& keeper) {
    HttpTransport::Options options;
    options.cacert = cacert;
    HttpTransport transport(options);
    HttpRequest request;
    request.url = *ParseUrl(url);
    return transport.Perform(request, keeper, limits_);
  }

  Nginx nginx_{WithTls()};
};

TEST_F(TlsTest, ACertificateOfTheGivenAuthorityIsTrusted) {
  WriteFile(nginx_.File("file"), "content");
  Keeper keeper;
  const Status status = GetWith(nginx_.cacert(), nginx_.https_url("file"), keeper);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(keeper.body, "content");
}

TEST_F(TlsTest, ACertificateOfAnUnknownAuthorityIsNot) {
  Keeper keeper;
  const Status status = GetWith("", nginx_.https_url("file"), keeper);
  EXPECT_EQ(status.code(), Code::kUntrusted);
  EXPECT_THAT(status.message(), HasSubstr("certificate"));
}

TEST_F(TlsTest, ACertificateForAnotherHostIsNot) {
  std::string url = nginx_.https_url("file");
  url.replace(url.find("127.0.0.1"), 9, "other.localhost");
  Keeper keeper;
  const Status status = GetWith(nginx_.cacert(), url, keeper);
  EXPECT_EQ(status.code(), Code::kUntrusted) << status.ToString();
}

TEST_F(TlsTest, ARedirectToPlainHttpIsNotFollowed) {
  HttpClient::Options options;
  options.transport.cacert = nginx_.cacert();
  HttpClient client(options);
  HttpRequest request;
  request.url = *ParseUrl(nginx_.https_url("down"));
  Keeper keeper;
  EXPECT_EQ(client.Perform(request, keeper, limits_).code(), Code::kUntrusted);
  EXPECT_EQ(keeper.heads, 0);
}

TEST_F(TlsTest, AnAuthorityFileThatIsNotThereIsUntrustedAndNamed) {
  Keeper keeper;
  const Status status = GetWith("/nowhere/ca.pem", nginx_.https_url("file"), keeper);
  EXPECT_EQ(status.code(), Code::kUntrusted);
  EXPECT_THAT(status.message(), HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace brimfs
