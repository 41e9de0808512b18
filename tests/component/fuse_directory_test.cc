// What the kernel asks about directories, also while their listings are on their way.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/component/fuse_protocol_fixture.h"
#include "tests/support/stepped_backend.h"

namespace brimfs {
namespace {

using testing::ElementsAre;

struct Named {
  std::string name;
  uint64_t node;  // of readdirplus
  uint64_t offset;
  uint32_t type;
};

// The entries of one reply, in fuse_dirent's or fuse_direntplus' layout.
std::vector<Named> Entries(const std::string& data, bool plus) {
  std::vector<Named> entries;
  const FuseReply reply{0, data};
  for (size_t at = 0; at < data.size();) {
    Named named{};
    size_t dirent_at = at;
    if (plus) {
      named.node = reply.As<fuse_entry_out>(at).nodeid;
      dirent_at += offsetof(fuse_direntplus, dirent);
    }
    const auto dirent = reply.As<fuse_dirent>(dirent_at);
    EXPECT_NE(dirent.ino, 0u) << "glibc leaves those out";
    named.name = data.substr(dirent_at + offsetof(fuse_dirent, name), dirent.namelen);
    named.offset = dirent.off;
    named.type = dirent.type;
    entries.push_back(named);
    at = FUSE_DIRENT_ALIGN(dirent_at + offsetof(fuse_dirent, name) + dirent.namelen);
  }
  return entries;
}

class FuseDirectoryTest : public FuseProtocolTest {
 protected:
  // Everything that a directory holds, read with a buffer of `size` bytes.
  std::vector<Named> ReadAll(uint32_t opcode, uint32_t size) {
    const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
    std::vector<Named> all;
    for (;;) {
      const FuseReply reply =
          peer_->Await(SendRead(kRoot, fh, all.empty() ? 0 : all.back().offset, size, opcode));
      EXPECT_EQ(reply.error, 0);
      EXPECT_LE(reply.data.size(), size);
      const auto part = Entries(reply.data, opcode == FUSE_READDIRPLUS);
      if (part.empty()) break;
      all.insert(all.end(), part.begin(), part.end());
    }
    Release(kRoot, fh, FUSE_RELEASEDIR);
    return all;
  }

  static std::vector<std::string> Names(const std::vector<Named>& entries) {
    std::vector<std::string> names;
    for (const Named& entry : entries) names.push_back(entry.name);
    return names;
  }
};

TEST_F(FuseDirectoryTest, ListsEveryNameOnceWhateverTheBuffer) {
  for (const char* const name : {"a", "dir/b", "long name with blanks", "z"}) backend_.Put(name, 5);
  StartAndInit();
  for (const uint32_t size : {120u, 200u, 4096u}) {
    const auto entries = ReadAll(FUSE_READDIR, size);
    EXPECT_THAT(Names(entries), ElementsAre(".", "..", "a", "dir", "long name with blanks", "z"));
    EXPECT_EQ(entries[2].type, static_cast<uint32_t>(DT_REG));
    EXPECT_EQ(entries[3].type, static_cast<uint32_t>(DT_DIR));
  }
}

TEST_F(FuseDirectoryTest, ReaddirplusGivesAttributesWithoutARequestAFile) {
  for (const char* const name : {"a", "b", "c"}) backend_.Put(name, 5);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 4096);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b", "c"));
  EXPECT_EQ(entries[0].node, 0u);
  EXPECT_EQ(entries[1].node, 0u);
  EXPECT_EQ(backend_.stat_calls(), 0);
  for (size_t i = 2; i < 5; ++i) {
    ASSERT_NE(entries[i].node, 0u);
    const FuseReply attributes = peer_->Call(FUSE_GETATTR, entries[i].node, fuse_getattr_in{});
    EXPECT_EQ(attributes.As<fuse_attr_out>().attr.size, 5u);
    Forget(entries[i].node, 1);
  }
  Stop();
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, WhatDoesNotFitIsNotCounted) {
  for (const char* const name : {"a", "b", "c"}) backend_.Put(name, 5);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 200);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b", "c"));
  for (size_t i = 2; i < 5; ++i) Forget(entries[i].node, 1);
  Stop();
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, WithoutExactSizesNamesComeWithoutAttributes) {
  for (const char* const name : {"a", "b"}) backend_.Put(name, 5);
  backend_.SetListedLengths(false);
  StartAndInit();
  const auto entries = ReadAll(FUSE_READDIRPLUS, 4096);
  ASSERT_THAT(Names(entries), ElementsAre(".", "..", "a", "b"));
  EXPECT_EQ(entries[2].node, 0u);
  EXPECT_EQ(entries[2].type, static_cast<uint32_t>(DT_REG));
  EXPECT_EQ(backend_.stat_calls(), 0);
}

TEST_F(FuseDirectoryTest, AnInterruptedReaddirplusIsUndone) {
  settings_.max_threads = 1;  // one request after the other
  for (const char* const name : {"a", "b"}) backend_.Put(name, 5);
  StartAndInit();
  const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
  const uint64_t unique = SendRead(kRoot, fh, 0, 4096, FUSE_READDIR);
  peer_->Await(unique);
  refused_unique = unique + 2;
  SendRead(kRoot, fh, 0, 4096, FUSE_READDIRPLUS);
  Release(kRoot, fh, FUSE_RELEASEDIR);
  EXPECT_EQ(filesystem_->node_count(), 1u);
}

TEST_F(FuseDirectoryTest, ADirectoryThatCannotBeListedIsAnError) {
  StartAndInit();
  backend_.FailMetadata(Status(Code::kDenied, "no"));
  EXPECT_EQ(Open(kRoot, O_RDONLY, FUSE_OPENDIR).error, EACCES);
}

// Whose listing comes piece by piece.
class FuseStreamedTest : public FuseDirectoryTest {
 protected:
  FuseStreamedTest() { source_ = &stepped_; }
  ~FuseStreamedTest() override {
    Stop();
    filesystem_.reset();  // whose threads use stepped_
    cache_.reset();
  }

  // A handle of the root, of which a directory "a" has come: what comes next has this offset.
  static constexpr uint64_t kNext = 3;
  uint64_t OpenWithOneName() {
    stepped_.Give({"a/"});
    const uint64_t fh = Open(kRoot, O_RDONLY, FUSE_OPENDIR).As<fuse_open_out>().fh;
    stepped_.AwaitDone();
    return fh;
  }
  uint64_t SendReaddir(uint64_t fh, uint64_t offset, uint32_t opcode = FUSE_READDIR) {
    return SendRead(kRoot, fh, offset, 4096, opcode);
  }
  std::vector<std::string> Names(const FuseReply& reply, bool plus = false) {
    EXPECT_EQ(reply.error, 0);
    return FuseDirectoryTest::Names(Entries(reply.data, plus));
  }

  SteppedBackend stepped_;
};

TEST_F(FuseStreamedTest, AReaddirWaitsForTheNextNamesAndNoLonger) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a"));
  uint64_t waiting = SendReaddir(fh, kNext);
  EXPECT_EQ(LookUp("other").error, 0) << "answered while it waits";
  stepped_.Give({"b/"});
  EXPECT_THAT(Names(peer_->Await(waiting)), ElementsAre("b"));
  waiting = SendReaddir(fh, kNext + 1);
  stepped_.End();
  EXPECT_THAT(Names(peer_->Await(waiting)), ElementsAre()) << "the end";
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 1))), ElementsAre("..", "a", "b")) << "sought";
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a", "b"));
  Release(kRoot, fh, FUSE_RELEASEDIR);
}

TEST_F(FuseStreamedTest, AReaddirplusThatHadToWaitHasTheAttributes) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t waiting = SendReaddir(fh, kNext, FUSE_READDIRPLUS);
  stepped_.Give({"b/", "c"});
  const FuseReply reply = peer_->Await(waiting);
  const std::vector<Named> entries = Entries(reply.data, /*plus=*/true);
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_NE(entries[0].node, 0u);
  EXPECT_EQ(entries[0].type, static_cast<uint32_t>(DT_DIR));
  EXPECT_EQ(stepped_.stat_calls(), 0);
}

TEST_F(FuseStreamedTest, AnInterruptEndsOneReaddirAndTheOthersGoOn) {
  settings_.max_threads = 1;  // one request after the other
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t one = SendReaddir(fh, kNext);
  const uint64_t other = SendReaddir(fh, kNext);
  Interrupt(one);
  EXPECT_EQ(peer_->Await(one).error, EINTR);
  stepped_.Give({"b/"});
  EXPECT_THAT(Names(peer_->Await(other)), ElementsAre("b"));
}

TEST_F(FuseStreamedTest, ReaddirsThatWaitTakeNoThreadFromAnybody) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  stepped_.Put("file", 5);
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  std::vector<uint64_t> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(SendReaddir(fh, kNext));
  EXPECT_EQ(LookUp("file").As<fuse_entry_out>().attr.size, 5u);
  EXPECT_EQ(peer_->unclaimed(), 0u);
  stepped_.Give({"b/"});
  for (const uint64_t unique : waiting) {
    EXPECT_THAT(Names(peer_->Await(unique)), ElementsAre("b"));
  }
}

TEST_F(FuseStreamedTest, AnErrorInTheMiddleIsTheReaddirs) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  const uint64_t waiting = SendReaddir(fh, kNext);
  stepped_.End(Status(Code::kTimedOut));
  EXPECT_EQ(peer_->Await(waiting).error, ETIMEDOUT);
  EXPECT_THAT(Names(peer_->Await(SendReaddir(fh, 0))), ElementsAre(".", "..", "a"));
  EXPECT_EQ(peer_->Await(SendReaddir(fh, kNext)).error, ETIMEDOUT);
}

TEST_F(FuseStreamedTest, AnUnmountEndsTheReaddirsThatWait) {
  StartAndInit();
  const uint64_t fh = OpenWithOneName();
  for (int i = 0; i < 20; ++i) SendReaddir(fh, kNext);
  EXPECT_EQ(LookUp("other").error, 0);
  Stop();
}

}  // namespace
}  // namespace brimfs
