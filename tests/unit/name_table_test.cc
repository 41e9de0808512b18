#include "fs/name_table.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

Version V(std::string etag) {
  Version version;
  version.etag = std::move(etag);
  version.last_modified = absl::FromUnixSeconds(1'700'000'000);
  version.length = 12345;
  return version;
}

void ExpectSame(const Version& a, const Version& b) {
  EXPECT_EQ(a.etag, b.etag);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.last_modified, b.last_modified);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.precision, b.precision);
  EXPECT_EQ(a.racy, b.racy);
}

// Versions of every kind.
std::vector<Version> Versions() {
  std::vector<Version> versions = {Version(), V("")};
  const std::string md5 = "0123456789abcdef0123456789abcdef";
  const std::vector<std::string> etags = {"\"" + md5 + "\"",
                                          "\"" + md5 + "-12\"",
                                          "W/\"" + md5 + "\"",
                                          "\"" + md5,
                                          md5,
                                          "\"0123456789ABCDEF0123456789ABCDEF\"",
                                          std::string("\"x\""),
                                          std::string("W/\"1\""),
                                          "\"" + std::string(253, 'e') + "\"",
                                          "\"" + std::string(1000, 'e') + "\"",
                                          "\"" + md5 + std::string(300, '-') + "\"",
                                          std::string("\"\0\xff\"", 4)};
  for (const std::string& etag : etags) {
    versions.push_back(V(etag));
  }
  for (const absl::Duration precision :
       {absl::Minutes(1), absl::Nanoseconds(1), absl::Milliseconds(1), absl::Hours(24)}) {
    versions.push_back(V("\"p\""));
    versions.back().precision = precision;
  }
  for (const absl::Time time :
       {absl::UnixEpoch(), absl::FromUnixNanos(-1), absl::FromUnixNanos(1'700'000'000'123'456'789),
        absl::UnixEpoch() + absl::Nanoseconds(1) / 4, absl::FromUnixSeconds(-62'135'596'800),
        absl::FromUnixSeconds(253'402'300'799), absl::InfiniteFuture()}) {
    versions.push_back(V("\"t\""));
    versions.back().last_modified = time;
  }
  versions.push_back(V("\"l\""));
  versions.back().length = UINT64_MAX;
  versions.back().racy = true;
  versions.push_back(V("\"n\""));
  versions.back().length.reset();
  versions.push_back(V("\"i\""));
  versions.back().id = "an id";
  return versions;
}

TEST(NameTableTest, GivesBackWhatItWasGiven) {
  NameTable table;
  const std::vector<Version> versions = Versions();
  for (size_t i = 0; i < versions.size(); ++i) {
    const ObjectKind kind = i % 2 == 0 ? ObjectKind::kFile : ObjectKind::kDirectory;
    table.Append("name " + std::to_string(i), kind, versions[i], TimePoint(), 7);
  }
  ASSERT_EQ(table.size(), versions.size());
  for (size_t i = 0; i < versions.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(table.name(i), "name " + std::to_string(i));
    EXPECT_EQ(table.kind(i), i % 2 == 0 ? ObjectKind::kFile : ObjectKind::kDirectory);
    EXPECT_EQ(table.length(i), versions[i].length);
    EXPECT_EQ(table.mark(i), 7);
    ExpectSame(table.version(i), versions[i]);
  }
}

TEST(NameTableTest, WhatIsSaidOfANameCanBeReplacedByAnything) {
  const std::vector<Version> versions = Versions();
  for (size_t i = 0; i < versions.size(); ++i) {
    for (size_t j = 0; j < versions.size(); ++j) {
      SCOPED_TRACE(std::to_string(i) + " by " + std::to_string(j));
      NameTable table;
      table.Append("n", ObjectKind::kFile, versions[i], TimePoint(), 1);
      table.Append("other", ObjectKind::kFile, versions[i], TimePoint(), 1);
      table.Replace(0, ObjectKind::kDirectory, versions[j]);
      EXPECT_EQ(table.name(0), "n");
      EXPECT_EQ(table.kind(0), ObjectKind::kDirectory);
      ExpectSame(table.version(0), versions[j]);
      EXPECT_EQ(table.Find("n"), 0u);
      ExpectSame(table.version(1), versions[i]);
    }
  }
}

TEST(NameTableTest, FindsExactlyItsNames) {
  NameTable table;
  EXPECT_FALSE(table.Find("0"));
  constexpr size_t kNames = 10'000;
  for (size_t i = 0; i < kNames; ++i) {
    table.Append(std::to_string(2 * i), ObjectKind::kFile, {}, TimePoint(), 1);
  }
  table.Append(std::string(255, 'x'), ObjectKind::kFile, {}, TimePoint(), 1);
  for (size_t i = 0; i < kNames; ++i) {
    EXPECT_EQ(table.Find(std::to_string(2 * i)), i);
    EXPECT_FALSE(table.Find(std::to_string(2 * i + 1)));
  }
  EXPECT_EQ(table.Find(std::string(255, 'x')), kNames);
  for (const size_t bytes : {0, 254, 256, 1000}) EXPECT_FALSE(table.Find(std::string(bytes, 'x')));
}

TEST(NameTableTest, KnowsWhenTheSourceWasAskedForEachName) {
  NameTable table;
  EXPECT_EQ(table.latest(), TimePoint());
  const auto at = [](size_t second) { return TimePoint() + std::chrono::seconds(second); };
  for (size_t i = 0; i < 100; ++i) {
    table.Append(std::to_string(i), ObjectKind::kFile, {}, at(i / 10), 1);
  }
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(table.asked(i), at(i / 10));
  EXPECT_EQ(table.latest(), at(9));
}

}  // namespace
}  // namespace brimfs
