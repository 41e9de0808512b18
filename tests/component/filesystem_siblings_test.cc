// A program that reads the files of a directory one after the other finds the next ones there.
#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

class SiblingsTest : public FileSystemTest {
 protected:
  static constexpr int kFiles = 300;
  static constexpr size_t kFirst = SiblingReads::kPattern.first_window;

  ~SiblingsTest() override {
    for (int i = 0; i < kFiles; ++i) backend_.OpenGate(Name(i));
    Unmount();
  }

  void PutMountAndList(uint64_t length = kFillBlock) {
    for (int i = 0; i < kFiles; ++i) backend_.Put(Name(i), length);
    Mount();
    ASSERT_EQ(List().size(), size_t{kFiles});
  }
  static std::string Name(int i) { return "f" + std::to_string(1000 + i); }

  void FillInOrder(int begin, int end) {
    for (int i = begin; i < end; ++i) Fill(Name(i));
  }
  void CloseGates(int begin, int end) {
    for (int i = begin; i < end; ++i) backend_.CloseGate(Name(i));
  }
  // Returns when so many files have been begun ahead.
  void AwaitBegun(uint64_t count) {
    while (cache_->stats().siblings_fetched < count) std::this_thread::yield();
  }
  size_t Fetches(const std::string& name) {
    const auto fetches = backend_.fetches();
    return static_cast<size_t>(
        std::count_if(fetches.begin(), fetches.end(),
                      [&](const FakeBackend::Fetched& one) { return one.path == name; }));
  }
};

TEST_F(SiblingsTest, TheNextFilesAreFetchedAtTheSameTime) {
  PutMountAndList();
  CloseGates(3, kFiles);
  FillInOrder(0, 3);
  for (int i = 3; i < 3 + static_cast<int>(kFirst); ++i) backend_.AwaitAtGate(Name(i), 1);
}

TEST_F(SiblingsTest, AndEveryFileOnce) {
  PutMountAndList();
  FillInOrder(0, kFiles);
  for (int i = 0; i < kFiles; ++i) EXPECT_EQ(Fetches(Name(i)), 1u) << Name(i);
  EXPECT_EQ(backend_.stat_calls(), 0);
  EXPECT_EQ(cache_->stats().siblings_used, cache_->stats().siblings_fetched);
  EXPECT_EQ(cache_->stats().siblings_wasted, 0u);
}

TEST_F(SiblingsTest, AnOpenOfOneThatIsUnderWayWaitsForItsBytes) {
  PutMountAndList();
  CloseGates(3, kFiles);
  FillInOrder(0, 3);
  backend_.AwaitAtGate(Name(3), 1);
  std::unique_ptr<OpenFile> file = Open(Name(3));
  EXPECT_EQ(cache_->stats().siblings_used, 1u);
  backend_.OpenGate(Name(3));
  EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
  Release(std::move(file));
  EXPECT_EQ(Fetches(Name(3)), 1u);
}

TEST_F(SiblingsTest, TheOrderOfNumbersIsFollowedAsWell) {
  PutMountAndList();
  std::vector<std::string> names = List();
  std::sort(names.begin(), names.end(), [this](const std::string& a, const std::string& b) {
    return fs_->NumberOf(kRootNode, a) < fs_->NumberOf(kRootNode, b);
  });
  CloseGates(0, kFiles);
  for (size_t i = 0; i < 3; ++i) backend_.OpenGate(names[i]);
  for (size_t i = 0; i < 3; ++i) Fill(names[i]);
  for (size_t i = 3; i < 3 + kFirst; ++i) backend_.AwaitAtGate(names[i], 1);
}

TEST_F(SiblingsTest, WithoutLengthsInTheListingThoseThatWereAskedForAreFetched) {
  backend_.SetListedLengths(false);
  PutMountAndList();
  for (int i = 0; i < 10; ++i) (void)LookUp(Name(i));
  CloseGates(3, kFiles);
  FillInOrder(0, 3);
  for (int i = 3; i < 3 + static_cast<int>(kFirst); ++i) backend_.AwaitAtGate(Name(i), 1);
}

TEST_F(SiblingsTest, WhoOpensWithoutReadingGetsNothing) {
  PutMountAndList();
  for (int i = 0; i < 20; ++i) Release(Open(Name(i)));
  Unmount();
  EXPECT_TRUE(backend_.fetches().empty());
}

TEST_F(SiblingsTest, WhoReadsHeadersGetsHeaders) {
  PutMountAndList(8 << 20);
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<OpenFile> file = Open(Name(i));
    EXPECT_EQ(Read(*file, {0, 4096}), Code::kOk);
    Release(std::move(file));
  }
  AwaitBegun(kFirst);
  Unmount();
  for (const FakeBackend::Fetched& one : backend_.fetches()) {
    EXPECT_EQ(one.range.begin, 0u);
    EXPECT_EQ(one.range.end, kFillBlock);
  }
}

TEST_F(SiblingsTest, OfAServerWithoutRangesOnlyWholeFilesComeAhead) {
  backend_.SetRanges(false);
  for (int i = 0; i < kFiles; ++i) backend_.Put(Name(i), 4 << 20);
  const int last = 3 + static_cast<int>(kFirst) - 1;  // that is wanted then
  backend_.Put(Name(last), kFillBlock);
  Mount();
  (void)List();
  for (int i = 0; i < 3; ++i) {
    std::unique_ptr<OpenFile> file = Open(Name(i));
    EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
    Release(std::move(file));
  }
  AwaitBegun(1);
  EXPECT_EQ(cache_->stats().siblings_fetched, 1u);
  for (int i = 3; i < last; ++i) EXPECT_EQ(Fetches(Name(i)), 0u) << Name(i);
}

TEST_F(SiblingsTest, ARandomReaderGetsHardlyMoreThanItsOwn) {
  PutMountAndList();
  std::vector<int> order;
  for (int i = 0; i < kFiles; ++i) order.push_back(i);
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  for (int i = 0; i < 100; ++i) Fill(Name(order[static_cast<size_t>(i)]));
  EXPECT_LE(cache_->stats().siblings_fetched, 5u);
}

TEST_F(SiblingsTest, WhatIsQueuedIsGivenUpWhenTheOrderIsLeft) {
  scheduler_.connections = 2;  // one of them for demands
  PutMountAndList();
  CloseGates(3, 4);
  FillInOrder(0, 3);
  backend_.AwaitAtGate(Name(3), 1);
  AwaitBegun(kFirst);
  Fill(Name(200));
  EXPECT_EQ(cache_->stats().siblings_wasted, kFirst);
  backend_.OpenGate(Name(3));
  Fill(Name(100));
  Fill(Name(3));
  EXPECT_EQ(Fetches(Name(3)), 1u) << "so little is left that it is fetched to its end";
  Unmount();
  EXPECT_EQ(Fetches(Name(5)), 0u);
}

TEST_F(SiblingsTest, TheEndOfTheMountDoesNotWait) {
  PutMountAndList();
  CloseGates(3, kFiles);
  FillInOrder(0, 3);
  backend_.AwaitAtGate(Name(3), 1);
  Unmount();
}

TEST_F(SiblingsTest, TheFirstOpenShowsWhetherItIsReadAndTheNextIsTheKernels) {
  driver_ = DriverKind::kMmap;
  PutMountAndList();
  FillInOrder(0, 3);
  AwaitBegun(kFirst);
  std::unique_ptr<OpenFile> file = Open(Name(3));
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(Read(*file, {0, kFillBlock}), Code::kOk);
  Release(std::move(file));
  file = Open(Name(3));
  EXPECT_GT(file->backing_id, 0);
  Release(std::move(file));
}

TEST_F(SiblingsTest, AFileThatHasChangedIsReadAsItIsNow) {
  PutMountAndList();
  backend_.Put(Name(3), kFillBlock, 2);
  const NodeId listed = LookUp(Name(3)).node;
  FillInOrder(0, 3);
  AwaitBegun(1);
  // Before the fetch has failed it is the read that fails.
  if (Result<std::unique_ptr<OpenFile>> file = fs_->Open(listed, Ask::kSource); file.ok()) {
    EXPECT_EQ(Read(**file, {0, kFillBlock}), Code::kStale);
    Release(std::move(*file));
  } else {
    EXPECT_EQ(file.code(), Code::kStale);
  }
  Fill(Name(3), 2);
}

TEST_F(SiblingsTest, WithoutReadaheadThereIsNone) {
  readahead_ = 0;
  PutMountAndList();
  FillInOrder(0, 30);
  EXPECT_EQ(cache_->stats().siblings_fetched, 0u);
}

TEST_F(SiblingsTest, OnlySoManyAreKept) {
  PutMountAndList();
  const int directory = 0;
  Version version;
  version.length = kFillBlock;
  {
    SiblingPrefetch siblings(*cache_);
    const int count = static_cast<int>(SiblingPrefetch::kMaxFiles) + 10;
    for (int i = 0; i < count; ++i) {
      siblings.Fetch(&directory, Name(i), version, kFillBlock);
      AwaitBegun(static_cast<uint64_t>(i) + 1);
    }
    EXPECT_EQ(cache_->stats().siblings_wasted, 10u);
    siblings.Drop(&directory);
    EXPECT_EQ(cache_->stats().siblings_wasted, static_cast<uint64_t>(count));
  }
}

}  // namespace
}  // namespace brimfs
