// Versions: each is a node of its own, an open file sees one, a change is noticed in time.
#include <vector>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr uint64_t kLength = 16 * kFillBlock;
constexpr Range kFirst{0, kFillBlock};
constexpr Range kLast{kLength - kFillBlock, kLength};

TEST_F(FileSystemTest, AnotherVersionIsAnotherNode) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId old = LookUp("f").node;
  backend_.Put("f", kLength, 2);
  EXPECT_EQ(LookUp("f").node, old) << "not noticed before the time to live is over";
  clock_.Advance(kTtl);
  const FileSystem::Entry now = LookUp("f");
  EXPECT_NE(now.node, old);
  EXPECT_EQ(now.attributes.mtime, absl::FromUnixSeconds(1'700'000'002));
  EXPECT_EQ(fs_->GetAttributes(old)->mtime, absl::FromUnixSeconds(1'700'000'001)) << "frozen";
  EXPECT_EQ(OpenCode(old), Code::kStale);
  EXPECT_EQ(OpenCode(now.node), Code::kOk);
}

TEST_F(FileSystemTest, TheSameVersionStaysTheSameNodeHoweverItIsLearnt) {
  backend_.Put("f", kLength, 1);
  Mount();
  (void)List();
  const NodeId node = LookUp("f").node;  // time and length, from the listing
  std::unique_ptr<OpenFile> file = Open(node);
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);  // and the ETag, from the answer
  EXPECT_EQ(Xattr(node, "version"), "\"seed-1\"");
  clock_.Advance(kTtl);
  EXPECT_EQ(LookUp("f").node, node);
  EXPECT_EQ(backend_.stat_calls(), 1);
  Release(std::move(file));
}

TEST_F(FileSystemTest, TheNodeKnowsItsVersionWhenTheCacheHasLetTheBytesGo) {
  driver_ = DriverKind::kMemory;  // on disk they would stay
  max_idle_files_ = 0;
  backend_.Put("f", kLength, 1);
  backend_.Put("other", kLength, 1);
  Mount();
  (void)List();
  const NodeId node = LookUp("f").node;
  EXPECT_NE(Xattr(node, "version"), "\"seed-1\"");
  std::unique_ptr<OpenFile> file = Open(node);
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);
  Release(std::move(file));
  EXPECT_EQ(OpenCode(LookUp("other").node), Code::kOk);
  EXPECT_EQ(Xattr(node, "filled"), "") << "has made room for the other";
  EXPECT_EQ(Xattr(node, "version"), "\"seed-1\"") << "later bytes must be of the same version";
}

TEST_F(FileSystemTest, AnOpenFileKeepsItsBytesAndMissingOnesAreStale) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId old = LookUp("f").node;
  std::unique_ptr<OpenFile> before = Open(old);
  EXPECT_EQ(Read(*before, kFirst, 1), Code::kOk);
  backend_.Put("f", kLength, 2);
  clock_.Advance(kTtl);
  std::unique_ptr<OpenFile> after = Open("f");

  EXPECT_EQ(Read(*after, kFirst, 2), Code::kOk);
  EXPECT_EQ(Read(*before, kFirst, 1), Code::kOk);
  EXPECT_EQ(Read(*before, kLast, 1), Code::kStale);
  EXPECT_EQ(Read(*before, kFirst, 1), Code::kOk) << "and after that as well";
  EXPECT_EQ(Read(*after, kLast, 2), Code::kOk);
  Release(std::move(before));
  Release(std::move(after));
}

TEST_F(FileSystemTest, AChangeThatAFetchNoticesIsSeenByTheNextOpenWithoutWaiting) {
  backend_.Put("f", kLength, 1);
  Mount();
  (void)List();
  const NodeId old = LookUp("f").node;
  std::unique_ptr<OpenFile> before = Open(old);
  backend_.Put("f", 2 * kLength, 2);
  EXPECT_EQ(Read(*before, kFirst), Code::kStale);

  EXPECT_EQ(OpenCode(old), Code::kStale);
  const FileSystem::Entry now = LookUp("f");
  EXPECT_NE(now.node, old);
  EXPECT_EQ(now.attributes.size, 2 * kLength);
  std::unique_ptr<OpenFile> after = Open(now.node);
  EXPECT_EQ(Read(*after, kFirst, 2), Code::kOk);
  EXPECT_EQ(backend_.stat_calls(), 1);
  Release(std::move(before));
  Release(std::move(after));
}

TEST_F(FileSystemTest, AChangeIsNoticedByTheFirstOpenAfterTheTimeToLiveWithOneRequest) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId old = LookUp("f").node;
  backend_.Put("f", kLength, 2);
  clock_.Advance(kTtl);
  EXPECT_EQ(OpenCode(old), Code::kStale);
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, kFirst, 2), Code::kOk);
  EXPECT_EQ(backend_.stat_calls(), 2) << "the answer to the open serves the lookup after it";
  Release(std::move(file));
}

TEST_F(FileSystemTest, AnOpenThatConfirmsTheVersionStartsItsTimeToLiveAnew) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  clock_.Advance(kTtl);
  EXPECT_EQ(OpenCode(node), Code::kOk);
  EXPECT_EQ(backend_.stat_calls(), 2);
  clock_.Advance(kTtl - seconds(1));
  EXPECT_EQ(OpenCode(node), Code::kOk);
  EXPECT_EQ(LookUp("f").node, node);
  EXPECT_EQ(backend_.stat_calls(), 2);
}

TEST_F(FileSystemTest, AFileThatVanishesIsGoneForNewOpensAndReadableWhereItIsThere) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  std::unique_ptr<OpenFile> file = Open(node);
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);
  backend_.Erase("f");
  clock_.Advance(kTtl);
  EXPECT_EQ(OpenCode(node), Code::kStale);
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
  EXPECT_EQ(backend_.stat_calls(), 2);
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);
  EXPECT_EQ(Read(*file, kLast), Code::kStale);
  Release(std::move(file));
}

TEST_F(FileSystemTest, ALookupThatFindsNothingMakesTheNodeStale) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  clock_.Advance(kTtl);
  backend_.Erase("f");
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
  backend_.Put("f", kLength, 1);
  EXPECT_EQ(OpenCode(node), Code::kStale);
}

TEST_F(FileSystemTest, AFileThatBecomesADirectoryAndBack) {
  backend_.Put("x", kLength, 1);
  Mount();
  const NodeId file = LookUp("x").node;
  backend_.Erase("x");
  backend_.Put("x/y", 1, 1);
  clock_.Advance(kTtl);
  const FileSystem::Entry directory = LookUp("x");
  EXPECT_EQ(directory.attributes.kind, ObjectKind::kDirectory);
  EXPECT_NE(directory.node, file);
  EXPECT_EQ(OpenCode(file), Code::kStale);
  EXPECT_EQ(OpenCode(directory.node), Code::kIsDirectory);
  backend_.Erase("x/y");
  backend_.Put("x", kLength, 1);
  clock_.Advance(kTtl);
  EXPECT_EQ(LookUp("x").attributes.kind, ObjectKind::kFile);
}

TEST_F(FileSystemTest, AVersionThatComesBackIsReadableAgain) {
  backend_.Put("f", kLength, 1);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, kFirst, 1), Code::kOk);
  backend_.Put("f", kLength, 2);
  EXPECT_EQ(Read(*file, kLast, 1), Code::kStale);
  backend_.Put("f", kLength, 1);
  std::unique_ptr<OpenFile> again = Open("f");
  EXPECT_NE(again->node, file->node);
  EXPECT_EQ(Read(*again, kLast, 1), Code::kOk);
  Release(std::move(file));
  Release(std::move(again));
}

TEST_F(FileSystemTest, ADeniedCheckFailsTheOpenAndLosesNothing) {
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  clock_.Advance(kTtl);
  backend_.FailMetadata(Status(Code::kDenied));
  EXPECT_EQ(OpenCode(node), Code::kDenied);
  backend_.FailMetadata(OkStatus());
  EXPECT_EQ(OpenCode(node), Code::kOk);
  EXPECT_EQ(LookUp("f").node, node);
}

TEST_F(FileSystemTest, AReadThatWasDeniedIsTriedAgainByTheNextOpen) {
  backend_.Put("f", kLength, 1);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);
  backend_.FailNext("f", Status(Code::kDenied));
  EXPECT_EQ(Read(*file, kLast), Code::kDenied);
  EXPECT_EQ(Read(*file, kFirst), Code::kOk);
  std::unique_ptr<OpenFile> again = Open("f");
  EXPECT_EQ(again->node, file->node);
  EXPECT_EQ(Read(*again, kLast), Code::kOk);
  EXPECT_EQ(Read(*file, kLast), Code::kOk) << "the same bytes";
  Release(std::move(file));
  Release(std::move(again));
}

TEST_F(FileSystemTest, WithoutEtagsTimeAndLengthTellVersionsApart) {
  backend_.SetEtags(false);
  backend_.Put("f", kLength, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  clock_.Advance(kTtl);
  EXPECT_EQ(LookUp("f").node, node);
  backend_.Put("f", kLength, 2);  // another time
  clock_.Advance(kTtl);
  EXPECT_NE(LookUp("f").node, node);
}

}  // namespace
}  // namespace brimfs
