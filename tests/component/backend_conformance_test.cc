// What every backend promises (core/backend.h), shown over each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/nginx.h"
#include "tests/support/oracle.h"
#include "tests/support/origin.h"

namespace brimfs {
namespace {

using testing::IsEmpty;

// A directory that some kind of source serves, and that a test fills.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::string source() const = 0;  // of the directory, with a '/'
  // A new version each time.
  virtual void Put(const std::string& path, const std::string& content) = 0;
  virtual void Erase(const std::string& path) = 0;
};

class DiskPlace : public Place {
 public:
  explicit DiskPlace(std::string root) : root_(std::move(root)) {}

  std::string source() const override { return "file://" + root_ + "/"; }

  void Put(const std::string& path, const std::string& content) override {
    const std::string file = root_ + "/" + path;
    WriteFile(file, content);
    // nginx knows versions by the second.
    modified_ += std::chrono::seconds(2);
    std::filesystem::last_write_time(file, modified_);
  }

  void Erase(const std::string& path) override { std::filesystem::remove(root_ + "/" + path); }

 private:
  const std::string root_;
  std::filesystem::file_time_type modified_ =
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
};

class FilePlace : public Place {
 public:
  std::string source() const override { return disk_.source(); }
  void Put(const std::string& path, const std::string& content) override {
    disk_.Put(path, content);
  }
  void Erase(const std::string& path) override { disk_.Erase(path); }

 private:
  TempDir temp_;
  DiskPlace disk_{temp_.path()};
};

class NginxPlace : public Place {
 public:
  explicit NginxPlace(const char* format) : nginx_(WithFormat(format)) {}

  std::string source() const override { return nginx_.url(); }
  void Put(const std::string& path, const std::string& content) override {
    disk_.Put(path, content);
  }
  void Erase(const std::string& path) override { disk_.Erase(path); }

 private:
  static Nginx::Options WithFormat(const char* format) {
    Nginx::Options options;
    options.format = format;
    return options;
  }

  Nginx nginx_;
  DiskPlace disk_{nginx_.root()};
};

class OriginPlace : public Place {
 public:
  OriginPlace() { EXPECT_TRUE(origin_.Start().ok()); }
  std::string source() const override { return origin_.url(); }
  void Put(const std::string& path, const std::string& content) override {
    origin_.PutBytes(path, content);
  }
  void Erase(const std::string& path) override { origin_.Erase(path); }

 private:
  Origin origin_;
};

struct Kind {
  const char* name;
  std::unique_ptr<Place> (*make)();
};

std::string Oracle(uint64_t length, uint64_t seed = 1) {
  const std::vector<std::byte> bytes = OracleBytes(seed, {0, length});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class BackendConformanceTest : public testing::TestWithParam<Kind> {
 protected:
  BackendConformanceTest() { limits_.deadline = Clock::Steady().Now() + std::chrono::seconds(60); }

  // The directory has to be filled before it is opened.
  Backend& Open(const std::string& below = {}) {
    auto opened = OpenSource(place_->source() + below, {}, limits_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    if (!opened.ok()) std::abort();
    opened_ = std::move(*opened);
    connection_ = opened_.backend->Connect();
    return *opened_.backend;
  }

  Version VersionOf(const std::string& path) {
    const auto info = opened_.backend->Stat(path, limits_);
    EXPECT_TRUE(info.ok()) << info.status().ToString();
    return info.ok() ? info->version : Version{};
  }

  Status Fetch(const std::string& path, const Version& version, const Range& range,
               BodyCollector& sink) {
    return connection_->Fetch({path, range, version}, sink, limits_);
  }

  Status List(const std::string& path, std::map<std::string, ListedName>& names) {
    return opened_.backend->List(
        path,
        [&names](ListedName name) {
          EXPECT_TRUE(names.emplace(name.name, name).second) << name.name << " came twice";
        },
        [&names] { names.clear(); }, limits_);
  }

  CallLimits limits_;
  std::unique_ptr<Place> place_ = GetParam().make();
  OpenedSource opened_;
  std::unique_ptr<Connection> connection_;
};

std::unique_ptr<Place> MakeFile() { return std::make_unique<FilePlace>(); }
std::unique_ptr<Place> MakeNginxHtml() { return std::make_unique<NginxPlace>("html"); }
std::unique_ptr<Place> MakeNginxJson() { return std::make_unique<NginxPlace>("json"); }
std::unique_ptr<Place> MakeOrigin() { return std::make_unique<OriginPlace>(); }

INSTANTIATE_TEST_SUITE_P(Over, BackendConformanceTest,
                         testing::Values(Kind{"File", &MakeFile}, Kind{"NginxHtml", &MakeNginxHtml},
                                         Kind{"NginxJson", &MakeNginxJson},
                                         Kind{"Origin", &MakeOrigin}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(BackendConformanceTest, StatTellsFilesFromDirectories) {
  place_->Put("file", Oracle(1000));
  place_->Put("dir/inner", Oracle(10));
  place_->Put("empty", "");
  Backend& backend = Open();
  EXPECT_EQ(backend.Stat("", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_EQ(backend.Stat("dir", limits_)->kind, ObjectKind::kDirectory);
  EXPECT_EQ(backend.Stat("file", limits_)->kind, ObjectKind::kFile);
  EXPECT_EQ(VersionOf("file").length, 1000u);
  EXPECT_EQ(VersionOf("dir/inner").length, 10u);
  EXPECT_EQ(VersionOf("empty").length, 0u);
  EXPECT_TRUE(VersionOf("file").HasStrongEtag());
}

TEST_P(BackendConformanceTest, WhatIsNotThereIsNotFound) {
  place_->Put("file", "x");
  Backend& backend = Open();
  for (const char* path : {"missing", "missing/below", "file/below"}) {
    EXPECT_EQ(backend.Stat(path, limits_).code(), Code::kNotFound) << path;
  }
  std::map<std::string, ListedName> names;
  EXPECT_EQ(List("missing", names).code(), Code::kNotFound);
  EXPECT_THAT(names, IsEmpty());
}

TEST_P(BackendConformanceTest, AListingGivesNamesKindsLengthsAndVersions) {
  place_->Put("file", Oracle(1000));
  place_->Put("empty", "");
  place_->Put("dir/inner", Oracle(10));
  Open();
  std::map<std::string, ListedName> names;
  ASSERT_EQ(List("", names).code(), Code::kOk);
  ASSERT_EQ(names.size(), 3u);
  EXPECT_EQ(names["dir"].kind, ObjectKind::kDirectory);
  EXPECT_EQ(names["empty"].version.length, 0u);
  EXPECT_EQ(names["file"].kind, ObjectKind::kFile);
  EXPECT_EQ(names["file"].version.length, 1000u);
  EXPECT_TRUE(SameVersion(names["file"].version, VersionOf("file")));

  names.clear();
  ASSERT_EQ(List("dir", names).code(), Code::kOk);
  ASSERT_EQ(names.size(), 1u);
  EXPECT_EQ(names["inner"].version.length, 10u);
}

TEST_P(BackendConformanceTest, EveryRangeGivesExactlyItsBytes) {
  constexpr uint64_t kLength = 3 * (1 << 20) + 123;
  const std::string content = Oracle(kLength);
  place_->Put("file", content);
  Open();
  const Version version = VersionOf("file");
  for (const Range& range : {Range{0, 1}, Range{0, kLength}, Range{kLength - 1, kLength},
                             Range{65536, 131072}, Range{1, kLength - 1}, Range{77, 78}}) {
    BodyCollector sink;
    const Status status = Fetch("file", version, range, sink);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(sink.begin, range.begin);
    EXPECT_EQ(sink.bytes, content.substr(range.begin, range.size()));
    EXPECT_TRUE(SameVersion(*sink.answer, version));
    EXPECT_EQ(sink.answer->length, kLength);
  }
}

TEST_P(BackendConformanceTest, WhatAListingKnowsIsEnoughToFetch) {
  place_->Put("file", Oracle(1000));
  Open();
  std::map<std::string, ListedName> names;
  ASSERT_TRUE(List("", names).ok());
  BodyCollector sink;
  ASSERT_TRUE(Fetch("file", names["file"].version, {10, 20}, sink).ok());
  EXPECT_EQ(sink.bytes, Oracle(1000).substr(10, 10));
  EXPECT_TRUE(sink.answer->HasStrongEtag());
}

TEST_P(BackendConformanceTest, AChangedObjectIsStaleAndGivesNoByte) {
  place_->Put("file", Oracle(1000, 1));
  Open();
  const Version version = VersionOf("file");
  for (const uint64_t length : {1000, 2000, 15}) {
    place_->Put("file", Oracle(length, 2));
    BodyCollector sink;
    EXPECT_EQ(Fetch("file", version, {10, 20}, sink).code(), Code::kStale) << length;
    EXPECT_THAT(sink.bytes, IsEmpty());
  }
  place_->Erase("file");
  BodyCollector sink;
  EXPECT_EQ(Fetch("file", version, {10, 20}, sink).code(), Code::kStale) << "erased";
  EXPECT_THAT(sink.bytes, IsEmpty());
}

TEST_P(BackendConformanceTest, ASinkThatRefusesTheAnswerGetsNoByte) {
  place_->Put("file", Oracle(1 << 20));
  Open();
  BodyCollector sink;
  sink.on_answer = Status(Code::kBusy, "refused");
  EXPECT_EQ(Fetch("file", VersionOf("file"), {0, 1 << 20}, sink).code(), Code::kBusy);
  EXPECT_THAT(sink.bytes, IsEmpty());
}

TEST_P(BackendConformanceTest, TheErrorOfASinkEndsTheTransfer) {
  place_->Put("file", Oracle(8 << 20));
  Open();
  BodyCollector sink;
  sink.on_bytes = [] { return Status(Code::kNoSpace, "full"); };
  EXPECT_EQ(Fetch("file", VersionOf("file"), {0, 8 << 20}, sink).code(), Code::kNoSpace);
  EXPECT_LT(sink.bytes.size(), 8u << 20);
}

TEST_P(BackendConformanceTest, AConnectionGoesOnAfterErrors) {
  const std::string content = Oracle(1 << 20);
  place_->Put("file", content);
  Open();
  const Version version = VersionOf("file");
  Version other = version;
  other.etag = "\"another\"";
  for (int round = 0; round < 3; ++round) {
    BodyCollector stale;
    EXPECT_EQ(Fetch("file", other, {0, 10}, stale).code(), Code::kStale);
    BodyCollector gone;
    EXPECT_EQ(Fetch("missing", version, {0, 10}, gone).code(), Code::kStale);
    BodyCollector full;
    full.on_bytes = [] { return Status(Code::kNoSpace, "full"); };
    EXPECT_EQ(Fetch("file", version, {0, 1 << 20}, full).code(), Code::kNoSpace);
    BodyCollector good;
    ASSERT_TRUE(Fetch("file", version, {100, 1 << 20}, good).ok());
    EXPECT_EQ(good.bytes, content.substr(100));
  }
}

TEST_P(BackendConformanceTest, StopInTheMiddleOfABodyInterrupts) {
  place_->Put("file", Oracle(8 << 20));
  Open();
  const Version version = VersionOf("file");
  std::stop_source stop;
  limits_.stop = stop.get_token();
  BodyCollector sink;
  sink.on_bytes = [&stop] {
    stop.request_stop();
    return OkStatus();
  };
  EXPECT_EQ(Fetch("file", version, {0, 8 << 20}, sink).code(), Code::kInterrupted);
  EXPECT_LT(sink.bytes.size(), 8u << 20);
}

TEST_P(BackendConformanceTest, NothingIsDoneOnceStoppedOrTooLate) {
  place_->Put("file", Oracle(1000));
  Backend& backend = Open();
  const Version version = VersionOf("file");
  std::stop_source stop;
  stop.request_stop();
  limits_.stop = stop.get_token();
  const auto each = [](ListedName) { ADD_FAILURE() << "a name after the end"; };
  BodyCollector sink;
  EXPECT_EQ(backend.Stat("file", limits_).code(), Code::kInterrupted);
  EXPECT_EQ(backend
                .List(
                    "", each, [] {}, limits_)
                .code(),
            Code::kInterrupted);
  EXPECT_EQ(Fetch("file", version, {0, 10}, sink).code(), Code::kInterrupted);

  limits_.stop = {};
  limits_.deadline = Clock::Steady().Now();
  EXPECT_EQ(backend.Stat("file", limits_).code(), Code::kTimedOut);
  EXPECT_EQ(backend
                .List(
                    "", each, [] {}, limits_)
                .code(),
            Code::kTimedOut);
  EXPECT_EQ(Fetch("file", version, {0, 10}, sink).code(), Code::kTimedOut);
  EXPECT_FALSE(sink.answer);
}

TEST_P(BackendConformanceTest, OddNamesAreListedFoundAndRead) {
  const std::vector<std::string> odd = {"with space",     "100%",
                                        "per%41cent",     "hash#tag",
                                        "quest?ion",      "a&b<c>'\"",
                                        "colon:name",     "plus+;=,@!$()*",
                                        "back\\slash",    "[br]{ace}|^`",
                                        "~tilde",         "\xC3\xBCml\xC3\xA4ut",
                                        "tab\tand\nline", std::string(255, 'n')};
  for (const std::string& name : odd) place_->Put(name, name + " itself");
  place_->Put("dir with % and ?/" + odd[0], "inner");
  Open();
  std::map<std::string, ListedName> names;
  ASSERT_TRUE(List("", names).ok());
  EXPECT_EQ(names.size(), odd.size() + 1);
  for (const std::string& name : odd) {
    EXPECT_EQ(names.count(name), 1u) << name;
    const Version version = VersionOf(name);
    ASSERT_EQ(version.length, name.size() + 7) << name;
    BodyCollector sink;
    EXPECT_TRUE(Fetch(name, version, {0, *version.length}, sink).ok()) << name;
    EXPECT_EQ(sink.bytes, name + " itself");
  }
  EXPECT_EQ(VersionOf("dir with % and ?/with space").length, 5u);
}

TEST_P(BackendConformanceTest, ASourceMayBeOneFile) {
  place_->Put("some file", Oracle(1000));
  Backend& backend = Open("some%20file");
  EXPECT_EQ(opened_.single_file, "some file");
  EXPECT_EQ(backend.Stat("", limits_)->kind, ObjectKind::kFile);
  BodyCollector sink;
  ASSERT_TRUE(Fetch("", VersionOf(""), {5, 15}, sink).ok());
  EXPECT_EQ(sink.bytes, Oracle(1000).substr(5, 10));
  EXPECT_TRUE(backend.DisplayUrl("").ends_with("/some%20file")) << backend.DisplayUrl("");
}

TEST_P(BackendConformanceTest, ASourceWithoutSlashIsAskedWhetherItIsADirectory) {
  place_->Put("dir/inner", "x");
  Backend& backend = Open("dir");
  EXPECT_EQ(opened_.single_file, "");
  EXPECT_EQ(VersionOf("inner").length, 1u);
  EXPECT_TRUE(backend.DisplayUrl("inner").ends_with("/dir/inner")) << backend.DisplayUrl("inner");
  const std::string identity = opened_.identity;
  Open("dir/");
  EXPECT_EQ(opened_.identity, identity) << "one source, two identities";
}

TEST_P(BackendConformanceTest, ASourceThatIsNotThereIsNotFound) {
  place_->Put("file", "x");
  EXPECT_EQ(OpenSource(place_->source() + "missing", {}, limits_).code(), Code::kNotFound);
  EXPECT_EQ(OpenSource(place_->source() + "missing/", {}, limits_).code(), Code::kNotFound);
}

}  // namespace
}  // namespace brimfs
