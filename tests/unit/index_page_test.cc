#include "backends/index_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "backends/html_index.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Read {
  Status status;
  std::vector<ListedName> names;
  size_t left_out = 0;
};

// Reads `page` in pieces of `piece` bytes.
Read ReadPage(const std::string& page, const std::string& type, size_t piece = 4096) {
  Read read;
  IndexNames names([&read](ListedName name) { read.names.push_back(std::move(name)); });
  IndexPage index(type, *ParseUrl("http://host/dir/"), names);
  for (size_t at = 0; at < page.size() && read.status.ok(); at += piece) {
    read.status = index.Feed(std::string_view(page).substr(at, piece));
  }
  if (read.status.ok()) read.status = index.Finish();
  read.left_out = names.left_out();
  return read;
}

std::vector<std::string> Names(const Read& read) {
  std::vector<std::string> names;
  for (const ListedName& name : read.names) {
    names.push_back(name.kind == ObjectKind::kDirectory ? name.name + "/" : name.name);
  }
  return names;
}

std::string Html(const std::string& rows) {
  return "<html><head><title>Index of /dir/</title></head><body><h1>Index of /dir/</h1><hr><pre>"
         "<a href=\"../\">../</a>\r\n" +
         rows + "</pre><hr></body></html>";
}

std::string NginxPage(const char* name) {
  return ReadFile(std::string(BRIMFS_INDEX_PAGES "/") + name);
}

// What lay in the directory of which nginx 1.22 made tests/unit/index_pages; by name, sorted as
// there.
struct Entry {
  std::string name;
  std::optional<uint64_t> length;
};
const std::vector<Entry> kNginxEntries = {
    {"a dir/", std::nullopt},
    {"a&b<c>\"d'", 6},
    {"back\\slash", 12},
    {"bad\xff\xfeutf8", 9},
    {"big", 5368709120},
    {"colon:name", 7},
    {"hash#tag", 1},
    {"new\nline", 10},
    {"per%41cent", 4},
    {"per%cent", 3},
    {"plain.txt", 17},
    {"quest?ion", 5},
    {"with space", 0},
    {std::string(255, 'x'), 255},
    {"\xC3\xBCml\xC3\xA4ut-\xE6\x97\xA5\xE6\x9C\xAC", 8},
};

void ExpectNginxEntries(const Read& read, absl::Duration precision) {
  ASSERT_TRUE(read.status.ok()) << read.status.ToString();
  ASSERT_EQ(read.names.size(), kNginxEntries.size());
  const absl::Time modified = absl::FromUnixSeconds(1795199827);  // 2026-11-20T18:37:07Z
  for (size_t i = 0; i < kNginxEntries.size(); ++i) {
    EXPECT_EQ(Names(read)[i], kNginxEntries[i].name);
    const Version& version = read.names[i].version;
    EXPECT_EQ(version.length, kNginxEntries[i].length) << kNginxEntries[i].name;
    EXPECT_EQ(version.precision, precision);
    if (kNginxEntries[i].length) {
      EXPECT_EQ(version.last_modified,
                absl::UnixEpoch() + absl::Floor(modified - absl::UnixEpoch(), precision));
    }
  }
  EXPECT_EQ(read.left_out, 0u);
}

TEST(IndexPageTest, NginxHtmlGivesNamesKindsTimesAndSizes) {
  ExpectNginxEntries(ReadPage(NginxPage("nginx.html"), "text/html"), absl::Minutes(1));
}

TEST(IndexPageTest, NginxJsonGivesNamesKindsTimesAndSizes) {
  ExpectNginxEntries(ReadPage(NginxPage("nginx.json"), "application/json"), absl::Seconds(1));
}

TEST(IndexPageTest, APageMayBeCutAnywhere) {
  ExpectNginxEntries(ReadPage(NginxPage("nginx.html"), "text/html; charset=utf-8", 1),
                     absl::Minutes(1));
  ExpectNginxEntries(ReadPage(NginxPage("nginx.json"), "application/json", 1), absl::Seconds(1));
}

TEST(IndexPageTest, WithoutAContentTypeTheFirstByteDecides) {
  ExpectNginxEntries(ReadPage(NginxPage("nginx.html"), ""), absl::Minutes(1));
  ExpectNginxEntries(ReadPage(" \r\n" + NginxPage("nginx.json"), "text/plain"), absl::Seconds(1));
  ExpectNginxEntries(ReadPage("\xEF\xBB\xBF" + NginxPage("nginx.html"), ""), absl::Minutes(1));
}

TEST(IndexPageTest, OnlyLinksDirectlyBelowAreNames) {
  const Read read =
      ReadPage(Html("<a href='a'>a</a><a href='./b'>b</a><a href='/dir/c/'>c</a>"
                    "<a href='http://host/dir/d'>d</a><a HREF='HTTP://HOST:80/dir/e'>"
                    "<a href='..'>up</a><a href='./'>here</a><a href=''>none</a>"
                    "<a href='/'>root</a><a href='/dir/'>here</a><a href='/other/f'>f</a>"
                    "<a href='g/h'>deep</a><a href='//elsewhere/dir/i'>i</a>"
                    "<a href='https://host/dir/j'>j</a><a href='mailto:k'>k</a>"
                    "<a href='?C=N;O=D'>Name</a><a href='l?v=1'>l</a><a href='#m'>m</a>"
                    "<a name='n'>n</a>"),
               "text/html");
  EXPECT_TRUE(read.status.ok());
  EXPECT_THAT(Names(read), ElementsAre("a", "b", "c/", "d", "e"));
  EXPECT_EQ(read.left_out, 0u);
}

TEST(IndexPageTest, WhatCannotBeAFileNameIsLeftOutAndCounted) {
  const Read read = ReadPage(Html("<a href='%2e%2e/'>1</a><a href='%2E'>2</a><a href='a%2Fb'>3</a>"
                                  "<a href='a%00b'>4</a><a href='" +
                                  std::string(256, 'x') + "'>5</a><a href='good'>good</a>"),
                             "text/html");
  EXPECT_TRUE(read.status.ok());
  EXPECT_THAT(Names(read), ElementsAre("good"));
  EXPECT_EQ(read.left_out, 5u);

  const Read json = ReadPage(R"([{"name":"..","type":"directory"},{"name":"a/b","type":"file"},
      {"name":"a\u0000b","type":"file"},{"name":"","type":"file"},{"name":"good","type":"file"}])",
                             "application/json");
  EXPECT_TRUE(json.status.ok());
  EXPECT_THAT(Names(json), ElementsAre("good"));
  EXPECT_EQ(json.left_out, 4u);
}

TEST(IndexPageTest, AnIconAndATextWithTheSameLinkAreOneName) {
  const Read read = ReadPage(Html("<a href='a'><img src='i'></a> <a href='a'>a</a>"), "text/html");
  EXPECT_THAT(Names(read), ElementsAre("a"));
}

TEST(IndexPageTest, RoundedSizesAreNoLengths) {
  const Read read = ReadPage(Html("<a href='a'>a</a>  20-Nov-2026 18:37   12K\n"
                                  "<a href='b'>b</a>  20-Nov-2026 18:37   1.5M\n"),
                             "text/html");
  ASSERT_EQ(read.names.size(), 2u);
  EXPECT_EQ(read.names[0].version.length, std::nullopt);
  EXPECT_EQ(read.names[1].version.length, std::nullopt);
  EXPECT_TRUE(read.names[0].version.last_modified.has_value());
}

TEST(IndexPageTest, ColumnsOfApacheAreNotTrusted) {
  const Read read =
      ReadPage(Html("<a href='?C=N;O=D'>Name</a> <a href='?C=M;O=A'>Last modified</a><hr>"
                    "<a href='a'>a</a>  20-Nov-2026 18:37   123\n"),
               "text/html");
  ASSERT_THAT(Names(read), ElementsAre("a"));
  EXPECT_EQ(read.names[0].version.length, std::nullopt);
  EXPECT_EQ(read.names[0].version.last_modified, std::nullopt);
}

TEST(IndexPageTest, LinksOfATextThatApacheShowsWithTheListingAreNoNames) {
  const Read read = ReadPage(
      Html("<p>See the <a href='LICENSE'>license</a> or <a href='about.html'>who we are</a>.</p>"
           "<a href='LICENSE'>LICENSE</a> <a href='a%20very%20long%20name'>a very lo..&gt;</a>"
           "<a href='icon'><img src='x' alt='[   ]'></a>"),
      "text/html");
  EXPECT_THAT(Names(read), ElementsAre("LICENSE", "a very long name", "icon"));
  EXPECT_EQ(read.left_out, 0u);
}

TEST(IndexPageTest, ATitleAloneMakesNoListing) {
  for (const char* title : {"Index of names", "Index of", "The Index of /x", "Index off /x"}) {
    const Read read =
        ReadPage("<title>" + std::string(title) + "</title><a href='a'>a</a>", "text/html");
    EXPECT_EQ(read.status.code(), Code::kUnsupported) << title;
  }
  for (const char* title : {"Index of /x", " Index of /", "Directory listing for /x/"}) {
    const Read read =
        ReadPage("<title>" + std::string(title) + "</title><a href='a'>a</a>", "text/html");
    EXPECT_THAT(Names(read), ElementsAre("a")) << title;
  }
}

TEST(IndexPageTest, APageThatDoesNotSoonShowThatItIsAListingIsNotReadToItsEnd) {
  std::string page = "<html><title>Welcome</title>";
  while (page.size() < (300 << 10)) page += "<p>text</p>";
  const Read read = ReadPage(page + "<title>Index of /</title><a href='a'>a</a>", "text/html");
  EXPECT_EQ(read.status.code(), Code::kUnsupported);
  EXPECT_THAT(Names(read), IsEmpty());
}

TEST(IndexPageTest, SizesAndTimesOfSymbolicLinksOfCaddyAreAskedFor) {
  const Read read = ReadPage(
      R"([{"name":"l","size":7,"url":"./l","mod_time":"2026-11-20T18:37:07Z","is_dir":false,
           "is_symlink":true},
          {"name":"f","size":7,"url":"./f","mod_time":"2026-11-20T18:37:07.9+01:00","is_dir":false,
           "is_symlink":false},
          {"name":"up","size":7,"url":"../up","mod_time":"no time","is_dir":false}])",
      "application/json");
  ASSERT_THAT(Names(read), ElementsAre("l", "f"));
  EXPECT_EQ(read.names[0].version.length, std::nullopt);
  EXPECT_EQ(read.names[0].version.last_modified, std::nullopt);
  EXPECT_EQ(read.names[1].version.length, 7u);
  EXPECT_EQ(read.names[1].version.last_modified, absl::FromUnixSeconds(1795199827 - 3600));
  EXPECT_EQ(read.left_out, 1u);
}

TEST(IndexPageTest, APageThatIsNoListingIsUnsupported) {
  const struct {
    const char* page;
    const char* type;
  } kCases[] = {
      {"", "text/html"},
      {"  \n", ""},
      {"hello", "text/plain"},
      {"<html><title>Welcome</title><a href='a'>a</a></html>", "text/html"},
      {"<html><a href='a'>a</a></html>", "text/html"},
      {"<html><title>Login</title><form></form></html>", "text/html"},
      {"<?xml version='1.0'?><Error><Code>x</Code></Error>", "application/xml"},
      {"{\"error\":\"x\"}", "application/json"},
      {"[1,2,3]", "application/json"},
      {"[{\"id\":1}]", "application/json"},
      {"[{\"name\":\"a\",\"url\":\"./a\"}]", "application/json"},
      {"[{\"name\":1,\"type\":\"file\"}]", "application/json"},
  };
  for (const auto& c : kCases) {
    const Read read = ReadPage(c.page, c.type);
    EXPECT_EQ(read.status.code(), Code::kUnsupported) << c.page;
    EXPECT_THAT(Names(read), IsEmpty()) << c.page;
  }
}

TEST(IndexPageTest, AnEmptyDirectoryIsAListing) {
  EXPECT_TRUE(ReadPage(Html(""), "text/html").status.ok());
  EXPECT_TRUE(ReadPage("[\r\n]", "application/json").status.ok());
}

TEST(IndexPageTest, BrokenJsonIsRefused) {
  for (const char* page : {"[{\"name\":\"a\",\"type\":\"file\"}", "[{\"name\":\"a\",]}]", "[{]}]",
                           "[{\"name\":\"a\",\"type\":\"file\"}] trailing", "["}) {
    EXPECT_EQ(ReadPage(page, "application/json").status.code(), Code::kProtocol) << page;
  }
}

TEST(IndexPageTest, SizesAndTimesOfJsonThatAreNoneAreNotKnown) {
  const Read read = ReadPage(
      R"([{"name":"a","type":"file","size":-1,"mtime":"yesterday"},
          {"name":"b","type":"file","size":18446744073709551615},
          {"name":"c","type":"file","size":1.5},{"name":"d","type":"other","size":1}])",
      "application/json");
  EXPECT_THAT(Names(read), ElementsAre("a", "b", "c"));
  for (const ListedName& name : read.names) {
    EXPECT_EQ(name.version.length, std::nullopt) << name.name;
    EXPECT_EQ(name.version.last_modified, std::nullopt) << name.name;
  }
}

TEST(IndexPageTest, AnEntryWithoutEndIsRefusedBeforeItFillsTheMemory) {
  const std::string much(4 << 20, 'x');
  EXPECT_EQ(ReadPage("[{\"name\":\"" + much, "application/json").status.code(), Code::kProtocol);
  EXPECT_EQ(ReadPage("[{" + std::string(1 << 20, '{'), "application/json").status.code(),
            Code::kProtocol);
  EXPECT_EQ(ReadPage(Html("<a href='" + much), "text/html").status.code(), Code::kProtocol);
  EXPECT_EQ(ReadPage(Html("<!-- " + much), "text/html").status.code(), Code::kProtocol);
}

// Rubbish and half-right pages: nothing is asserted but that no name gets through that can't be
// one; the sanitizers watch the rest.
TEST(IndexPageTest, SpoiledPagesNeverGiveImpossibleNames) {
  std::mt19937 random(1);
  for (const char* file : {"nginx.html", "nginx.json"}) {
    const std::string page = NginxPage(file);
    const std::string type = std::string(file) == "nginx.html" ? "text/html" : "application/json";
    for (int round = 0; round < 2000; ++round) {
      std::string spoiled = page;
      for (int change = random() % 8; change >= 0; --change) {
        const size_t at = random() % spoiled.size();
        switch (random() % 3) {
          case 0:
            spoiled[at] = static_cast<char>(random());
            break;
          case 1:
            spoiled.erase(at, random() % 20);
            break;
          default:
            spoiled.insert(at, spoiled, random() % spoiled.size(), random() % 40);
        }
      }
      for (const ListedName& name : ReadPage(spoiled, type, 1 + random() % 500).names) {
        ASSERT_TRUE(IsFileName(name.name)) << name.name;
      }
    }
  }
}

TEST(IndexPageTest, ColumnsThatAreNotNginxsChangeNothing) {
  for (const char* text : {"", "  ", " - ", "2026-11-20 18:37 5", "20-Nov-2026",
                           "31-Feb-2026 00:00 1", "20-Nov-2026 25:00 1"}) {
    Version version;
    ReadColumns(text, version);
    EXPECT_FALSE(version.last_modified) << text;
    EXPECT_FALSE(version.length) << text;
  }
}

}  // namespace
}  // namespace brimfs
