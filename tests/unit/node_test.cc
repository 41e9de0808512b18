#include "fs/node.h"

#include <malloc.h>

#include <set>
#include <thread>
#include <vector>

#include "fs/inode_table.h"
#include "gtest/gtest.h"
#include "tests/support/sanitized.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr TimePoint kStart{};

ObjectInfo InfoOf(Version version, ObjectKind kind = ObjectKind::kFile) {
  return {kind, std::move(version)};
}

// As an object store lists it.
Version Listed() {
  Version version;
  version.etag = "\"0123456789abcdef0123456789abcdef\"";
  version.last_modified = absl::FromUnixSeconds(1'700'000'000);
  version.length = 12345;
  return version;
}

// As a web server's index has it.
Version ToTheMinute() {
  Version version;
  version.last_modified = absl::FromUnixSeconds(1'700'000'040);
  version.precision = absl::Minutes(1);
  version.length = 12345;
  return version;
}

// What no packed version can say.
Version Odd() {
  Version version = Listed();
  version.id = "the id of a version";
  version.last_modified = absl::FromUnixSeconds(253'402'300'799) + absl::Nanoseconds(1) / 4;
  return version;
}

class NodeTest : public testing::Test {
 protected:
  NodePtr File(const Version& version, const std::string& name = "file") const {
    return Node::Make(4711, root_, name, InfoOf(version), kStart);
  }
  NodePtr Directory(const NodePtr& parent, const std::string& name, const Version& version = {}) {
    return Node::Make(++last_id_, parent, name, InfoOf(version, ObjectKind::kDirectory), kStart);
  }

  const NodePtr root_ =
      Node::MakeRoot(InfoOf({}, ObjectKind::kDirectory), Clock::Steady(), seconds(60), seconds(60));

 private:
  NodeId last_id_ = 100;
};

TEST_F(NodeTest, TheWayToTheRootMayBeVeryLong) {
  NodePtr deepest = root_;
  for (int i = 0; i < 200'000; ++i) deepest = Directory(deepest, "d");
  deepest = nullptr;
}

TEST_F(NodeTest, ThePathIsThatOfTheNamesFromTheRootOnThoughNobodyHoldsThose) {
  EXPECT_EQ(root_->path(), "");
  EXPECT_EQ(File(Listed())->path(), "file");
  NodePtr a = Directory(root_, "a");
  NodePtr b = Directory(a, "b");
  const NodePtr file = Node::Make(7, b, "a file", InfoOf(Listed()), kStart);
  a = b = nullptr;
  EXPECT_EQ(file->path(), "a/b/a file");
  EXPECT_EQ(file->name(), "a file");
  EXPECT_EQ(file->parent->parent->parent, root_);
}

TEST_F(NodeTest, GivesBackTheVersionThatItWasMadeOf) {
  for (const Version& version : {Listed(), ToTheMinute(), Odd()}) {
    const NodePtr file = File(version);
    EXPECT_EQ(file->version(), version) << version.ToString();
    EXPECT_EQ(file->size(), 12345u);
    EXPECT_EQ(file->attributes().ino, 4711u);
    EXPECT_EQ(file->attributes().size, 12345u);
    EXPECT_EQ(file->attributes().mtime, version.last_modified);
    EXPECT_EQ(file->attributes().kind, ObjectKind::kFile);
  }
  Version dated;
  dated.last_modified = Odd().last_modified;
  const NodePtr directory = Directory(root_, "d", dated);
  EXPECT_EQ(directory->attributes().mtime, dated.last_modified);
  EXPECT_EQ(directory->attributes().kind, ObjectKind::kDirectory);
  EXPECT_EQ(Directory(root_, "undated")->attributes().mtime, absl::UnixEpoch());
}

TEST_F(NodeTest, TheAttributesStayWhenMoreIsLearnedOfTheVersion) {
  const NodePtr file = File(ToTheMinute());
  Version seen = ToTheMinute();
  seen.etag = "\"an etag\"";
  seen.last_modified = *seen.last_modified + absl::Seconds(17);
  seen.precision = absl::Seconds(1);
  EXPECT_TRUE(file->Learn(seen));
  EXPECT_EQ(file->version(), seen);
  EXPECT_EQ(file->attributes().mtime, ToTheMinute().last_modified);

  Version other = seen;
  other.etag = "\"another etag\"";
  EXPECT_FALSE(file->Learn(other)) << "though the node was made without an ETag";
  EXPECT_EQ(file->version(), seen);
}

TEST_F(NodeTest, AnotherVersionOrKindIsRefusedAndSoIsEverythingOnceItIsGone) {
  const NodePtr file = File(Listed());
  Version other = Listed();
  other.etag = "\"other\"";
  EXPECT_FALSE(file->Learn(other));
  EXPECT_FALSE(file->Confirm(InfoOf(other), kStart));
  EXPECT_FALSE(file->Confirm(InfoOf(Listed(), ObjectKind::kDirectory), kStart));
  EXPECT_TRUE(file->Confirm(InfoOf(Listed()), kStart));
  EXPECT_TRUE(file->MarkGone());
  EXPECT_FALSE(file->MarkGone()) << "no news";
  EXPECT_FALSE(file->Learn(Listed()));
  EXPECT_FALSE(file->Confirm(InfoOf(Listed()), kStart));
}

TEST_F(NodeTest, WhatIsConfirmedLaterCountsAndWhatIsOlderDoesNot) {
  const NodePtr file = File(Listed());
  EXPECT_TRUE(file->Confirm(InfoOf(Listed()), kStart + seconds(5)));
  EXPECT_TRUE(file->Confirm(InfoOf(Listed()), kStart + seconds(3)));
  EXPECT_EQ(file->checked(), kStart + seconds(5));
}

TEST_F(NodeTest, WhatIsNeededLaterIsMadeOnceHoweverManyNeedIt) {
  for (int round = 0; round < 200; ++round) {
    const NodePtr directory = Directory(root_, "d");
    const NodePtr file = File(Listed());
    Mutex mu;
    std::set<const void*> seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const void* const names = &directory->directory();
        const void* const mode = &file->open_mode();
        MutexLock lock(mu);
        seen.insert({names, mode});
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(seen.size(), 2u);
  }
}

TEST_F(NodeTest, TheKernelHoldsVeryManyNamesInLittleMemory) {
  if (kSanitized) GTEST_SKIP() << "its allocator counts otherwise";
  constexpr size_t kNames = 100'000;
  InodeTable table(root_);
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (size_t i = 0; i < kNames; ++i) {
    const std::string name = "key-" + std::to_string(1'000'000 + i);
    const auto found = table.LookUp(
        *root_, name, PreferredNodeId(name), [](Node&) { return false; },
        [&](NodeId id) { return Node::Make(id, root_, name, InfoOf(Listed()), kStart); });
    ASSERT_EQ(found.node->name(), name);
  }
  const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  EXPECT_LT((after - before) / kNames, 150u) << "bytes a name";
}

}  // namespace
}  // namespace brimfs
