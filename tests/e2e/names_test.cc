// Names that are hard for URLs and listings.
#include <gtest/gtest.h>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

std::vector<std::string> HardNames() {
  std::string umlauts;
  while (umlauts.size() < 254) umlauts += "\xc3\xa4";
  return {"a b",
          " leading and trailing ",
          "100%",
          "%41 is not A",
          "%2e%2e%2f",
          "a#b",
          "what?",
          "a+b=c&d;e",
          "<b>\"quoted\"&",
          "it's",
          "&amp;",
          "back\\slash",
          "col:on",
          "tab\there",
          "[1]{2}|3^4`5",
          "~home",
          "...",
          "\xc3\xbcml\xc3\xa4ut",
          "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
          "\xf0\x9f\x90\x9f",
          std::string(255, 'x'),
          umlauts + "z"};
}

// autoindex_format of real nginx.
class NamesTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(NamesTest, AreListedAndRead) {
  Nginx nginx({.format = GetParam()});
  std::vector<std::string> names = HardNames();
  // nginx lists no name that begins with a dot.
  std::erase(names, "...");
  for (const std::string& name : names) {
    WriteFile(nginx.File("files/" + name), "file " + name);
    WriteFile(nginx.File("directories/" + name + "/" + name), "below " + name);
  }
  std::sort(names.begin(), names.end());
  Mount& mount = Attach(nginx.url());
  EXPECT_EQ(NamesIn(mount.path()), (std::vector<std::string>{"directories", "files"}));
  EXPECT_EQ(NamesIn(mount.File("files")), names);
  EXPECT_EQ(NamesIn(mount.File("directories")), names);
  for (const std::string& name : names) {
    EXPECT_EQ(ReadFile(mount.File("files/" + name)), "file " + name);
    EXPECT_EQ(NamesIn(mount.File("directories/" + name)), std::vector<std::string>{name});
    EXPECT_EQ(ReadFile(mount.File("directories/" + name + "/" + name)), "below " + name);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, NamesTest, ::testing::Values("html", "json"),
                         [](const auto& test) { return test.param; });

using UnlistedNamesTest = E2eTest;

TEST_F(UnlistedNamesTest, AreFoundByAsking) {
  Nginx nginx({.listings = false});
  for (const std::string& name : HardNames()) WriteFile(nginx.File(name), "file " + name);
  WriteFile(nginx.File("directory/in it"), "below");
  Mount& mount = Attach(nginx.url());
  for (const std::string& name : HardNames()) {
    EXPECT_EQ(ReadFile(mount.File(name)), "file " + name) << name;
  }
  EXPECT_EQ(ReadFile(mount.File("directory/in it")), "below");
  EXPECT_EQ(Descriptor(mount.File("nothing")).error(), ENOENT);
  EXPECT_EQ(Descriptor(mount.File("directory/nothing")).error(), ENOENT);
}

TEST_F(UnlistedNamesTest, AppearBesideListedOnes) {
  Nginx nginx;
  WriteFile(nginx.File(".hidden"), "not in nginx's listing");
  WriteFile(nginx.File("shown"), "in it");
  Mount& mount = Attach(nginx.url());
  EXPECT_EQ(NamesIn(mount.path()), std::vector<std::string>{"shown"});
  EXPECT_EQ(ReadFile(mount.File(".hidden")), "not in nginx's listing");
}

TEST_F(UnlistedNamesTest, AreTooLongFromTheByte256On) {
  const auto origin = StartOrigin();
  Mount& mount = Attach(origin->url());
  EXPECT_EQ(Descriptor(mount.File(std::string(256, 'x'))).error(), ENAMETOOLONG);
}

}  // namespace
}  // namespace brimfs
