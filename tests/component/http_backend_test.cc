// Stat and List over servers that are slow, forbid things, or say little.
#include "backends/http_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/canned_server.h"
#include "tests/support/origin.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Phase = OriginFault::Phase;

OriginFault Fault(const std::string& name, const std::string& argument = {}, int count = 1,
                  Phase phase = Phase::kAny) {
  return {
      .name = name, .argument = argument, .phase = phase, .after = {}, .count = count, .path = ""};
}

class HttpBackendTest : public testing::Test {
 protected:
  HttpBackendTest() {
    limits_.deadline = Clock::Steady().Now() + seconds(60);
    EXPECT_TRUE(origin_.Start().ok());
    origin_.PutOracle("dir/file", 1000);
  }

  std::unique_ptr<HttpBackend> Open(const std::string& url, int metadata_connections = 8) {
    return std::make_unique<HttpBackend>(*ParseUrl(url), HttpClient::Options{},
                                         metadata_connections);
  }

  Result<ObjectInfo> Stat() { return Open(origin_.url())->Stat("dir/file", limits_); }

  Status List(std::vector<std::string>& names) {
    return Open(origin_.url())
        ->List(
            "dir", [&names](const ListedName& name) { names.push_back(name.name); },
            [&names] { names.clear(); }, limits_);
  }

  CallLimits limits_;
  Origin origin_;
};

TEST_F(HttpBackendTest, AFileCostsOneHead) {
  EXPECT_EQ(Stat()->version.length, 1000u);
  EXPECT_EQ(origin_.counters().requests, 1u);
  EXPECT_EQ(origin_.seen().front().method, "HEAD");
}

TEST_F(HttpBackendTest, ADirectoryIsKnownByItsRedirectWhichIsNotFollowed) {
  EXPECT_EQ(Open(origin_.url())->Stat("dir", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_EQ(origin_.counters().requests, 1u);
}

TEST_F(HttpBackendTest, TheSourceItselfIsADirectoryWithoutAsking) {
  EXPECT_EQ(Open(origin_.url())->Stat("", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_EQ(origin_.counters().requests, 0u);
}

TEST_F(HttpBackendTest, WhereHeadIsRefusedTheFirstByteTellsTheLength) {
  for (const char* status : {"405", "501", "403", "400"}) {
    origin_.Inject(Fault("status", status));
    const auto info = Stat();
    ASSERT_TRUE(info.ok()) << status << ": " << info.status().ToString();
    EXPECT_EQ(info->version.length, 1000u);
    EXPECT_TRUE(info->version.HasStrongEtag());
    EXPECT_EQ(origin_.seen().back().headers.at("range"), "bytes=0-0");
  }
}

TEST_F(HttpBackendTest, ALengthOfZeroIsNotBelievedUntilTheFirstByteIsNotThere) {
  CannedServer server({"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 0\r\n\r\n",
                       "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: 1\r\n"
                       "Content-Range: bytes 0-0/1000\r\n\r\nx"});
  EXPECT_EQ(Open(server.url())->Stat("file", limits_)->version.length, 1000u);
  origin_.PutBytes("dir/file", "");
  EXPECT_EQ(Stat()->version.length, 0u);

  // npm's http-server has no Content-Range in it.
  CannedServer empty({"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 0\r\n\r\n",
                      "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(Open(empty.url())->Stat("file", limits_)->version.length, 0u);
}

TEST_F(HttpBackendTest, WhatIsNotFoundUnderHeadIsAskedAgainOnlyIfItHasAQuery) {
  const std::string missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  CannedServer server({missing,
                       "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n"
                       "Content-Range: bytes 0-0/1000\r\n\r\nx",
                       missing});
  const auto queried = Open(server.url() + "download?id=7");
  EXPECT_EQ(queried->Stat("", limits_)->version.length, 1000u);
  EXPECT_EQ(queried->Stat("", limits_).code(), Code::kNotFound);
  EXPECT_EQ(server.requests().size(), 4u);
  EXPECT_EQ(Open(server.url())->Stat("file", limits_).code(), Code::kNotFound);
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST_F(HttpBackendTest, AHeadWithoutLengthIsFollowedByTheFirstByte) {
  origin_.Inject(Fault("no-length"));
  EXPECT_EQ(Stat()->version.length, 1000u);
  EXPECT_EQ(origin_.counters().requests, 2u);
}

TEST_F(HttpBackendTest, AnEmptyObjectHasNoFirstByteAndIsEmptyAllTheSame) {
  origin_.PutBytes("dir/file", "");
  origin_.Inject(Fault("head-refused"));
  EXPECT_EQ(Stat()->version.length, 0u);
}

TEST_F(HttpBackendTest, ALengthThatNobodySaysIsCounted) {
  const std::string head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n";
  for (const std::string& answer :
       {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        head + "\r\nabcde"}) {
    CannedServer server({answer});
    const auto info = Open(server.url())->Stat("file", limits_);
    ASSERT_TRUE(info.ok()) << info.status().ToString();
    EXPECT_EQ(info->version.length, 5u);
    EXPECT_EQ(info->version.etag, "\"v1\"");
    EXPECT_EQ(server.requests().size(), 3u);
    const auto backend = Open(server.url());
    BodyCollector sink;
    EXPECT_TRUE(backend->Connect()->Fetch({"file", {2, 4}, info->version}, sink, limits_).ok());
    EXPECT_EQ(sink.bytes, "abcde") << "there are no ranges where there is no length";
  }
}

TEST_F(HttpBackendTest, ACountThatWasCutIsNone) {
  CannedServer server(
      {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"});
  limits_.deadline = Clock::Steady().Now() + milliseconds(300);
  EXPECT_FALSE(Open(server.url())->Stat("file", limits_).ok());
}

TEST_F(HttpBackendTest, ALengthThatNobodySaysStaysUnknownWithoutAValidator) {
  CannedServer server({"HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n"});
  const auto info = Open(server.url())->Stat("file", limits_);
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->version.length, std::nullopt);
  EXPECT_EQ(info->version.etag, "W/\"v1\"");
}

TEST_F(HttpBackendTest, ForbiddenIsDeniedAndNeverNotFound) {
  for (const char* status : {"401", "403"}) {
    origin_.ClearFaults();
    origin_.Inject(Fault("status", status, OriginFault::kForEver));
    EXPECT_EQ(Stat().code(), Code::kDenied) << status;
    std::vector<std::string> names;
    EXPECT_EQ(List(names).code(), Code::kDenied) << status;
  }
}

TEST_F(HttpBackendTest, TroubleThatPassesIsNotSeen) {
  for (const char* status : {"503", "500", "429"}) {
    origin_.Inject(Fault("status", status, 2));
    EXPECT_EQ(Stat()->version.length, 1000u) << status;
    origin_.Inject(Fault("status", status, 2));
    std::vector<std::string> names;
    EXPECT_TRUE(List(names).ok()) << status;
    EXPECT_THAT(names, ElementsAre("file"));
  }
}

TEST_F(HttpBackendTest, AWaitBeyondTheDeadlineIsNotBegun) {
  origin_.Inject(Fault("status", "503,20", OriginFault::kForEver));
  limits_.deadline = Clock::Steady().Now() + seconds(10);
  const TimePoint start = Clock::Steady().Now();
  const Status status = Stat().status();
  EXPECT_EQ(status.code(), Code::kTimedOut);
  EXPECT_THAT(status.message(), HasSubstr("503"));
  EXPECT_LT(Clock::Steady().Now() - start, seconds(5));
}

TEST_F(HttpBackendTest, StopEndsTheWaitBetweenTwoTries) {
  origin_.Inject(Fault("status", "503,20", OriginFault::kForEver));
  std::stop_source stop;
  limits_.stop = stop.get_token();
  std::thread stopper([&] {
    while (origin_.counters().requests == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(Stat().code(), Code::kInterrupted);
  stopper.join();
}

TEST_F(HttpBackendTest, AListingThatBreaksOffAfterANameIsBegunAnew) {
  // Cut where the second name is to come.
  const std::string page =
      "<html><head><title>Index of /dir/</title></head><body><pre>"
      "<a href=\"a\">a</a>  20-Nov-2026 18:37  1\r\n<a href=\"b\">b</a>  20-Nov-2026 18:37  1\r\n";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ";
  const std::string rest = "</pre></body></html>";
  CannedServer server(
      {head + "9999\r\n\r\n" + page,
       head + std::to_string(page.size() + rest.size()) + "\r\n\r\n" + page + rest});
  std::vector<std::string> names;
  const Status status =
      Open(server.url())
          ->List(
              "dir", [&names](const ListedName& name) { names.push_back(name.name); },
              [&names] { names.emplace_back("anew"); }, limits_);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_THAT(names, ElementsAre("a", "anew", "a", "b"));
}

TEST_F(HttpBackendTest, FurtherTriesOfAllQuestionsTogetherAreLimited) {
  constexpr int kQuestions = 40;
  origin_.Inject(Fault("status", "503", OriginFault::kForEver));
  const auto backend = Open(origin_.url(), kQuestions);
  const TimePoint start = Clock::Steady().Now();
  limits_.deadline = start + seconds(2);
  std::vector<std::thread> threads;
  for (int i = 0; i < kQuestions; ++i) {
    threads.emplace_back([&, i] {
      const std::string path = "dir/file" + std::to_string(i);
      const Code code = i % 2 == 0 ? backend->Stat(path, limits_).code()
                                   : backend
                                         ->List(
                                             path, [](ListedName) {}, [] {}, limits_)
                                         .code();
      EXPECT_EQ(code, Code::kTimedOut);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = Clock::Steady().Now() - start;
  const RetryBudget::Options budget;
  EXPECT_LE(static_cast<double>(origin_.counters().requests),
            kQuestions + budget.most + budget.per_second * took.count());
}

TEST_F(HttpBackendTest, AnEncodedListingIsRefused) {
  CannedServer server(
      {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
       "Content-Length: 2\r\n\r\nxx"});
  EXPECT_EQ(Open(server.url())
                ->List(
                    "", [](ListedName) {}, [] {}, limits_)
                .code(),
            Code::kProtocol);
}

TEST_F(HttpBackendTest, APageThatIsNoListingIsUnsupported) {
  CannedServer server(
      {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
       "<html></html>"});
  EXPECT_EQ(Open(server.url())
                ->List(
                    "", [](ListedName) {}, [] {}, limits_)
                .code(),
            Code::kUnsupported);
}

TEST_F(HttpBackendTest, MetadataConnectionsAreSharedAndKept) {
  const auto backend = Open(origin_.url(), 2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_EQ(backend->Stat("dir/file", limits_)->version.length, 1000u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(origin_.counters().requests, 160u);
  EXPECT_LE(origin_.counters().connections, 2u);
}

TEST_F(HttpBackendTest, AWaitForAMetadataConnectionObeysStopAndDeadline) {
  origin_.CloseHeadGate("dir/file");
  const auto backend = Open(origin_.url(), 1);
  std::thread holder([&] { EXPECT_TRUE(backend->Stat("dir/file", limits_).ok()); });
  origin_.AwaitAtGate("dir/file", 1);

  CallLimits short_limits;
  short_limits.deadline = Clock::Steady().Now() + milliseconds(30);
  EXPECT_EQ(backend->Stat("dir/file", short_limits).code(), Code::kTimedOut);

  std::stop_source stop;
  CallLimits stopped_limits;
  stopped_limits.stop = stop.get_token();
  std::thread waiter(
      [&] { EXPECT_EQ(backend->Stat("dir/file", stopped_limits).code(), Code::kInterrupted); });
  stop.request_stop();
  waiter.join();
  origin_.OpenGate("dir/file");
  holder.join();
}

TEST_F(HttpBackendTest, TheQueryOfTheSourceGoesAlongAndIsNeverShown) {
  auto opened = OpenSource(origin_.url() + "dir/?token=s3cret", {}, limits_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  Backend& backend = *opened->backend;
  EXPECT_THAT(opened->identity, Not(HasSubstr("s3cret")));
  EXPECT_THAT(backend.DisplayUrl("file"), Not(HasSubstr("s3cret")));
  EXPECT_TRUE(backend.Stat("file", limits_).ok());
  const Status missing = backend.Stat("missing", limits_).status();
  EXPECT_THAT(missing.message(), HasSubstr("/dir/missing"));
  EXPECT_THAT(missing.message(), Not(HasSubstr("s3cret")));

  CannedServer server({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(Open(server.url() + "dir/?token=s3cret")->Stat("a b", limits_).code(), Code::kNotFound);
  EXPECT_THAT(server.requests().front(), HasSubstr("HEAD /dir/a%20b?token=s3cret HTTP/1.1"));
}

TEST_F(HttpBackendTest, MountingFailsAtOnceWhereNobodyAnswers) {
  const std::string url = origin_.url();
  origin_.Stop();
  const auto opened = OpenSource(url + "?token=s3cret", {}, limits_);
  EXPECT_EQ(opened.code(), Code::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr(url));
  EXPECT_THAT(opened.status().message(), Not(HasSubstr("s3cret")));
}

TEST_F(HttpBackendTest, ADirectoryWhoseListingIsForbiddenCanBeMounted) {
  origin_.SetIndex(Origin::Index::kNone);
  const auto opened = OpenSource(origin_.url() + "dir/", {}, limits_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->backend->Stat("file", limits_)->version.length, 1000u);
  EXPECT_EQ(opened->backend
                ->List(
                    "", [](ListedName) {}, [] {}, limits_)
                .code(),
            Code::kDenied);
}

TEST(RegistryTest, AnUnknownSchemeNamesTheKnownOnes) {
  const auto opened = OpenSource("gopher://host/", {}, {});
  EXPECT_EQ(opened.code(), Code::kInvalidArgument);
  for (const char* scheme : {"gopher", "file:", "http:", "https:"}) {
    EXPECT_THAT(opened.status().message(), HasSubstr(scheme));
  }
}

TEST(RegistryTest, CredentialsAreRefusedBeforeAnythingIsAsked) {
  const auto opened = OpenSource("https://me:s3cret@brimfs-test.invalid/", {}, {});
  EXPECT_EQ(opened.code(), Code::kInvalidArgument);
  EXPECT_THAT(opened.status().message(), Not(HasSubstr("s3cret")));
}

TEST(RegistryTest, FilesOfOtherHostsAreRefused) {
  EXPECT_EQ(OpenSource("file://server/share", {}, {}).code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSource("", {}, {}).code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSource("no/such/path:here", {}, {}).code(), Code::kNotFound);
}

}  // namespace
}  // namespace brimfs
