// brimfs doctor: each thing that a server does not support is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/mount.h"
#include "tests/support/origin.h"
#include "tests/support/process.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMiB = 1 << 20;

class DoctorTest : public ::testing::Test {
 protected:
  void Serve(Origin::Options options = {}) {
    origin_ = std::make_unique<Origin>(options);
    ASSERT_TRUE(origin_->Start().ok());
    origin_->PutOracle("large", 64 * kMiB);
    origin_->PutOracle("small", 100);
  }

  static Ran Examine(const std::string& source, const std::string& options = "timeout=10") {
    return RunCommand({BrimfsProgram(), "doctor", source, "-o", "config=none", "-o", options},
                      seconds(60));
  }

  // With this fault for ever.
  Ran ExamineWith(const std::string& fault) {
    Serve();
    origin_->Inject(*ParseFault(fault));
    return Examine(origin_->url());
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(DoctorTest, AServerThatSupportsAllIsFoundGoodWithinItsLimits) {
  Serve();
  const Ran ran = Examine(origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  for (const char* const line :
       {"  ok    reachable    answered within ", "  note  encryption   none",
        "  ok    ranges       206 with the right", "  ok    HEAD         answered, with the length",
        "  ok    versions     told apart by a strong ETag", "  ok    If-Match     honoured",
        "  ok    If-Range     honoured", "  ok    latency      ", "/s over one connection, "}) {
    EXPECT_THAT(ran.out, HasSubstr(line));
  }
  EXPECT_THAT(ran.out, HasSubstr("It can be mounted"));
  EXPECT_LE(origin_->counters().requests, 40u);
  EXPECT_LE(origin_->counters().body_bytes, 44 * kMiB);
}

TEST_F(DoctorTest, AsJson) {
  Serve();
  const Ran ran =
      RunCommand({BrimfsProgram(), "doctor", "--json", origin_->url("large"), "-o", "config=none"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const nlohmann::json all = nlohmann::json::parse(ran.out);
  EXPECT_EQ(all["mountable"], true);
  EXPECT_GT(all["one_connection_bytes_per_second"], 0);
  EXPECT_EQ(all["findings"][0]["subject"], "reachable");
}

TEST_F(DoctorTest, NoRanges) {
  const Ran ran = ExamineWith("ignore-range:any:ever");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  bad   ranges       none: each file comes in one stream"));
}

TEST_F(DoctorTest, WrongRanges) {
  const Ran ran = ExamineWith("wrong-content-range=start:any:ever");
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  bad   ranges       206 with a wrong or missing"));
  EXPECT_THAT(ran.out, HasSubstr("It cannot be mounted so."));
}

TEST_F(DoctorTest, NoHead) {
  const Ran ran = ExamineWith("head-refused:any:ever");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  note  HEAD         status 405"));
}

TEST_F(DoctorTest, WeakEtag) {
  const Ran ran = ExamineWith("weak-etag:any:ever");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  note  versions     a weak ETag: told apart by Last-Modified"));
}

TEST_F(DoctorTest, NoEtag) {
  const Ran ran = ExamineWith("no-etag:any:ever");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  note  versions     no ETag"));
  EXPECT_THAT(ran.out, Not(HasSubstr("If-Match")));
}

TEST_F(DoctorTest, ConditionsThatAreIgnored) {
  const Ran ran = ExamineWith("ignore-if-match:any:ever");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("  note  If-Match     ignored (status 206)"));
}

TEST_F(DoctorTest, SlowAnswers) {
  Origin::Options options;
  options.delay = std::chrono::milliseconds(300);
  Serve(options);
  const Ran ran = Examine(origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, testing::ContainsRegex("ok +latency +[3-9][0-9][0-9] ms for a request"));
  EXPECT_THAT(ran.out, HasSubstr("metadata_ttl=10m"));
}

// What the figures advise: tests/unit/source_findings_test.cc.
TEST_F(DoctorTest, SpeedIsThatOfOneConnectionAndOfSeveral) {
  Origin::Options options;
  options.bandwidth = kMiB;
  Serve(options);
  const Ran ran = Examine(origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, testing::ContainsRegex("speed .*/s over one connection, .*/s over 8"));
}

TEST_F(DoctorTest, AListingWithoutSizesOrNone) {
  Serve();
  origin_->SetIndex(Origin::Index::kNames);
  EXPECT_THAT(Examine(origin_->url()).out, HasSubstr("2 files without an exact size"));
}

TEST_F(DoctorTest, ABucketWithItsRegionAndVersions) {
  Origin::Options options;
  options.s3.bucket = "bucket";
  options.s3.anonymous = true;
  Serve(options);
  const Ran ran = Examine("s3://bucket/", "anonymous,region=us-east-1,endpoint=" + origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("  ok    region       us-east-1"));
  EXPECT_THAT(ran.out, HasSubstr("  versioning   "));
  EXPECT_THAT(ran.out, HasSubstr("  ok    If-Match     honoured"));
}

TEST_F(DoctorTest, ALocalDirectoryHasNoServer) {
  const TempDir dir;
  WriteFile(dir / "file", "content");
  const Ran ran = Examine(dir.path() + "/");
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, Not(HasSubstr("ranges")));
}

TEST_F(DoctorTest, NobodyThere) {
  const Ran ran = Examine("http://127.0.0.1:1/", "timeout=1");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("  bad   reachable    "));
}

TEST_F(DoctorTest, AWrongCommandLine) {
  const Ran ran = RunCommand({BrimfsProgram(), "doctor"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("usage: brimfs doctor SOURCE"));
  const Ran offline = Examine("/srv/", "offline");
  EXPECT_EQ(offline.code, 2);
  EXPECT_EQ(offline.err,
            "brimfs doctor: option offline: doctor has to ask the source; leave it out\n");
}

}  // namespace
}  // namespace brimfs
