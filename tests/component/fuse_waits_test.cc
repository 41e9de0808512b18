// Requests that wait: interrupts, unmounts, and that they are in nobody's way.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/component/fuse_protocol_fixture.h"
#include "tests/support/gated_stat.h"

namespace brimfs {
namespace {

TEST_F(FuseProtocolTest, AnInterruptEndsOneWaitAndTheOthersGoOn) {
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  const uint64_t one = SendRead(file.node, file.fh, kGate, 4096);
  const uint64_t other = SendRead(file.node, file.fh, kGate, 4096);
  Interrupt(one);
  EXPECT_EQ(peer_->Await(one).error, EINTR);
  EXPECT_EQ(Read(file.node, file.fh, 100, 50).data, Oracle(100, 150));
  backend_.OpenGate("file");
  EXPECT_EQ(peer_->Await(other).data, Oracle(kGate, kGate + 4096));
}

TEST_F(FuseProtocolTest, AnInterruptEndsAParkedWait) {
  settings_.blocking_threads = 1;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  std::vector<uint64_t> reads;
  for (int i = 0; i < 8; ++i) reads.push_back(SendRead(file.node, file.fh, kGate, 4096));
  for (const uint64_t read : reads) Interrupt(read);
  for (const uint64_t read : reads) EXPECT_EQ(peer_->Await(read).error, EINTR);
}

TEST_F(FuseProtocolTest, AnInterruptThatArrivesBeforeItsRequestCounts) {
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  // The number that the next request but this one will have.
  const uint64_t next = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("none\0", 5)) + 4;
  Interrupt(next);
  const uint64_t read = SendRead(file.node, file.fh, kGate, 4096);
  ASSERT_EQ(read, next);
  EXPECT_EQ(peer_->Await(read).error, EINTR);
}

TEST_F(FuseProtocolTest, ReadsBeyondTheBlockingShareAreParkedAndAllAnswered) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  std::vector<uint64_t> reads;
  for (uint64_t i = 0; i < 100; ++i) {
    reads.push_back(SendRead(file.node, file.fh, kGate + i * 100, 4096));
  }
  // Answered while the others wait.
  EXPECT_EQ(Read(file.node, file.fh, 0, 10).data, Oracle(0, 10));
  backend_.OpenGate("file");
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(peer_->Await(reads[i]).data, Oracle(kGate + i * 100, kGate + i * 100 + 4096));
  }
}

TEST_F(FuseProtocolTest, TwoThousandWaitingReadersLeaveLookupsAndFilledReadsAlone) {
  settings_.max_threads = 64;
  settings_.blocking_threads = 48;
  StartAndInit();
  const Gated file = OpenGated("file", 64 * kFillBlock);
  backend_.Put("other", 10);
  std::vector<uint64_t> reads;
  for (uint64_t i = 0; i < 2000; ++i) {
    reads.push_back(SendRead(file.node, file.fh, kGate + i * 1000, 1000));
  }
  EXPECT_EQ(LookUp("other").As<fuse_entry_out>().attr.size, 10u);
  EXPECT_EQ(Read(file.node, file.fh, 0, 10).data, Oracle(0, 10));
  EXPECT_EQ(peer_->unclaimed(), 0u) << "no reader was answered without its bytes";
  backend_.OpenGate("file");
  for (uint64_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(peer_->Await(reads[i]).data, Oracle(kGate + i * 1000, kGate + i * 1000 + 1000)) << i;
  }
}

TEST_F(FuseProtocolTest, ALookupThatWaitsForItsTurnCanBeInterrupted) {
  GatedStat gated(backend_);
  source_ = &gated;
  backend_.Put("slow", 10);
  backend_.Put("next", 20);
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;  // one of them for metadata
  StartAndInit();
  const auto look_up = [&](std::string name) {
    return peer_->Send(FUSE_LOOKUP, kRoot, std::string_view(name.c_str(), name.size() + 1));
  };
  const uint64_t slow = look_up("slow");
  gated.AwaitAtGate(1);
  const uint64_t next = look_up("next");
  const uint64_t last = look_up("last");
  Interrupt(next);
  EXPECT_EQ(peer_->Await(next).error, EINTR);
  gated.OpenGate();
  EXPECT_EQ(peer_->Await(slow).As<fuse_entry_out>().attr.size, 10u);
  EXPECT_EQ(peer_->Await(last).As<fuse_entry_out>().nodeid, 0u);
  Stop();
}

TEST_F(FuseProtocolTest, AnInterruptEndsALookup) {
  GatedStat gated(backend_);
  source_ = &gated;
  StartAndInit();
  const uint64_t slow = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("slow\0", 5));
  gated.AwaitAtGate(1);
  Interrupt(slow);
  EXPECT_EQ(peer_->Await(slow).error, EINTR);
  Stop();
}

TEST_F(FuseProtocolTest, AnUnmountEndsEveryWait) {
  settings_.max_threads = 4;
  settings_.blocking_threads = 2;
  StartAndInit();
  const Gated file = OpenGated("file", 2 * kFillBlock);
  for (int i = 0; i < 20; ++i) SendRead(file.node, file.fh, kGate, 4096);
  backend_.AwaitAtGate("file", 1);
  Stop();
}

TEST_F(FuseProtocolTest, AnInterruptedLookupIsNotCounted) {
  settings_.max_threads = 1;  // one request after the other
  backend_.Put("file", 10);
  StartAndInit();
  const size_t before = filesystem_->node_count();
  const uint64_t unique = peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("none\0", 5));
  peer_->Await(unique);
  refused_unique = unique + 2;
  peer_->Send(FUSE_LOOKUP, kRoot, std::string_view("file\0", 5));
  LookUp("none");
  EXPECT_EQ(filesystem_->node_count(), before);
}

TEST_F(FuseProtocolTest, AnInterruptedOpenIsReleased) {
  WillingKernel kernel;
  kernel_ = &kernel;
  backend_.Put("file", 1000);
  settings_.max_threads = 1;  // one request after the other
  StartAndInit();
  const uint64_t node = NodeOf("file");
  const uint64_t fh = Opened(node);
  Read(node, fh, 0, 1000);
  AwaitKept(node);
  fuse_release_in release{};
  release.fh = fh;
  const uint64_t unique = peer_->Send(FUSE_RELEASE, node, release);
  peer_->Await(unique);
  refused_unique = unique + 2;
  peer_->Send(FUSE_OPEN, node, fuse_open_in{});
  LookUp("none");
  EXPECT_EQ(kernel.unregistered, 7) << "passed through, interrupted, released";
}

}  // namespace
}  // namespace brimfs
