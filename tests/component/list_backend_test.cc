// A list of URLs as a source, over servers of our own.
#include "backends/list_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/origin.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ListBackendTest : public testing::Test {
 protected:
  ListBackendTest() {
    limits_.deadline = Clock::Steady().Now() + std::chrono::seconds(60);
    for (Origin* origin : {&here_, &there_}) EXPECT_TRUE(origin->Start().ok());
    here_.PutOracle("dir/a b", 1000, 1);
    there_.PutOracle("c", 2000, 2);
  }

  Result<OpenedSource> Open(const std::string& list, const BackendOptions& options = {}) {
    WriteFile(dir_ / "urls.txt", list);
    return OpenSource("list:" + (dir_ / "urls.txt"), options, limits_);
  }

  std::vector<std::string> List(Backend& backend, const std::string& path) {
    std::vector<std::string> names;
    const Status status = backend.List(
        path, [&names](const ListedName& name) { names.push_back(name.name); },
        [&names] { names.clear(); }, limits_);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return names;
  }

  TempDir dir_;
  Origin here_;
  Origin there_;
  CallLimits limits_;
};

TEST_F(ListBackendTest, NobodyIsAskedBeforeAFileIsWanted) {
  const auto opened = Open(here_.url() + "dir/a%20b\n" + there_.url() + "c named\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->single_file, "");
  EXPECT_EQ(opened->backend->Stat("", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_THAT(List(*opened->backend, ""), ElementsAre("a b", "named"));
  EXPECT_EQ(opened->backend->Stat("no such name", limits_).code(), Code::kNotFound);
  EXPECT_EQ(here_.counters().requests + there_.counters().requests, 0u);
}

TEST_F(ListBackendTest, FilesComeFromTheirOwnServersOverOneConnection) {
  const auto opened = Open(here_.url() + "dir/a%20b\n" + there_.url() + "c named\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  const auto connection = opened->backend->Connect();
  const struct {
    const char* name;
    uint64_t size;
  } kFiles[] = {{"a b", 1000}, {"named", 2000}, {"a b", 1000}};
  for (const auto& file : kFiles) {
    const auto info = opened->backend->Stat(file.name, limits_);
    ASSERT_TRUE(info.ok()) << info.status().ToString();
    EXPECT_EQ(info->version.length, file.size);
    BodyCollector sink;
    EXPECT_TRUE(connection->Fetch({file.name, {0, file.size}, info->version}, sink, limits_).ok());
    EXPECT_EQ(sink.bytes.size(), file.size);
  }
  EXPECT_GT(here_.counters().requests, 0u);
  EXPECT_GT(there_.counters().requests, 0u);
}

TEST_F(ListBackendTest, TheServerOfAFileIsThatOfItsUrl) {
  const auto opened =
      Open(here_.url() + "dir/a%20b\n" + there_.url() + "c named\n" + here_.url() + "d\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  Backend& backend = *opened->backend;
  EXPECT_EQ(&backend.HostOf("a b"), &backend.HostOf("d"));
  EXPECT_NE(&backend.HostOf("a b"), &backend.HostOf("named"));
}

TEST_F(ListBackendTest, AServerThatDoesNotAnswerKeepsNoQuestionFromTheOthers) {
  const auto opened = Open(here_.url() + "dir/a%20b\n" + there_.url() + "c named\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  here_.CloseHeadGate("dir/a b");
  constexpr size_t kEnough = 8;  // connections for metadata
  std::vector<std::thread> waiting;
  for (size_t i = 0; i < kEnough; ++i) {
    waiting.emplace_back([&] { EXPECT_TRUE(opened->backend->Stat("a b", limits_).ok()); });
  }
  here_.AwaitAtGate("dir/a b", kEnough);
  EXPECT_TRUE(opened->backend->Stat("named", limits_).ok());
  here_.OpenGate("dir/a b");
  for (std::thread& thread : waiting) thread.join();
}

TEST_F(ListBackendTest, AQueryIsSentAndNeverShown) {
  const auto opened =
      Open(there_.url() + "c?X-Signature=s3cret\n" + there_.url() + "missing?X-Signature=s3cret\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_TRUE(opened->backend->Stat("c", limits_).ok());
  EXPECT_THAT(there_.seen().back().target, HasSubstr("s3cret"));
  for (const char* path : {"", "c", "missing", "no such name"}) {
    EXPECT_THAT(opened->backend->DisplayUrl(path), Not(HasSubstr("s3cret")));
  }
  EXPECT_EQ(opened->backend->DisplayUrl("c"), there_.url() + "c");
  const Status missing = opened->backend->Stat("missing", limits_).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_THAT(missing.message(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(opened->identity, Not(HasSubstr("s3cret")));
}

TEST_F(ListBackendTest, AUrlOfADirectoryIsOne) {
  const auto opened = Open(here_.url() + "dir/\n");
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->backend->Stat("dir", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_THAT(List(*opened->backend, "dir"), ElementsAre("a b"));
  EXPECT_EQ(opened->backend->Stat("dir/a b", limits_)->version.length, 1000u);
  EXPECT_EQ(opened->backend->DisplayUrl("dir/a b"), here_.url() + "dir/a%20b");
}

TEST_F(ListBackendTest, TheCacheKnowsAnObjectByItsUrlInWhateverListAndUnderWhateverName) {
  const auto one = Open("http://h/x?id=1 one\nhttp://h/x?id=1 same\nhttp://h/x?id=2\nhttp://h/x y");
  const auto other = Open("HTTP://H:80/x?id=1");
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(one->identity, other->identity);
  const Backend& backend = *one->backend;
  EXPECT_EQ(backend.CacheKey("one"), backend.CacheKey("same"));
  EXPECT_EQ(backend.CacheKey("one"), other->backend->CacheKey("x"));
  EXPECT_NE(backend.CacheKey("one"), backend.CacheKey("x"));
  EXPECT_NE(backend.CacheKey("x"), backend.CacheKey("y"));
  EXPECT_EQ(backend.CacheKey("y"), "http://h/x");
  EXPECT_THAT(backend.CacheKey("one"), Not(HasSubstr("id=")));
}

TEST_F(ListBackendTest, CredentialsForSeveralServersAreRefused) {
  BackendOptions options;
  options.credentials = dir_ / "login";
  WriteFile(options.credentials, "username=me\npassword=s3cret\n");
  const auto several = Open(here_.url() + "dir/a%20b\n" + there_.url() + "c\n", options);
  EXPECT_EQ(several.code(), Code::kInvalidArgument);
  EXPECT_THAT(several.status().message(), HasSubstr("netrc="));
}

TEST_F(ListBackendTest, AListThatCannotBeReadIsNamedWithTheReason) {
  const auto missing = OpenSource("list:" + (dir_ / "nothing"), {}, limits_);
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr(dir_ / "nothing"));
  EXPECT_EQ(OpenSource("list:" + dir_.path(), {}, limits_).code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSource("list:/dev/null", {}, limits_).code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSource("list:", {}, limits_).code(), Code::kInvalidArgument);
  EXPECT_THAT(Open("http://h/a\nnonsense\n").status().message(), HasSubstr("urls.txt:2: "));
}

}  // namespace
}  // namespace brimfs
