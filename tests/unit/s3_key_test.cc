#include "backends/s3_key.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "backends/file_name.h"
#include "backends/s3_paths.h"

namespace brimfs {
namespace {

TEST(S3KeyTest, OrdinaryComponentsAreThemselves) {
  for (const char* const name : {"a", "a b", "100%", "%41", "%", "a%:b", "ünï", "\xff\xfe", "...",
                                 "a+b", "#?&", "\\", "'\""}) {
    EXPECT_EQ(NameOfComponent(name), name);
    EXPECT_EQ(ComponentOfName(name), name);
  }
}

TEST(S3KeyTest, ComponentsThatCannotBeNamesAreShown) {
  const std::pair<std::string, std::string> shown[] = {
      {"", "%:"},          {".", "%:."},          {"..", "%:.."},
      {"a\nb", "%:a%0Ab"}, {"%:x", "%:%25:x"},    {std::string("a\0b", 3), "%:a%00b"},
      {"\x7f", "%:%7F"},   {"5%\t", "%:5%25%09"},
  };
  for (const auto& [component, name] : shown) {
    EXPECT_EQ(NameOfComponent(component), name);
    EXPECT_EQ(ComponentOfName(name), component);
  }
}

TEST(S3KeyTest, NamesThatNoComponentHasAreNotThere) {
  for (const char* const name : {"%:a", "%:%41", "%:%0a", "%:%2F", "a\nb", "%:%"}) {
    EXPECT_EQ(ComponentOfName(name), std::nullopt) << name;
  }
}

TEST(S3KeyTest, WhatIsTooLongForANameIsNotShown) {
  EXPECT_TRUE(NameOfComponent(std::string(255, 'x')).has_value());
  EXPECT_FALSE(NameOfComponent(std::string(256, 'x')).has_value());
  EXPECT_FALSE(NameOfComponent(std::string(100, '\n')).has_value());
}

TEST(S3KeyTest, EveryNameIsAFileNameAndTheWayBackIsTheSame) {
  std::mt19937 random(1);
  const std::string letters = std::string("a.%:\n\x7f\xc3\x01 0F", 12) + '\0';
  std::set<std::string> names;
  std::set<std::string> components;
  for (int i = 0; i < 20000; ++i) {
    std::string component;
    for (size_t length = random() % 6; length > 0; --length) {
      component += letters[random() % letters.size()];
    }
    const auto name = NameOfComponent(component);
    ASSERT_TRUE(name.has_value());
    EXPECT_TRUE(IsFileName(*name));
    EXPECT_EQ(ComponentOfName(*name), component);
    names.insert(*name);
    components.insert(component);
  }
  EXPECT_EQ(names.size(), components.size());
}

TEST(S3KeyTest, PathsBecomeKeys) {
  EXPECT_EQ(KeyOfPath("a/b"), "a/b");
  EXPECT_EQ(KeyOfPath("a/%:/b"), "a//b");
  EXPECT_EQ(KeyOfPath("a/%:"), "a/");
  EXPECT_EQ(KeyOfPath("%:/%:.."), "/..");
  EXPECT_EQ(KeyOfPath("a/%:x"), std::nullopt);
}

TEST(S3PathsTest, APathIsBelowThePrefix) {
  const S3Paths paths{.bucket = "data", .prefix = "p/q/", .single_key = ""};
  EXPECT_EQ(paths.Find("a/b")->key, "p/q/a/b");
  EXPECT_EQ(paths.Find("")->key, "p/q/");
  EXPECT_EQ(paths.FindDirectory("")->key, "p/q/");
  EXPECT_EQ(paths.FindDirectory("a")->key, "p/q/a/");
  EXPECT_EQ(paths.FindDirectory("a/%:")->key, "p/q/a//");
}

TEST(S3PathsTest, WithoutABucketTheFirstComponentIsOne) {
  const S3Paths paths;
  EXPECT_EQ(paths.Find("")->bucket, "");
  EXPECT_EQ(paths.FindDirectory("data")->bucket, "data");
  EXPECT_EQ(paths.FindDirectory("data")->key, "");
  EXPECT_EQ(paths.Find("data/a/b")->key, "a/b");
}

TEST(S3PathsTest, ASingleObjectIsAllThereIs) {
  const S3Paths paths{.bucket = "data", .prefix = "", .single_key = "a/b"};
  EXPECT_EQ(paths.Find("")->key, "a/b");
  EXPECT_FALSE(paths.Find("b").has_value());
}

}  // namespace
}  // namespace brimfs
