#include "fs/inode_table.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace brimfs {
namespace {

ObjectInfo FileInfo(const std::string& etag, uint64_t length = 100) {
  ObjectInfo info;
  info.version.etag = etag;
  info.version.length = length;
  return info;
}

constexpr Duration kTtl = std::chrono::seconds(60);

NodePtr MakeRoot() {
  return Node::MakeRoot({ObjectKind::kDirectory, {}}, Clock::Steady(), kTtl, kTtl);
}

class InodeTableTest : public testing::Test {
 protected:
  // Looks up a name that has this version now.
  InodeTable::Found LookUp(const std::string& name, const std::string& etag = "\"1\"") {
    return table_.LookUp(
        *root_, name, PreferredNodeId(name),
        [&](Node& node) { return node.Confirm(FileInfo(etag), TimePoint()); },
        [&](NodeId id) { return Node::Make(id, root_, name, FileInfo(etag), TimePoint()); });
  }

  const NodePtr root_ = MakeRoot();
  InodeTable table_{root_};
};

TEST_F(InodeTableTest, HoldsTheRootForEver) {
  EXPECT_NE(table_.Find(kRootNode), nullptr);
  EXPECT_EQ(table_.Forget(kRootNode, 1000), nullptr);
  EXPECT_NE(table_.Find(kRootNode), nullptr);
}

TEST_F(InodeTableTest, TheSameVersionIsTheSameNode) {
  const auto first = LookUp("a");
  const auto second = LookUp("a");
  EXPECT_EQ(first.node, second.node);
  EXPECT_EQ(second.replaced, nullptr);
  EXPECT_EQ(table_.Find(first.node->id), first.node);
  EXPECT_EQ(table_.Current(*root_, "a"), first.node);
}

TEST_F(InodeTableTest, ANodeLivesUntilEveryLookupIsForgotten) {
  const NodeId id = LookUp("a").node->id;
  (void)LookUp("a");
  (void)LookUp("a");
  EXPECT_EQ(table_.Forget(id, 2), nullptr);
  EXPECT_NE(table_.Find(id), nullptr);
  const NodePtr dropped = table_.Forget(id, 1);
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->id, id);
  EXPECT_EQ(table_.Find(id), nullptr);
  EXPECT_EQ(table_.Current(*root_, "a"), nullptr);
}

TEST_F(InodeTableTest, ForgettingMoreThanWasLookedUpOrAnUnknownNodeIsHarmless) {
  EXPECT_EQ(table_.Forget(4711, 1), nullptr);
  const NodeId id = LookUp("a").node->id;
  EXPECT_NE(table_.Forget(id, ~uint64_t{0}), nullptr);
  EXPECT_EQ(table_.Forget(id, 1), nullptr);
}

TEST_F(InodeTableTest, ANewVersionIsANewNodeAndTheOldOneStaysUntilForgotten) {
  const NodePtr old = LookUp("a").node;
  const auto found = LookUp("a", "\"2\"");
  EXPECT_NE(found.node->id, old->id);
  EXPECT_EQ(found.replaced, old);
  EXPECT_EQ(table_.Find(old->id), old);
  EXPECT_EQ(table_.Current(*root_, "a"), found.node);

  EXPECT_EQ(table_.Forget(old->id, 1), old);
  EXPECT_EQ(table_.Current(*root_, "a"), found.node) << "forgetting the old leaves the new";
}

TEST_F(InodeTableTest, AVersionThatComesBackIsAnotherNodeWhileTheFirstLives) {
  const NodePtr first = LookUp("a").node;
  LookUp("a", "\"2\"").replaced->MarkGone();
  const NodePtr again = LookUp("a").node;
  EXPECT_NE(again->id, first->id);
  EXPECT_FALSE(again->gone());
}

TEST_F(InodeTableTest, ATakenIdIsReplacedByTheNextFreeOne) {
  const auto make = [&](const std::string& name) {
    return [&, name](NodeId id) {
      return Node::Make(id, root_, name, FileInfo("\"1\""), TimePoint());
    };
  };
  const auto never = [](Node&) { return false; };
  EXPECT_EQ(table_.LookUp(*root_, "a", 50, never, make("a")).node->id, 50u);
  EXPECT_EQ(table_.LookUp(*root_, "b", 50, never, make("b")).node->id, 51u);
  EXPECT_EQ(table_.LookUp(*root_, "c", kMaxOffset, never, make("c")).node->id, kMaxOffset);
  EXPECT_EQ(table_.LookUp(*root_, "d", kMaxOffset, never, make("d")).node->id, kRootNode + 1);
}

TEST_F(InodeTableTest, AnUnlinkedNameIsLookedUpAsANewNode) {
  const NodePtr old = LookUp("a").node;
  EXPECT_EQ(table_.Unlink(*root_, "a"), old);
  EXPECT_EQ(table_.Unlink(*root_, "a"), nullptr);
  EXPECT_EQ(table_.Find(old->id), old) << "the kernel still counts it";
  EXPECT_NE(LookUp("a").node, old);
}

TEST_F(InodeTableTest, TheIdIsAHashOfThePath) {
  EXPECT_EQ(PreferredNodeId("a"), PreferredNodeId("a"));
  EXPECT_NE(PreferredNodeId("a"), PreferredNodeId("b"));
  for (int i = 0; i < 1000; ++i) {
    const NodeId any = PreferredNodeId(std::to_string(i));
    EXPECT_GT(any, kRootNode);
    EXPECT_LE(any, kMaxOffset);
  }
}

TEST_F(InodeTableTest, AVersionHasTheIdOfItsPathOnceTheEarlierOneIsForgotten) {
  EXPECT_EQ(LookUp("a").node->id, PreferredNodeId("a"));
  EXPECT_NE(LookUp("a", "\"2\"").node->id, PreferredNodeId("a"));
  (void)table_.Forget(PreferredNodeId("a"), 1);
  EXPECT_EQ(LookUp("a", "\"3\"").node->id, PreferredNodeId("a"));
}

TEST_F(InodeTableTest, ThreadsThatLookUpAndForgetTheSameNamesLeaveNothing) {
  constexpr int kThreads = 4;
  std::atomic<bool> lost{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 3000; ++round) {
        const std::string etag = "\"" + std::to_string((round / 50 + t) % 3) + "\"";
        const auto found = LookUp(std::to_string(round % 7), etag);
        if (found.replaced) found.replaced->MarkGone();
        if (table_.Find(found.node->id) != found.node) lost = true;
        (void)table_.Forget(found.node->id, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(lost) << "a node that is counted is found";
  EXPECT_EQ(table_.size(), 1u) << "the root";
}

}  // namespace
}  // namespace brimfs
