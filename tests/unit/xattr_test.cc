#include "fs/xattr.h"

#include "gtest/gtest.h"

namespace brimfs {
namespace {

TEST(XattrTest, OnlyOurNamesAreKnown) {
  EXPECT_EQ(ParseXattrName("user.brimfs.url"), Xattr::kUrl);
  EXPECT_EQ(ParseXattrName("user.brimfs.version"), Xattr::kVersion);
  EXPECT_EQ(ParseXattrName("user.brimfs.filled"), Xattr::kFilled);
  EXPECT_EQ(ParseXattrName("user.brimfs.state"), Xattr::kState);
  EXPECT_EQ(ParseXattrName("user.brimfs.ranges"), Xattr::kRanges);
  EXPECT_EQ(ParseXattrName("user.brimfs.kept"), Xattr::kKept);
  for (const char* name : {"security.selinux", "system.posix_acl_access", "user.brimfs",
                           "user.brimfs.", "user.brimfs.urls", "brimfs.url", ""}) {
    EXPECT_FALSE(ParseXattrName(name)) << name;
  }
}

TEST(XattrTest, RangesAreHalfOpenAndSeparatedByCommas) {
  EXPECT_EQ(FormatRanges({}), "");
  EXPECT_EQ(FormatRanges({{0, 65536}}), "0-65536");
  EXPECT_EQ(FormatRanges({{0, 65536}, {131072, 196608}}), "0-65536,131072-196608");
}

TEST(XattrTest, RangesThatDoNotFitAreCutAfterAWholeOne) {
  std::vector<Range> ranges;
  for (uint64_t i = 0; i < 20'000; ++i)
    ranges.push_back({2 * i * kFillBlock, (2 * i + 1) * kFillBlock});
  const std::string text = FormatRanges(ranges);
  EXPECT_LE(text.size(), kMaxXattrBytes);
  EXPECT_GT(text.size(), kMaxXattrBytes - 40);
  ASSERT_TRUE(text.ends_with(",..."));
  const std::string last = text.substr(text.rfind(',', text.size() - 5) + 1);
  const uint64_t begin = std::stoull(last);
  EXPECT_EQ(last, std::to_string(begin) + "-" + std::to_string(begin + kFillBlock) + ",...");
}

TEST(XattrTest, EveryStateHasItsWord) {
  EXPECT_EQ(StateName(Resource::State::kActive), "active");
  EXPECT_EQ(StateName(Resource::State::kCommitted), "committed");
  EXPECT_EQ(StateName(Resource::State::kFailed), "failed");
  EXPECT_EQ(StateName(Resource::State::kCancelled), "cancelled");
}

}  // namespace
}  // namespace brimfs
