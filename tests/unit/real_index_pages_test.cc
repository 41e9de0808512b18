// What real servers made of one directory of odd names: tests/unit/index_pages, where only style
// sheets, scripts and pictures are left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "backends/index_page.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAreArray;

constexpr int64_t kModified = 1795199827;  // 2026-11-20T18:37:07Z
constexpr char kNotUtf8[] = "bad\xff\xfeutf8";

struct RealPage {
  const char* file;
  std::string not_utf8 = kNotUtf8;  // how the server writes that name; empty: it is left out
  bool exact = false;               // sizes, and times to the second
};

std::ostream& operator<<(std::ostream& to, const RealPage& page) { return to << page.file; }

const std::vector<RealPage> kPages = {
    {"apache-list.html"},
    {"apache-fancy.html"},
    {"apache-table.html"},
    {"apache-xhtml.html"},
    {"lighttpd.html"},
    {"caddy.html"},
    {"caddy.json", kNotUtf8, true},
    // Its own way to write such bytes in a URL (surrogates), which it also reads.
    {"python.html", "bad\xED\xB3\xBF\xED\xB3\xBEutf8"},
    {"http-server.html", ""},
};

// Files hold their name once, but these two; what ends in '/' is a directory.
std::map<std::string, uint64_t> Expected(const RealPage& page) {
  std::map<std::string, uint64_t> expected = {{"big.bin", 1234567}, {"empty", 0}};
  for (const char* name : {"a dir/",
                           "sub%20/",
                           ".hdir/",
                           "..dots/",
                           "plain.txt",
                           "with space",
                           "per%cent",
                           "per%41cent",
                           "a&b<c>\"d'",
                           "hash#tag",
                           "quest?ion",
                           ".hidden",
                           "..name",
                           "back\\slash",
                           "colon:name",
                           "new\nline",
                           "plus+plus",
                           "semi;colon",
                           "amp&amp;x",
                           "~tilde",
                           "tab\there",
                           "-dash",
                           "README.md",
                           "page.HTML",
                           "archive.tar.gz",
                           "Capital",
                           "comma,x",
                           "eq=x",
                           "at@x",
                           "br[ack]{x}^`|$!*()",
                           "trailing ",
                           " leading",
                           "ctrl\x01x",
                           "\x7f"
                           "del",
                           "\xC2\xA0nbsp",
                           "\xC3\xBCml\xC3\xA4ut-\xE6\x97\xA5\xE6\x9C\xAC"}) {
    expected[name] = std::string(name).size();
  }
  expected[std::string(255, 'x')] = 255;
  if (!page.not_utf8.empty()) expected[page.not_utf8] = sizeof kNotUtf8 - 1;
  return expected;
}

struct Read {
  Status status;
  std::vector<ListedName> names;
  size_t left_out = 0;
};

Read ReadPage(const RealPage& page, std::string_view content) {
  Read read;
  IndexNames names([&read](ListedName name) { read.names.push_back(std::move(name)); });
  const bool json = std::string(page.file).ends_with(".json");
  IndexPage index(json ? "application/json" : "text/html;charset=UTF-8",
                  *ParseUrl("http://host/dir/"), names);
  read.status = index.Feed(content);
  if (read.status.ok()) read.status = index.Finish();
  read.left_out = names.left_out();
  return read;
}

std::string Content(const RealPage& page) {
  return ReadFile(std::string(BRIMFS_INDEX_PAGES "/") + page.file);
}

std::string Shown(const ListedName& name) {
  return name.kind == ObjectKind::kDirectory ? name.name + "/" : name.name;
}

class RealIndexPagesTest : public testing::TestWithParam<RealPage> {};

TEST_P(RealIndexPagesTest, GiveEveryNameAndNothingElse) {
  const Read read = ReadPage(GetParam(), Content(GetParam()));
  ASSERT_TRUE(read.status.ok()) << read.status.ToString();
  std::vector<std::string> names;
  for (const ListedName& name : read.names) names.push_back(Shown(name));
  std::sort(names.begin(), names.end());
  std::vector<std::string> expected;
  for (const auto& [name, size] : Expected(GetParam())) expected.push_back(name);
  EXPECT_THAT(names, ElementsAreArray(expected));
  EXPECT_EQ(read.left_out, GetParam().not_utf8.empty() ? 1u : 0u);
}

TEST_P(RealIndexPagesTest, GiveSizesAndTimesOnlyWhereTheyAreExact) {
  std::map<std::string, uint64_t> expected = Expected(GetParam());
  for (const ListedName& name : ReadPage(GetParam(), Content(GetParam())).names) {
    const Version& version = name.version;
    const bool file = name.kind == ObjectKind::kFile;
    EXPECT_EQ(version.precision, absl::Seconds(1));
    EXPECT_EQ(version.last_modified.has_value(), GetParam().exact) << Shown(name);
    if (GetParam().exact && file) {
      EXPECT_EQ(version.last_modified, absl::FromUnixSeconds(kModified));
      EXPECT_EQ(version.length, expected[name.name]) << name.name;
    } else {
      EXPECT_EQ(version.length, std::nullopt) << Shown(name);
    }
  }
}

TEST_P(RealIndexPagesTest, CutAnywhereGiveOnlyNamesThatAreThere) {
  const std::string page = Content(GetParam());
  const std::map<std::string, uint64_t> expected = Expected(GetParam());
  // Every place in the first rows, then in steps that meet all parts of a row.
  for (size_t end = 0; end < page.size(); end += end < 3000 ? 1 : 7) {
    for (const ListedName& name : ReadPage(GetParam(), page.substr(0, end)).names) {
      const auto found = expected.find(Shown(name));
      ASSERT_NE(found, expected.end()) << "cut at " << end << ": " << Shown(name);
      if (name.version.length) {
        ASSERT_EQ(name.version.length, found->second);
      }
    }
  }
}

TEST_P(RealIndexPagesTest, WithoutTheirBeginningGiveOnlyNamesThatAreThere) {
  const std::string page = Content(GetParam());
  const std::map<std::string, uint64_t> expected = Expected(GetParam());
  for (size_t begin = 0; begin < page.size(); begin += 11) {
    for (const ListedName& name : ReadPage(GetParam(), page.substr(begin)).names) {
      ASSERT_TRUE(expected.contains(Shown(name))) << "from " << begin << ": " << Shown(name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, RealIndexPagesTest, testing::ValuesIn(kPages),
                         [](const auto& page) {
                           std::string name = page.param.file;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace brimfs
