#include "backends/url_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::shared_ptr<const UrlList> Parse(const std::string& text) {
  const auto list = UrlList::Parse(text, "urls.txt");
  EXPECT_TRUE(list.ok()) << list.status().ToString();
  return list.ok() ? *list : nullptr;
}

Status Error(const std::string& text) { return UrlList::Parse(text, "urls.txt").status(); }

std::vector<std::string> Names(const UrlList& list) {
  std::vector<std::string> names;
  for (const ListedName& name : list.Names()) {
    names.push_back(name.kind == ObjectKind::kDirectory ? name.name + "/" : name.name);
  }
  return names;
}

TEST(UrlListTest, ALineIsAUrlAndANameThatMayHoldSpaces) {
  const auto list = Parse(
      "https://host/a.bin\n"
      "http://other:8080/x?id=1   the first one  \n"
      "\t https://host/b\tc \r\n");
  EXPECT_THAT(Names(*list), ElementsAre("a.bin", "c", "the first one"));
  EXPECT_EQ(list->Find("a.bin")->ToString(), "https://host/a.bin");
  EXPECT_EQ(list->Find("the first one")->ToString(), "http://other:8080/x?id=1");
  EXPECT_EQ(list->Find("c")->ToString(), "https://host/b");
}

TEST(UrlListTest, EmptyLinesAndCommentsAreNoEntries) {
  EXPECT_THAT(Names(*Parse("\xEF\xBB\xBF# all of it\n\n  \t\r\nhttp://h/a\n   # http://h/b\n")),
              ElementsAre("a"));
  EXPECT_TRUE(Names(*Parse("")).empty());
  EXPECT_TRUE(Names(*Parse("\n\n#")).empty());
}

TEST(UrlListTest, ANameIsTheLastComponentDecodedWithoutTheQuery) {
  EXPECT_THAT(Names(*Parse("http://h/d/a%20b%25.bin?sig=x/y\nhttp://h/x/%C3%BC\nhttp://h/%FF")),
              ElementsAre("a b%.bin", "\xC3\xBC", "\xFF"));
}

TEST(UrlListTest, AUrlThatEndsInASlashIsADirectoryAndNamesLieBelowIt) {
  const auto list = Parse("http://h/pub/data/?key=1\nhttp://h/ root");
  EXPECT_THAT(Names(*list), ElementsAre("data/", "root/"));
  EXPECT_EQ(list->Find("data/a b/c")->ToString(), "http://h/pub/data/a%20b/c?key=1");
  EXPECT_EQ(list->Find("root/c")->ToString(), "http://h/c");
}

TEST(UrlListTest, WhatIsNotInItHasNoUrl) {
  const auto list = Parse("http://h/b");
  for (const char* path : {"", "a", "c", "B", "bb", "c/b", "/b"}) {
    EXPECT_EQ(list->Find(path), std::nullopt) << path;
  }
}

TEST(UrlListTest, OneUrlMayHaveTwoNames) {
  const auto list = Parse("http://h/a\nhttp://h/a again");
  EXPECT_EQ(list->Find("a"), list->Find("again"));
}

TEST(UrlListTest, AnErrorNamesFileAndLineAndTheRemedyAndNothingSecret) {
  const std::string good = "http://h/a?X-Signature=s3cret\n\n";
  const struct {
    std::string line;
    const char* says;
  } kCases[] = {
      {"ftp://h/s3cret", "http or https"},
      {"/some/s3cret/path", "http or https"},
      {"http://me:s3cret@h/x", "before the '@'"},
      {"http://h/b#s3cret", "%23"},
      {"http://h/", "write a name behind"},
      {"http://h", "write a name behind"},
      {"http://h/a%2Fs3cret", "write a name behind"},
      {"http://h/%2e%2e?s3cret", "write a name behind"},
      {"http://h/" + std::string(256, 'x'), "write a name behind"},
      {"http://h/?k=s3cret x/y", "'x/y'"},
      {"http://h/?k=s3cret ..", "'..'"},
      {"http://h/b?k=s3cret a", "line 1"},
      {"http://h/other/a", "line 1"},
      {std::string("http://h/b\0s3cret", 17), "zero byte"},
      {"http://h/" + std::string(70000, 'x'), "too long"},
  };
  for (const auto& c : kCases) {
    const Status status = Error(good + c.line + "\nhttp://h/last\n");
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << c.line;
    EXPECT_THAT(status.message(), StartsWith("urls.txt:3: ")) << c.line;
    EXPECT_THAT(status.message(), HasSubstr(c.says));
    EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(status.message(), Not(HasSubstr("\n")));
  }
}

TEST(UrlListTest, TheNumberOfUrlsIsBounded) {
  std::string text;
  for (size_t i = 0; i <= UrlList::kMaxEntries; ++i)
    text += "http://h/ " + std::to_string(i) + "\n";
  EXPECT_THAT(Error(text).message(), StartsWith("urls.txt:1000001: "));
}

TEST(UrlListTest, KnowsWhetherAllUrlsAreOfOneServer) {
  EXPECT_TRUE(Parse("http://h/a\nhttp://H:80/b")->OfOneOrigin());
  EXPECT_FALSE(Parse("http://h/a\nhttps://h/b")->OfOneOrigin());
  EXPECT_FALSE(Parse("http://h/a\nhttp://g/b")->OfOneOrigin());
  EXPECT_TRUE(Parse("")->OfOneOrigin());
}

}  // namespace
}  // namespace brimfs
