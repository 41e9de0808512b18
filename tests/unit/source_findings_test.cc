#include "fs/source_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

// What a server answers that supports everything.
ObjectProbe Probe() {
  ObjectProbe probe;
  probe.url = "https://example.org/data/file";
  probe.encrypted = true;
  probe.head = 200;
  probe.head_has_length = true;
  probe.ranged = 206;
  probe.right_content_range = true;
  probe.etag = "\"a\"";
  probe.strong_etag = true;
  probe.last_modified = true;
  probe.other_if_match = 412;
  probe.other_if_range = 200;
  return probe;
}

SourceMeasure Measure() {
  SourceMeasure measure;
  measure.is_directory = true;
  measure.names = measure.files = measure.files_with_size = 10;
  measure.path = "file";
  measure.version.length = 1 << 30;
  measure.round_trip = milliseconds(20);
  measure.one_connection = 10e6;
  measure.all_connections = 40e6;
  return measure;
}

// "LEVEL text" of a subject; nothing if it is not mentioned.
std::string About(const std::string& subject, const SourceMeasure& measure,
                  const std::optional<ObjectProbe>& probe) {
  for (const Finding& finding : FindingsOf(measure, probe)) {
    if (finding.subject != subject) continue;
    const char* const levels[] = {"ok ", "note ", "bad "};
    return levels[static_cast<int>(finding.level)] + finding.text;
  }
  return {};
}

std::string Advised(const SourceMeasure& measure, const std::optional<ObjectProbe>& probe) {
  std::string options;
  for (const Advice& advice : AdviceFor(measure, probe)) options += advice.option + " ";
  return options;
}

TEST(SourceFindingsTest, OfAGoodServerNothingIsWrongAndTheDefaultsSuitIt) {
  for (const Finding& finding : FindingsOf(Measure(), Probe())) {
    EXPECT_EQ(finding.level, Finding::Level::kGood) << finding.subject << " " << finding.text;
  }
  EXPECT_THAT(AdviceFor(Measure(), Probe()), IsEmpty());
  EXPECT_TRUE(Mountable(Measure()));
}

TEST(SourceFindingsTest, RangesAreRightWrongOrAbsent) {
  ObjectProbe probe = Probe();
  EXPECT_EQ(About("ranges", Measure(), probe), "ok 206 with the right Content-Range");
  probe.right_content_range = false;
  EXPECT_THAT(About("ranges", Measure(), probe), HasSubstr("bad 206 with a wrong or missing"));
  probe.ranged = 200;
  EXPECT_THAT(About("ranges", Measure(), probe), HasSubstr("bad none: each file comes in one"));
  EXPECT_THAT(Advised(Measure(), probe), HasSubstr("readahead_kb=128"));
  probe.ranged = 0;
  probe.ranged_error = "reset";
  EXPECT_EQ(About("ranges", Measure(), probe), "bad no answer (reset)");
}

TEST(SourceFindingsTest, HeadIsRefusedOrSaysNoLength) {
  ObjectProbe probe = Probe();
  probe.head = 405;
  EXPECT_THAT(About("HEAD", Measure(), probe), HasSubstr("note status 405"));
  probe.head = 200;
  probe.head_has_length = false;
  EXPECT_THAT(About("HEAD", Measure(), probe), HasSubstr("note without the length"));
}

TEST(SourceFindingsTest, VersionsAreToldApartByWhatThereIs) {
  ObjectProbe probe = Probe();
  probe.strong_etag = false;
  EXPECT_THAT(About("versions", Measure(), probe), HasSubstr("note a weak ETag"));
  probe.etag.clear();
  EXPECT_THAT(About("versions", Measure(), probe), HasSubstr("note no ETag"));
  EXPECT_EQ(About("If-Match", Measure(), probe), "");
  probe.last_modified = false;
  EXPECT_THAT(About("versions", Measure(), probe), HasSubstr("bad neither"));
}

TEST(SourceFindingsTest, ConditionsMayBeIgnored) {
  ObjectProbe probe = Probe();
  probe.other_if_match = 206;
  probe.other_if_range = 206;
  EXPECT_THAT(About("If-Match", Measure(), probe), HasSubstr("note ignored (status 206)"));
  EXPECT_THAT(About("If-Range", Measure(), probe), HasSubstr("note ignored (status 206)"));
}

TEST(SourceFindingsTest, TheWayThereIsDescribed) {
  ObjectProbe probe = Probe();
  EXPECT_EQ(About("redirects", Measure(), probe), "");
  probe.encrypted = false;
  probe.redirects = {"http://a.example/", "http://b.example/"};
  EXPECT_THAT(About("encryption", Measure(), probe), HasSubstr("note none"));
  EXPECT_THAT(About("redirects", Measure(), probe), HasSubstr("note 2 for each request"));
  EXPECT_THAT(About("redirects", Measure(), probe), HasSubstr("http://b.example/"));
}

TEST(SourceFindingsTest, ABucketHasARegionAndVersions) {
  ObjectProbe probe = Probe();
  probe.region = "eu-west-1";
  probe.versioning = "Enabled";
  EXPECT_EQ(About("region", Measure(), probe), "ok eu-west-1");
  EXPECT_EQ(About("versioning", Measure(), probe), "ok Enabled");
}

TEST(SourceFindingsTest, AListingHasSizesOrItDoesNot) {
  SourceMeasure measure = Measure();
  EXPECT_THAT(About("listing", measure, Probe()), HasSubstr("ok 10 names"));
  measure.files_with_size = 4;
  EXPECT_THAT(About("listing", measure, Probe()), HasSubstr("note 10 names"));
  EXPECT_THAT(About("listing", measure, Probe()), HasSubstr("6 files without an exact size"));
  EXPECT_THAT(Advised(measure, Probe()), HasSubstr("metadata_ttl=10m"));
  measure.listed = Status(Code::kUnsupported, "no listing here");
  EXPECT_THAT(About("listing", measure, Probe()), HasSubstr("note none (no listing here)"));
  measure.is_directory = false;
  EXPECT_EQ(About("listing", measure, Probe()), "");
}

TEST(SourceFindingsTest, ConnectionsFollowWhatMoreOfThemBring) {
  SourceMeasure measure = Measure();
  measure.all_connections = 1.1 * measure.one_connection;
  EXPECT_EQ(Advised(measure, Probe()), "connections=4 ");
  EXPECT_EQ(Advised(measure, std::nullopt), "");  // a local disk has none
  measure.all_connections = 7.5 * measure.one_connection;
  EXPECT_EQ(Advised(measure, Probe()), "connections=32 ");
}

TEST(SourceFindingsTest, ALongFatWayWantsMoreReadahead) {
  SourceMeasure measure = Measure();
  measure.round_trip = milliseconds(150);
  measure.one_connection = 100e6;
  measure.all_connections = 400e6;
  EXPECT_EQ(Advised(measure, Probe()), "readahead=512M ");
}

TEST(SourceFindingsTest, ASlowSourceWantsPatienceAndMemory) {
  SourceMeasure measure = Measure();
  measure.round_trip = seconds(4);
  EXPECT_THAT(Advised(measure, Probe()), HasSubstr("first_byte_timeout=20s"));
  EXPECT_THAT(Advised(measure, Probe()), HasSubstr("metadata_ttl=10m"));
}

TEST(SourceFindingsTest, WhatCannotBeReadCannotBeMounted) {
  SourceMeasure measure = Measure();
  measure.fetched = Status(Code::kDenied, "refused (403)");
  EXPECT_FALSE(Mountable(measure));
  EXPECT_EQ(About("reading", measure, Probe()), "bad refused (403)");
  measure = Measure();
  measure.asked = Status(Code::kTimedOut, "too late");
  EXPECT_FALSE(Mountable(measure));
  measure = Measure();
  measure.listed = Status(Code::kDenied, "refused (403)");
  EXPECT_FALSE(Mountable(measure));
}

TEST(SourceFindingsTest, AnEmptyDirectoryCanBeMounted) {
  SourceMeasure measure;
  measure.is_directory = true;
  EXPECT_TRUE(Mountable(measure));
  EXPECT_THAT(About("speed", measure, std::nullopt), HasSubstr("no file was found"));
}

}  // namespace
}  // namespace brimfs
