// Programs that read the files of a directory one after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/hedges.h"

namespace brimfs {
namespace {

constexpr int kFiles = 200;
constexpr uint64_t kSize = 64 << 10;

class SmallFilesTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin(
        {.root = {}, .index = Origin::Index::kJson, .delay = std::chrono::milliseconds(20)});
    for (int i = 0; i < kFiles; ++i) {
      origin_->PutOracle("d/" + Name(i), kSize, static_cast<uint64_t>(i) + 1);
    }
  }
  static std::string Name(int i) { return "f" + std::to_string(1000 + i); }

  // What the origin was asked for, by method and path.
  std::multiset<std::string> Asked(const std::string& method) {
    std::multiset<std::string> asked;
    for (const Origin::Seen& seen : origin_->seen()) {
      if (seen.method == method) asked.insert(seen.path);
    }
    return asked;
  }

  // After the end of `mount`, which logs for debugging.
  void ExpectOnceButForHedges(const Mount& mount) {
    const std::multiset<std::string> fetched = Asked("GET");
    const std::string log = mount.log();
    size_t again = 0;
    for (int i = 0; i < kFiles; ++i) {
      const size_t times = fetched.count("d/" + Name(i));
      EXPECT_GE(times, 1u) << Name(i);
      EXPECT_LE(times, 1 + HedgesIn(log, Name(i)).requests) << Name(i);
      again += times - std::min<size_t>(times, 1);
    }
    EXPECT_LE(again, kFiles / 20 + 2);
  }

  std::unique_ptr<Origin> origin_;
};

class InOrderTest : public SmallFilesTest, public testing::WithParamInterface<const char*> {};

TEST_P(InOrderTest, EveryFileComesOnceButForHedgesAndSeveralAtATime) {
  Mount& mount = Attach(origin_->url(), {"debug"});
  const TempDir to;
  const Ran ran = Shell(GetParam(), {mount.File("d"), to.path()});
  EXPECT_EQ(ran.code, 0) << ran.err;

  Detach(mount);

  ExpectOnceButForHedges(mount);
  EXPECT_EQ(Asked("HEAD").count("d/" + Name(0)), 0u) << "the listing says all";
  EXPECT_GE(origin_->counters().peak, 12u);
}

INSTANTIATE_TEST_SUITE_P(Programs, InOrderTest,
                         testing::Values("cp -r \"$1\" \"$2/copy\" && diff -r \"$1\" \"$2/copy\"",
                                         "ls \"$1\" && cat \"$1\"/* > \"$2/all\"",
                                         "tar -C \"$1\" -cf \"$2/tar\" .",
                                         "ls \"$1\" | (cd \"$1\" && xargs -n1 -P8 sha256sum)"));

TEST_F(SmallFilesTest, FilesWithoutLengthsInTheListingComeAheadAsWell) {
  origin_->SetIndex(Origin::Index::kNames);
  Mount& mount = Attach(origin_->url(), {"debug"});
  const TempDir to;
  const Ran ran =
      Shell("cp -r \"$1\" \"$2/copy\" && diff -r \"$1\" \"$2/copy\"", {mount.File("d"), to.path()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  Detach(mount);
  ExpectOnceButForHedges(mount);
  EXPECT_GE(origin_->counters().peak, 12u);
}

TEST_F(SmallFilesTest, ReadingInNoOrderCostsHardlyMore) {
  Mount& mount = Attach(origin_->url());
  std::vector<int> order;
  for (int i = 0; i < kFiles; ++i) order.push_back(i);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  std::string names;
  for (size_t i = 0; i < 60; ++i) names += " " + Name(order[i]);
  ASSERT_EQ(Shell("cd \"$1\" && ls && cat" + names, {mount.File("d")}).code, 0);
  Detach(mount);
  uint64_t fetched = 0;
  for (const auto& [path, counted] : origin_->counters().paths) {
    if (path.starts_with("d/f")) fetched += counted.body_bytes;
  }
  EXPECT_LE(fetched, 63 * kSize);
}

TEST_F(SmallFilesTest, AnUnmountDoesNotWaitForWhatIsFetchedAhead) {
  Mount& mount = Attach(origin_->url());
  for (int i = 4; i < kFiles; ++i) origin_->CloseHeadGate("d/" + Name(i));
  ASSERT_EQ(Shell("cd \"$1\" && ls && cat f1000 f1001 f1002 f1003", {mount.File("d")}).code, 0);
  origin_->AwaitAtGate("d/" + Name(4), 1);
  Detach(mount);
  EXPECT_EQ(mount.log().find("warning"), std::string::npos) << mount.log();
}

}  // namespace
}  // namespace brimfs
