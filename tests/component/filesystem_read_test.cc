// Reading: which requests it makes, what it waits for, what the attributes show of it. Over every
// driver.
#include <latch>
#include <random>
#include <thread>
#include <vector>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

class ReadTest : public FileSystemTest, public testing::WithParamInterface<DriverKind> {
 protected:
  ReadTest() { driver_ = GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(EveryDriver, ReadTest,
                         testing::Values(DriverKind::kMmap, DriverKind::kMemory),
                         [](const auto& chosen) {
                           return chosen.param == DriverKind::kMmap ? "Mmap" : "Memory";
                         });

TEST_P(ReadTest, TheFirstReadOfAListedFileIsItsFirstRequest) {
  backend_.Put("f", 100 * kFillBlock);
  Mount();
  (void)List();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, {10, 4106}), Code::kOk);
  ASSERT_EQ(backend_.fetches().size(), 1u);
  EXPECT_EQ(backend_.fetches()[0].range, (Range{0, kFillBlock}));
  EXPECT_EQ(backend_.stat_calls(), 0);
  EXPECT_EQ(cache_->stats().reads_waited, 1u);

  EXPECT_EQ(Read(*file, {4106, 8202}), Code::kOk);
  EXPECT_EQ(cache_->stats().reads_covered, 1u);
  EXPECT_EQ(cache_->stats().bytes_read, 8192u);
  Release(std::move(file));
}

TEST_P(ReadTest, ReadsAreCutAtTheEndAndNothingIsBeyondIt) {
  constexpr uint64_t kLength = kFillBlock + 100;
  backend_.Put("f", kLength);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, {kFillBlock, kFillBlock + 4096}), Code::kOk);
  EXPECT_EQ(Read(*file, {kFillBlock, kFillBlock + 4096}), Code::kOk) << "covered";
  EXPECT_EQ(Read(*file, {kLength, kLength + 4096}), Code::kEof);
  EXPECT_EQ(Read(*file, {2 * kLength, 3 * kLength}), Code::kEof);
  Release(std::move(file));
}

TEST_P(ReadTest, AnEmptyFileIsReadWithoutARequest) {
  backend_.Put("f", 0);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, {0, 4096}), Code::kEof);
  EXPECT_TRUE(backend_.fetches().empty());
  Release(std::move(file));
}

TEST_P(ReadTest, AWholeFileIsReadRightInAnyOrder) {
  constexpr uint64_t kLength = 40 * kFillBlock + 17;
  backend_.Put("f", kLength, 5);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  for (uint64_t i = 0; i < 200; ++i) {
    const uint64_t begin = i * 48271 % kLength;
    EXPECT_EQ(Read(*file, {begin, begin + 5000}, 5), Code::kOk);
  }
  EXPECT_EQ(Read(*file, {0, kLength}, 5), Code::kOk);
  EXPECT_EQ(backend_.bytes_sent(), kLength) << "no byte twice";
  Release(std::move(file));
}

TEST_P(ReadTest, SequentialReadingHasTheNextBytesInFlightBeforeTheyAreWanted) {
  constexpr uint64_t kLength = 256 * kFillBlock;
  backend_.Put("f", kLength);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  backend_.CloseGate("f", 2 * kFillBlock);
  EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
  EXPECT_EQ(Read(*file, {kFillBlock, 2 * kFillBlock}), Code::kOk);
  backend_.AwaitAtGate("f", 1);  // who reads has not asked for it
  backend_.OpenGate("f");
  for (uint64_t begin = 2 * kFillBlock; begin < kLength; begin += kFillBlock) {
    EXPECT_EQ(Read(*file, {begin, begin + kFillBlock}), Code::kOk);
  }
  EXPECT_EQ(backend_.bytes_sent(), kLength) << "no byte twice";
  EXPECT_LT(backend_.fetches().size(), 64u) << "windows, not single reads";
  Release(std::move(file));
}

TEST_P(ReadTest, RandomReadingFetchesNothingElse) {
  constexpr uint64_t kLength = 4096 * kFillBlock;
  backend_.Put("f", kLength);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  std::mt19937_64 random(7);
  for (uint64_t i = 0; i < 32; ++i) {
    const uint64_t begin = random() % 4096 * kFillBlock;
    EXPECT_EQ(Read(*file, {begin, begin + 4096}), Code::kOk);
    ASSERT_EQ(backend_.fetches().size(), i + 1);
    EXPECT_EQ(backend_.fetches()[i].range, (Range{begin, begin + kFillBlock}));
  }
  Release(std::move(file));
}

TEST_P(ReadTest, AnInterruptedReaderLeavesAtOnceAndTheBytesComeAllTheSame) {
  backend_.Put("f", kFillBlock);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  backend_.CloseGate("f");
  std::stop_source stop;
  std::thread reader([&] {
    EXPECT_EQ(fs_->Read(*file, {0, 4096}, stop.get_token()).code(), Code::kInterrupted);
  });
  backend_.AwaitAtGate("f", 1);
  stop.request_stop();
  reader.join();
  backend_.OpenGate("f");
  EXPECT_EQ(Read(*file, {0, 4096}), Code::kOk);
  EXPECT_EQ(backend_.fetches().size(), 1u);
  Release(std::move(file));
}

TEST_P(ReadTest, AReadWaitsForTheTimeoutAndNoLonger) {
  backend_.Put("f", kFillBlock);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  backend_.CloseGate("f");
  std::thread reader([&] { EXPECT_EQ(fs_->Read(*file, {0, 4096}, {}).code(), Code::kTimedOut); });
  backend_.AwaitAtGate("f", 1);
  clock_.Advance(seconds(60));
  reader.join();
  backend_.OpenGate("f");
  Release(std::move(file));
}

TEST_P(ReadTest, AParkedReadIsAnsweredByCallback) {
  backend_.Put("f", kFillBlock, 4);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  backend_.CloseGate("f");
  std::latch answered(1);
  fs_->ReadAsync(*file, {100, 4196}, {}, [&](Result<Lease> lease) {
    ASSERT_TRUE(lease.ok()) << lease.status().ToString();
    EXPECT_EQ(lease->range(), (Range{100, 4196}));
    std::vector<std::byte> bytes(4096);
    EXPECT_TRUE(lease->Read(bytes).ok());
    EXPECT_EQ(FirstWrongByte(4, 100, bytes), std::nullopt);
    answered.count_down();
  });
  backend_.AwaitAtGate("f", 1);
  EXPECT_FALSE(answered.try_wait());
  backend_.OpenGate("f");
  answered.wait();
  EXPECT_EQ(cache_->stats().reads_waited, 1u);

  std::latch at_once(1);
  fs_->ReadAsync(*file, {0, 100}, {}, [&](Result<Lease> lease) {
    EXPECT_TRUE(lease.ok());
    at_once.count_down();
  });
  EXPECT_TRUE(at_once.try_wait()) << "covered: before the call returns";
  EXPECT_EQ(cache_->stats().reads_covered, 1u);
  Release(std::move(file));
}

TEST_P(ReadTest, AParkedReadThatFindsTheVersionGoneMakesTheNodeStale) {
  backend_.Put("f", kFillBlock, 1);
  Mount();
  const NodeId node = LookUp("f").node;
  std::unique_ptr<OpenFile> file = Open(node);
  backend_.Put("f", kFillBlock, 2);
  std::latch answered(1);
  fs_->ReadAsync(*file, {0, 4096}, {}, [&](Result<Lease> lease) {
    EXPECT_EQ(lease.code(), Code::kStale);
    answered.count_down();
  });
  answered.wait();
  EXPECT_EQ(OpenCode(node), Code::kStale);
  Release(std::move(file));
}

TEST_P(ReadTest, UnreadableBytesAreFetchedAgain) {
  backend_.Put("f", 4 * kFillBlock);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, {0, 4 * kFillBlock}), Code::kOk);
  fs_->MarkUnreadable(*file->node, *file->file, {kFillBlock, kFillBlock + 4096});
  EXPECT_EQ(Xattr(file->node->id, "filled"), "0-65536,131072-262144");
  EXPECT_EQ(Read(*file, {0, 4 * kFillBlock}), Code::kOk);
  EXPECT_EQ(backend_.bytes_sent(), 5 * kFillBlock);
  Release(std::move(file));
}

TEST_P(ReadTest, TheAttributesShowWhatIsFilled) {
  backend_.Put("f", 3 * kFillBlock);
  Mount();
  const NodeId node = LookUp("f").node;
  EXPECT_EQ(Xattr(node, "url"), "fake://f");
  EXPECT_EQ(Xattr(node, "version"), "\"seed-1\"");
  EXPECT_EQ(Xattr(node, "state"), "untouched");
  EXPECT_EQ(Xattr(node, "filled"), "");

  std::unique_ptr<OpenFile> file = Open(node);
  EXPECT_EQ(Xattr(node, "state"), "active");
  EXPECT_EQ(Read(*file, {2 * kFillBlock, 3 * kFillBlock}), Code::kOk);
  EXPECT_EQ(Xattr(node, "filled"), "131072-196608");
  EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
  EXPECT_EQ(Xattr(node, "filled"), "0-65536,131072-196608");
  Release(std::move(file));
  EXPECT_EQ(Xattr(node, "filled"), "0-65536,131072-196608") << "closed, but kept";

  Fill("f");
  EXPECT_EQ(Xattr(node, "state"), "committed");
  EXPECT_EQ(Xattr(node, "filled"), "0-196608");
}

TEST_P(ReadTest, TheAttributesShowFailureAndShutdown) {
  backend_.Put("f", kFillBlock, 1);
  backend_.Put("g", kFillBlock, 1);
  Mount();
  std::unique_ptr<OpenFile> failed = Open("f");
  backend_.Put("f", kFillBlock, 2);
  EXPECT_EQ(Read(*failed, {0, 1}), Code::kStale);
  EXPECT_EQ(Xattr(failed->node->id, "state"), "failed");
  Release(std::move(failed));

  std::unique_ptr<OpenFile> file = Open("g");
  cache_->Shutdown();
  EXPECT_EQ(Xattr(file->node->id, "state"), "cancelled");
  Release(std::move(file));
}

TEST_P(ReadTest, WhetherTheServerHasRangesIsSaidOnceItIsKnown) {
  for (const char* name : {"f", "g"}) backend_.Put(name, 4 * kFillBlock);
  Mount();
  EXPECT_EQ(Xattr(LookUp("f").node, "ranges"), "unknown");
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(Read(*file, {0, 1}), Code::kOk);
  EXPECT_EQ(Xattr(file->node->id, "ranges"), "yes");
  Release(std::move(file));
  backend_.SetRanges(false);
  file = Open("g");
  EXPECT_EQ(Read(*file, {kFillBlock, kFillBlock + 1}), Code::kOk);
  EXPECT_EQ(Xattr(file->node->id, "ranges"), "no");
  Release(std::move(file));
}

TEST_P(ReadTest, NamesThatAreNotOursHaveNoData) {
  backend_.Put("d/f", 1);
  Mount();
  const NodeId directory = LookUp("d").node;
  EXPECT_EQ(fs_->GetXattr(directory, "security.selinux").code(), Code::kNoData);
  EXPECT_EQ(fs_->GetXattr(4711, "security.selinux").code(), Code::kNoData) << "before any lookup";
  EXPECT_EQ(fs_->GetXattr(4711, "user.brimfs.url").code(), Code::kStale);
  EXPECT_EQ(Xattr(directory, "url"), "fake://d");
  EXPECT_EQ(fs_->GetXattr(directory, "user.brimfs.filled").code(), Code::kNoData);
}

TEST_P(ReadTest, TheLastCloseDropsWhatWasQueuedAhead) {
  constexpr Range kRead{0, 2 * kFillBlock};
  scheduler_.connections = 2;  // of which one is for what is read ahead
  scheduler_.reserved_for_demand = 1;
  Mount();
  const auto read_two_blocks = [&](const std::string& name) {
    backend_.Put(name, 64 * kFillBlock);
    backend_.CloseGate(name, kRead.end);
    std::unique_ptr<OpenFile> file = Open(name);
    EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
    EXPECT_EQ(Read(*file, {kFillBlock, kRead.end}), Code::kOk);
    return file;
  };
  std::unique_ptr<OpenFile> first = read_two_blocks("first");
  backend_.AwaitAtGate("first", 1);
  std::unique_ptr<OpenFile> closed = read_two_blocks("closed");
  std::unique_ptr<OpenFile> last = read_two_blocks("last");
  Release(std::move(closed));
  backend_.OpenGate("first");
  backend_.OpenGate("closed");
  backend_.AwaitAtGate("last", 1);  // which came later than what was read ahead of "closed"
  for (const FakeBackend::Fetched& fetched : backend_.fetches()) {
    if (fetched.path == "closed") {
      EXPECT_TRUE(kRead.Contains(fetched.range));
    }
  }
  backend_.OpenGate("last");
  Release(std::move(first));
  Release(std::move(last));
}

}  // namespace
}  // namespace brimfs
