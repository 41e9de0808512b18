// What a mount knows from an earlier one over the same cache directory, and when it asks again.
#include <memory>
#include <string>
#include <utility>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr uint64_t kLength = 16 * kFillBlock;
constexpr Range kFirst{0, kFillBlock};
constexpr Range kLast{kLength - kFillBlock, kLength};

class RemountedTest : public FileSystemTest {
 protected:
  RemountedTest() {
    driver_ = DriverKind::kMmap;
    with_kernel_ = false;
    backend_.Put("f", kLength, 1);
  }

  // Fills the file in a mount that has ended since.
  void FillBefore(Duration ago) {
    Mount();
    Fill("f");
    Remount(ago);
  }
  void Remount(Duration later) {
    Unmount();
    clock_.Advance(later);
    stats_ = backend_.stat_calls();
    fetches_ = backend_.fetches().size();
    Mount();
  }

  // Since the last Remount.
  int stats() const { return backend_.stat_calls() - stats_; }
  size_t fetches() const { return backend_.fetches().size() - fetches_; }

  // Of a whole file, which is closed again.
  Code ReadAll(const std::string& name, uint64_t seed) {
    std::unique_ptr<OpenFile> file = Open(name);
    const Code code = Read(*file, {0, kLength}, seed);
    Release(std::move(file));
    return code;
  }

 private:
  int stats_ = 0;
  size_t fetches_ = 0;
};

TEST_F(RemountedTest, WithinTheTimeToLiveNothingIsAsked) {
  FillBefore(kTtl - seconds(2));
  const FileSystem::Entry entry = LookUp("f");
  EXPECT_EQ(entry.attributes.size, kLength);
  EXPECT_EQ(entry.attributes.mtime, absl::FromUnixSeconds(1'700'000'001));
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 0);
  EXPECT_EQ(fetches(), 0u);
}

TEST_F(RemountedTest, AfterItTheVersionIsCheckedAndNoByteIsFetched) {
  FillBefore(kTtl);
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 1);
  EXPECT_EQ(fetches(), 0u);
}

TEST_F(RemountedTest, OnlyTheRestOfTheTimeToLiveIsLeft) {
  FillBefore(seconds(40));
  const FileSystem::Entry entry = LookUp("f");
  EXPECT_LE(entry.ttl, seconds(20));
  EXPECT_GE(entry.ttl, seconds(18));
  clock_.Advance(seconds(20));
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 1);
}

TEST_F(RemountedTest, AVersionThatIsConfirmedIsGoodForAnotherTimeToLive) {
  FillBefore(kTtl);
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 1);
  Remount(kTtl - seconds(2));
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 0);
}

TEST_F(RemountedTest, WhatIsKnownOfAnEarlierMountIsNotGoodForLonger) {
  FillBefore(seconds(30));
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  Remount(seconds(30));
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 1);
}

TEST_F(RemountedTest, AChangeIsNoticedAfterTheTimeToLive) {
  FillBefore(kTtl);
  backend_.Put("f", kLength, 2);
  EXPECT_EQ(ReadAll("f", 2), Code::kOk);
}

TEST_F(RemountedTest, AChangeThatAFetchNoticesOutdoesWhatIsStored) {
  Mount();
  std::unique_ptr<OpenFile> part = Open("f");
  EXPECT_EQ(Read(*part, kFirst), Code::kOk);
  Release(std::move(part));
  Remount(seconds(10));
  backend_.Put("f", kLength, 2);

  const NodeId old = LookUp("f").node;
  std::unique_ptr<OpenFile> before = Open(old);
  EXPECT_EQ(Read(*before, kFirst, 1), Code::kOk);
  EXPECT_EQ(Read(*before, kLast, 1), Code::kStale);
  EXPECT_EQ(OpenCode(old), Code::kStale);
  EXPECT_NE(LookUp("f").node, old) << "from the cache again, though it is known to be gone";
  EXPECT_EQ(ReadAll("f", 2), Code::kOk);
  Release(std::move(before));
}

TEST_F(RemountedTest, AFileThatIsGoneIsGoneThoughItIsStored) {
  FillBefore(kTtl);
  backend_.Erase("f");
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
  clock_.Advance(kNegativeTtl);
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
}

// As index pages for people do.
class MinutesBackend : public Backend {
 public:
  explicit MinutesBackend(Backend& exact) : exact_(exact) {}

  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override {
    return exact_.Stat(path, limits);
  }
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override {
    const auto rounded = [&](ListedName name) {
      const absl::Duration since = *name.version.last_modified - absl::UnixEpoch();
      name.version.last_modified = absl::UnixEpoch() + absl::Floor(since, absl::Minutes(1));
      name.version.precision = absl::Minutes(1);
      each(std::move(name));
    };
    return exact_.List(path, rounded, anew, limits);
  }
  std::unique_ptr<Connection> Connect() override { return exact_.Connect(); }
  std::string DisplayUrl(const std::string& path) const override { return exact_.DisplayUrl(path); }

 private:
  Backend& exact_;
};

class VaguelyListedTest : public RemountedTest {
 protected:
  Backend& backend() override { return minutes_; }

 private:
  MinutesBackend minutes_{backend_};
};

TEST_F(VaguelyListedTest, WhatIsStoredIsUsedOnceTheVersionIsKnownExactly) {
  FillBefore(kTtl);
  (void)List();
  const NodeId node = LookUp("f").node;
  EXPECT_EQ(stats(), 0) << "the listing is good for names";
  EXPECT_EQ(OpenCode(node, Ask::kMemoryOnly), Code::kWouldBlock);
  EXPECT_EQ(ReadAll("f", 1), Code::kOk);
  EXPECT_EQ(stats(), 1);
  EXPECT_EQ(fetches(), 0u);
}

TEST_F(VaguelyListedTest, AChangeWithinTheMinuteIsNoticed) {
  FillBefore(kTtl);
  backend_.Put("f", kLength, 2);
  (void)List();
  EXPECT_EQ(ReadAll("f", 2), Code::kOk);
}

TEST_F(VaguelyListedTest, OfWhatIsNotStoredNothingMoreIsAsked) {
  backend_.Put("other", kLength, 3);
  FillBefore(kTtl);
  (void)List();
  EXPECT_EQ(ReadAll("other", 3), Code::kOk);
  EXPECT_EQ(stats(), 0);
}

}  // namespace
}  // namespace brimfs
