#include "core/version.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

constexpr absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(seconds); }

Version Make(std::string etag, std::optional<absl::Time> time = {},
             std::optional<uint64_t> length = {}, absl::Duration precision = absl::Seconds(1)) {
  Version version;
  version.etag = std::move(etag);
  version.last_modified = time;
  version.length = length;
  version.precision = precision;
  return version;
}

TEST(VersionTest, OnlyAnEtagWithoutPrefixIsStrong) {
  EXPECT_TRUE(Make("\"a\"").HasStrongEtag());
  EXPECT_FALSE(Make("W/\"a\"").HasStrongEtag());
  EXPECT_FALSE(Make("").HasStrongEtag());
}

TEST(VersionTest, AStrongEtagOrATimeToTheSecondIsAValidator) {
  EXPECT_TRUE(Make("\"a\"").HasValidator());
  EXPECT_TRUE(Make("", At(60)).HasValidator());
  EXPECT_FALSE(Make("", At(60), 5, absl::Minutes(1)).HasValidator());
  EXPECT_FALSE(Make("W/\"a\"").HasValidator());
}

TEST(VersionTest, TwoStrongEtagsDecideAlone) {
  EXPECT_TRUE(SameVersion(Make("\"a\"", At(1)), Make("\"a\"", At(2))));
  EXPECT_FALSE(SameVersion(Make("\"a\"", At(1)), Make("\"b\"", At(1))));
}

TEST(VersionTest, LengthsMustAgreeWhereBothAreKnown) {
  EXPECT_FALSE(SameVersion(Make("\"a\"", {}, 1), Make("\"a\"", {}, 2)));
  EXPECT_TRUE(SameVersion(Make("\"a\"", {}, 1), Make("\"a\"")));
}

TEST(VersionTest, AWeakEtagThatDiffersIsAChangeAndOneThatAgreesLeavesItToTheTime) {
  EXPECT_FALSE(SameVersion(Make("W/\"a\"", At(1)), Make("W/\"b\"", At(1))));
  EXPECT_TRUE(SameVersion(Make("W/\"a\"", At(1)), Make("\"a\"", At(1))));
  EXPECT_FALSE(SameVersion(Make("W/\"a\"", At(1)), Make("W/\"a\"", At(2))));
}

TEST(VersionTest, TimesAreComparedToTheCoarserPrecision) {
  const Version listed = Make("", At(120), {}, absl::Minutes(1));
  EXPECT_TRUE(SameVersion(listed, Make("", At(159))));
  EXPECT_FALSE(SameVersion(listed, Make("", At(180))));
  EXPECT_FALSE(SameVersion(Make("", At(120)), Make("", At(121))));
}

TEST(VersionTest, EqualLengthsAloneAreTheSameVersion) {
  EXPECT_TRUE(SameVersion(Make("", {}, 5), Make("\"a\"", {}, 5)));
}

TEST(VersionTest, MergeTakesWhatIsFiner) {
  const Version listed = Make("", At(120), {}, absl::Minutes(1));
  const Version merged = Merge(listed, Make("\"a\"", At(159), 5));
  EXPECT_EQ(merged.etag, "\"a\"");
  EXPECT_EQ(merged.last_modified, At(159));
  EXPECT_EQ(merged.precision, absl::Seconds(1));
  EXPECT_EQ(merged.length, 5u);
}

TEST(VersionTest, MergeKeepsWhatWasKnown) {
  const Version known = Make("\"a\"", At(159), 5);
  const Version merged = Merge(known, Make("W/\"a\"", At(120), 5, absl::Minutes(1)));
  EXPECT_EQ(merged.etag, "\"a\"");
  EXPECT_EQ(merged.last_modified, At(159));
}

TEST(VersionTest, ARacyTimeIsTheSameVersionAndStaysRacy) {
  Version racy = Make("\"a\"", At(159), 5);
  racy.racy = true;
  const Version settled = Make("\"a\"", At(159), 5);
  EXPECT_TRUE(SameVersion(racy, settled));
  EXPECT_TRUE(Merge(racy, settled).racy);
  EXPECT_TRUE(Merge(settled, racy).racy);
  EXPECT_FALSE(Merge(settled, settled).racy);
  EXPECT_EQ(racy.ToString(), settled.ToString());
}

TEST(VersionTest, ReadsAsItsStrongestPart) {
  EXPECT_EQ(Make("\"a\"", At(0), 5).ToString(), "\"a\"");
  EXPECT_EQ(Make("", At(0), 5).ToString(), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Make("", {}, 5).ToString(), "length 5");
}

}  // namespace
}  // namespace brimfs
