// Programs that go through a directory whose listing has no lengths.
#include <gtest/gtest.h>

#include <set>

#include "tests/e2e/e2e_test.h"

namespace brimfs {
namespace {

constexpr int kFiles = 200;
constexpr uint64_t kConnections = 8;  // for metadata

class ListingAheadTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin(
        {.root = {}, .index = Origin::Index::kNames, .delay = std::chrono::milliseconds(20)});
    for (int i = 0; i < kFiles; ++i) origin_->PutOracle("d/" + Name(i), 10);
  }
  // Capitals and small letters, which a locale mixes.
  static std::string Name(int i) { return (i % 2 == 0 ? "A" : "a") + std::to_string(1000 + i / 2); }

  void ExpectEachAskedForOnce() {
    std::multiset<std::string> asked;
    for (const Origin::Seen& seen : origin_->seen()) {
      if (seen.method == "HEAD") asked.insert(seen.path);
    }
    for (int i = 0; i < kFiles; ++i) EXPECT_EQ(asked.count("d/" + Name(i)), 1u) << Name(i);
  }

  std::unique_ptr<Origin> origin_;
};

class ProgramTest : public ListingAheadTest, public testing::WithParamInterface<const char*> {
 protected:
  void Run() {
    Mount& mount = Attach(origin_->url());
    const TempDir to;
    const Ran ran = Shell(GetParam(), {mount.File("d"), to.path()});
    EXPECT_EQ(ran.code, 0) << ran.err;
    Detach(mount);
    ExpectEachAskedForOnce();
  }
};

using LookingTest = ProgramTest;

TEST_P(LookingTest, HasTheFilesAskedForInParallel) {
  Run();
  EXPECT_GE(origin_->counters().peak, kConnections - 2);
  EXPECT_LE(origin_->counters().peak, kConnections);
}

INSTANTIATE_TEST_SUITE_P(AtEveryFile, LookingTest,
                         testing::Values("ls -l \"$1\"",                 //
                                         "LC_ALL=C.UTF-8 ls -l \"$1\"",  //
                                         "find \"$1\" -size +0",         //
                                         "du -a \"$1\"",                 //
                                         "rsync -r --list-only \"$1/\""));

using CopyingTest = ProgramTest;

TEST_P(CopyingTest, HasTheFilesAskedForAhead) {
  Run();
  EXPECT_GT(origin_->counters().peak, kConnections) << "the files themselves come ahead as well";
}

INSTANTIATE_TEST_SUITE_P(EveryFile, CopyingTest,
                         testing::Values("tar -C \"$1\" -cf \"$2/tar\" .",
                                         "cp -a \"$1\" \"$2/copy\"",
                                         "rsync -a \"$1/\" \"$2/copy\""));

TEST_F(ListingAheadTest, AProgramThatOpensOneFileCostsNothingMore) {
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(Shell("ls \"$1\"", {mount.File("d")}).code, 0);
  const uint64_t before = origin_->counters().requests;
  ASSERT_EQ(Shell("cat \"$1\"", {mount.File("d/" + Name(100))}).code, 0);
  Detach(mount);
  EXPECT_EQ(origin_->counters().requests - before, 2u) << "one HEAD, one GET";
}

TEST_F(ListingAheadTest, AnUnmountDoesNotWaitForWhatIsAskedForAhead) {
  for (int i = 4; i < kFiles; ++i) origin_->CloseHeadGate("d/" + Name(i));
  Mount& mount = Attach(origin_->url());
  ASSERT_EQ(
      Shell("ls \"$1\" && stat \"$1/$2\" \"$1/$3\"", {mount.File("d"), Name(0), Name(2)}).code, 0);
  origin_->AwaitAtGate("d/" + Name(4), 1);
  Detach(mount);
}

}  // namespace
}  // namespace brimfs
