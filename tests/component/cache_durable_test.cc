// What of a cache outlives it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/cache.h"
#include "core/unique_fd.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class CacheDurableTest : public ::testing::Test {
 protected:
  CacheDurableTest() {
    options_.directory = temp_ / "cache";
    options_.source = "fake://";
    options_.record_interval = Duration::max();
    options_.wall_clock = [this] { return now_; };
  }

  std::unique_ptr<Cache> Make() {
    Result<std::unique_ptr<Cache>> made = Cache::Create(options_, backend_, clock_);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return std::move(*made);
  }

  std::shared_ptr<CachedFile> Open(Cache& cache, const std::string& path) {
    now_ += absl::Seconds(1);
    Result<std::shared_ptr<CachedFile>> file = cache.Open(path, backend_.Stat(path, {})->version);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return *file;
  }

  static bool ReadsRight(CachedFile& file, Range range, uint64_t seed = 1) {
    Result<Lease> lease = file.resource().WaitRange(range);
    if (!lease.ok()) return false;
    std::vector<std::byte> bytes(lease->range().size());
    if (!lease->Read(bytes).ok()) return false;
    return bytes == OracleBytes(seed, lease->range());
  }

  // Reads it in a cache of its own, which records it.
  void Fill(const std::string& path, Range range, uint64_t seed = 1) {
    const auto cache = Make();
    EXPECT_TRUE(ReadsRight(*Open(*cache, path), range, seed));
  }

  // Until all of `range` is recorded: a reader has its bytes a moment before they can be.
  void Record(Cache& cache, const std::string& path, const Range& range) {
    for (;;) {
      cache.Flush();
      const auto entry = cache.catalogue()->AtPath(options_.source, path);
      if (!entry.ok() || !*entry) continue;
      const Result<RangeSet> blocks = cache.catalogue()->Blocks(**entry);
      if (blocks.ok() && blocks->Covers(range)) return;
    }
  }

  // Bytes that the source sends while `path` is read in a new cache.
  uint64_t SentFor(const std::string& path, Range range, uint64_t seed = 1) {
    const uint64_t before = backend_.bytes_sent();
    Fill(path, range, seed);
    return backend_.bytes_sent() - before;
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const char* const place : {"cache/data", "cache/new"}) {
      for (const auto& file : std::filesystem::directory_iterator(temp_ / place)) {
        files.push_back(file.path());
      }
    }
    return files;
  }

  static void Flip(const std::string& file, uint64_t at) {
    const int fd = open(file.c_str(), O_RDWR);
    ASSERT_GE(fd, 0);
    struct stat before;
    ASSERT_EQ(fstat(fd, &before), 0);
    char byte = 0;
    ASSERT_EQ(pread(fd, &byte, 1, static_cast<off_t>(at)), 1);
    byte = static_cast<char>(byte ^ 0x10);
    ASSERT_EQ(pwrite(fd, &byte, 1, static_cast<off_t>(at)), 1);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(futimens(fd, times), 0);
    close(fd);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000'000);
  FakeClock clock_;
  FakeBackend backend_;
  TempDir temp_;
  Cache::Options options_;
};

TEST_F(CacheDurableTest, WhatWasFetchedIsNotFetchedByTheNext) {
  backend_.Put("a", 3 * kMiB + 5);
  Fill("a", {0, 3 * kMiB + 5});
  EXPECT_EQ(SentFor("a", {0, 3 * kMiB + 5}), 0);
}

TEST_F(CacheDurableTest, AFileThatIsFilledInPartKeepsItsPartAndGoesOnFromIt) {
  backend_.Put("a", 4 * kMiB);
  Fill("a", {kMiB, 2 * kMiB});
  EXPECT_EQ(SentFor("a", {kMiB, 2 * kMiB}), 0);
  EXPECT_EQ(SentFor("a", {0, 4 * kMiB}), 3 * kMiB);
  EXPECT_EQ(SentFor("a", {0, 4 * kMiB}), 0);
}

TEST_F(CacheDurableTest, WhatIsStoredCountsAsFilledBeforeAnybodyReadsIt) {
  backend_.Put("a", 4 * kMiB);
  Fill("a", {kMiB, 2 * kMiB});
  const auto cache = Make();
  EXPECT_EQ(Open(*cache, "a")->Filled(), (std::vector<Range>{{kMiB, 2 * kMiB}}));
}

TEST_F(CacheDurableTest, OnlyWholeBlocksAreKept) {
  backend_.Put("a", 4 * kFillBlock + 100);
  Fill("a", {4 * kFillBlock, 4 * kFillBlock + 100});
  Fill("a", {10, kFillBlock});
  EXPECT_EQ(SentFor("a", {0, 4 * kFillBlock + 100}), 3 * kFillBlock);
}

TEST_F(CacheDurableTest, AChangedObjectIsAnotherEntryAndTheOldOneLeaves) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  backend_.Put("a", kMiB, 2);
  EXPECT_EQ(SentFor("a", {0, kMiB}, 2), kMiB);
  EXPECT_EQ(Files().size(), 1);
  EXPECT_EQ(SentFor("a", {0, kMiB}, 2), 0);
}

TEST_F(CacheDurableTest, AnOldVersionStaysWhileItIsOpen) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  auto old_file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*old_file, {0, kMiB}));
  Record(*cache, "a", {0, kMiB});
  backend_.Put("a", kMiB, 2);
  const auto new_file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*new_file, {0, kMiB}, 2));
  Record(*cache, "a", {0, kMiB});
  EXPECT_EQ(Files().size(), 2);
  EXPECT_TRUE(ReadsRight(*old_file, {0, kMiB}));
  old_file.reset();
  cache->Flush();
  EXPECT_EQ(Files().size(), 1);
}

TEST_F(CacheDurableTest, WhatCannotBeToldFromALaterChangeIsNotKept) {
  backend_.Put("a", kMiB);
  {
    const auto cache = Make();
    Version version = backend_.Stat("a", {})->version;
    version.racy = true;
    const auto file = *cache->Open("a", version);
    EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
    EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
    EXPECT_EQ(backend_.bytes_sent(), kMiB);
  }
  EXPECT_TRUE(Files().empty());
  EXPECT_EQ(SentFor("a", {0, kMiB}), kMiB);
}

TEST_F(CacheDurableTest, ABlockThatHasRottenIsFetchedAgainAndNoOther) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  ASSERT_EQ(Files().size(), 1);
  Flip(Files()[0], 5 * kFillBlock + 17);
  const auto cache = Make();
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, kMiB}));
  EXPECT_EQ(backend_.bytes_sent() - before, kFillBlock);
  EXPECT_EQ(cache->stats().blocks_damaged, 1);
}

TEST_F(CacheDurableTest, AFileThatWasCutIsFetchedAgainWhereItWasCut) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  ASSERT_EQ(truncate(Files()[0].c_str(), 3 * kFillBlock), 0);
  EXPECT_EQ(SentFor("a", {0, kMiB}), kMiB - 3 * kFillBlock);
  EXPECT_EQ(SentFor("a", {0, kMiB}), 0);
}

TEST_F(CacheDurableTest, SwappedFilesAreTakenForNeither) {
  backend_.Put("a", kMiB, 1);
  backend_.Put("b", kMiB, 2);
  Fill("a", {0, kMiB}, 1);
  Fill("b", {0, kMiB}, 2);
  const std::vector<std::string> files = Files();
  ASSERT_EQ(files.size(), 2);
  std::filesystem::rename(files[0], files[0] + "x");
  std::filesystem::rename(files[1], files[0]);
  std::filesystem::rename(files[0] + "x", files[1]);
  EXPECT_EQ(SentFor("a", {0, kMiB}, 1), kMiB);
  EXPECT_EQ(SentFor("b", {0, kMiB}, 2), kMiB);
}

TEST_F(CacheDurableTest, AFileThatIsGoneCostsARefetch) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  std::filesystem::remove(Files()[0]);
  EXPECT_EQ(SentFor("a", {0, kMiB}), kMiB);
  EXPECT_EQ(SentFor("a", {0, kMiB}), 0);
}

TEST_F(CacheDurableTest, ACatalogueThatIsGoneCostsARefetchAndLeavesNoFileBehind) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  for (const char* const part : {"", "-wal", "-shm"}) {
    std::filesystem::remove(options_.directory + "/catalogue.db" + part);
  }
  EXPECT_EQ(SentFor("a", {0, kMiB}), kMiB);
  EXPECT_EQ(Files().size(), 1);
}

TEST_F(CacheDurableTest, ACompleteFileIsVerifiedInTheBackgroundAndThenTheKernels) {
  backend_.Put("a", 8 * kMiB);
  Fill("a", {0, 8 * kMiB});
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  while (file->resource().state() != Resource::State::kCommitted) std::this_thread::yield();
  EXPECT_GE(file->FreezeForKernel(), 0);
  EXPECT_EQ(backend_.bytes_sent(), 8 * kMiB);
}

TEST_F(CacheDurableTest, AFileThatTheKernelHadIsBuiltAnewAndNeverWritten) {
  backend_.Put("a", kMiB);
  {
    const auto cache = Make();
    const auto file = Open(*cache, "a");
    EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
    Record(*cache, "a", {0, kMiB});
    EXPECT_GE(file->FreezeForKernel(), 0);
  }
  const std::string name = Files()[0];
  Flip(name, 3 * kFillBlock);
  const UniqueFd mapped(open(name.c_str(), O_RDONLY));  // as the kernel's map of it
  struct stat before;
  ASSERT_EQ(fstat(mapped.get(), &before), 0);
  {
    const auto cache = Make();
    EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, kMiB}));
    EXPECT_EQ(backend_.bytes_sent(), kMiB + kFillBlock);
    cache->Flush();
    ASSERT_EQ(Files().size(), 1);
    EXPECT_NE(Files()[0], name);
    EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, kMiB}));
    EXPECT_EQ(backend_.bytes_sent(), kMiB + 2 * kFillBlock) << "it lay in memory only";
  }
  struct stat after;
  ASSERT_EQ(fstat(mapped.get(), &after), 0);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_blocks, before.st_blocks);
  EXPECT_EQ(SentFor("a", {0, kMiB}), 0);
}

TEST_F(CacheDurableTest, TheCapIsHeldWhileFillingAndTheColdestLeave) {
  options_.cache_size.bytes = 8 * kMiB;
  const auto cache = Make();
  for (int i = 0; i < 20; ++i) {
    const std::string path = std::to_string(i);
    backend_.Put(path, kMiB);
    EXPECT_TRUE(ReadsRight(*Open(*cache, path), {0, kMiB}));
    EXPECT_TRUE(ReadsRight(*Open(*cache, "0"), {0, kMiB}));
    cache->Flush();
    EXPECT_LE(*cache->catalogue()->TotalBytes(), 8 * kMiB);
  }
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "19"), {0, kMiB}));
  EXPECT_TRUE(ReadsRight(*Open(*cache, "0"), {0, kMiB})) << "used all the time";
  EXPECT_EQ(backend_.bytes_sent(), before);
  EXPECT_TRUE(ReadsRight(*Open(*cache, "1"), {0, kMiB}));
  EXPECT_GT(backend_.bytes_sent(), before);
}

TEST_F(CacheDurableTest, AFileLargerThanTheCapReadsRightAroundIt) {
  options_.cache_size.bytes = 4 * kMiB;
  options_.memory_budget = 16 * kMiB;
  backend_.Put("a", 64 * kMiB);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  for (uint64_t at = 0; at < 64 * kMiB; at += kMiB) {
    ASSERT_TRUE(ReadsRight(*file, {at, at + kMiB})) << at;
  }
  EXPECT_EQ(backend_.bytes_sent(), 64 * kMiB);
  cache->Flush();
  EXPECT_LE(*cache->catalogue()->TotalBytes(), 4 * kMiB);
}

TEST_F(CacheDurableTest, OpenFilesStayWhateverTheCap) {
  options_.cache_size.bytes = 2 * kMiB;
  backend_.Put("open", kMiB);
  backend_.Put("other", 8 * kMiB);
  const auto cache = Make();
  const auto open_file = Open(*cache, "open");
  EXPECT_TRUE(ReadsRight(*open_file, {0, kMiB}));
  Record(*cache, "open", {0, kMiB});
  EXPECT_TRUE(ReadsRight(*Open(*cache, "other"), {0, 8 * kMiB}));
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*open_file, {0, kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), before);
}

TEST_F(CacheDurableTest, APinnedEntryStaysHoweverColdItIs) {
  options_.cache_size.bytes = 8 * kMiB;
  const auto cache = Make();
  for (int i = 0; i < 20; ++i) {
    const std::string path = std::to_string(i);
    backend_.Put(path, kMiB);
    EXPECT_TRUE(ReadsRight(*Open(*cache, path), {0, kMiB}));
    cache->Flush();
    if (i > 0) continue;
    Record(*cache, path, {0, kMiB});
    const auto first = cache->catalogue()->AtPath(options_.source, path);
    ASSERT_TRUE(first.ok() && *first);
    EXPECT_TRUE(cache->catalogue()->SetPinned((*first)->id, true).ok());
  }
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "0"), {0, kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), before);
}

TEST_F(CacheDurableTest, ALargeEntryLeavesInPartAndItsBeginningLast) {
  options_.cache_size.bytes = 16 * kMiB;
  backend_.Put("large", 12 * kMiB);
  backend_.Put("more", 8 * kMiB);
  const auto cache = Make();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "large"), {0, 12 * kMiB}));
  Record(*cache, "large", {0, 12 * kMiB});
  EXPECT_TRUE(ReadsRight(*Open(*cache, "more"), {0, 8 * kMiB}));
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "large"), {0, 2 * kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), before);
  EXPECT_TRUE(ReadsRight(*Open(*cache, "large"), {0, 12 * kMiB}));
  EXPECT_GT(backend_.bytes_sent(), before);
}

TEST_F(CacheDurableTest, TwoOfThemShareWhatOneHasRecorded) {
  backend_.Put("a", 4 * kMiB);
  const auto one = Make();
  const auto of_one = Open(*one, "a");
  EXPECT_TRUE(ReadsRight(*of_one, {0, 2 * kMiB}));
  Record(*one, "a", {0, 2 * kMiB});
  const auto two = Make();
  const auto of_two = Open(*two, "a");
  const uint64_t before = backend_.bytes_sent();
  EXPECT_TRUE(ReadsRight(*of_two, {0, 2 * kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), before);
  EXPECT_TRUE(ReadsRight(*of_two, {0, 4 * kMiB}));
  EXPECT_TRUE(ReadsRight(*of_one, {0, 4 * kMiB}));
  EXPECT_LE(backend_.bytes_sent(), 2 * 4 * kMiB);
}

TEST_F(CacheDurableTest, WhoeverFollowsLearnsWhatTheWriterStoresLater) {
  backend_.Put("a", 4 * kMiB);
  const auto one = Make();
  const auto of_one = Open(*one, "a");
  EXPECT_TRUE(ReadsRight(*of_one, {0, kMiB}));
  Record(*one, "a", {0, kMiB});
  const auto two = Make();
  const auto of_two = Open(*two, "a");
  EXPECT_TRUE(ReadsRight(*of_two, {0, kMiB}));
  EXPECT_TRUE(ReadsRight(*of_one, {kMiB, 4 * kMiB}));
  Record(*one, "a", {0, 4 * kMiB});
  two->Flush();
  EXPECT_TRUE(of_two->durable()->follows());
  EXPECT_TRUE(ReadsRight(*of_two, {0, 4 * kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), 4 * kMiB);
}

TEST_F(CacheDurableTest, WhoeverFollowsTakesOverWhenTheWriterHasGone) {
  backend_.Put("a", 4 * kMiB);
  auto one = Make();
  EXPECT_TRUE(ReadsRight(*Open(*one, "a"), {0, kMiB}));
  Record(*one, "a", {0, kMiB});
  {
    const auto two = Make();
    const auto of_two = Open(*two, "a");
    EXPECT_TRUE(ReadsRight(*of_two, {2 * kMiB, 4 * kMiB}));
    one.reset();
    two->Flush();
    EXPECT_FALSE(of_two->durable()->follows());
    EXPECT_TRUE(ReadsRight(*of_two, {kMiB, 2 * kMiB}));
  }
  EXPECT_EQ(SentFor("a", {0, 4 * kMiB}), 0);
  EXPECT_EQ(Files().size(), 1);
}

TEST_F(CacheDurableTest, OfTwoThatBeginTheSameEntryOneKeepsItAndBothAreRight) {
  backend_.Put("a", 2 * kMiB);
  {
    const auto one = Make();
    const auto two = Make();
    const auto of_one = Open(*one, "a");
    const auto of_two = Open(*two, "a");
    EXPECT_TRUE(ReadsRight(*of_one, {0, kMiB}));
    EXPECT_TRUE(ReadsRight(*of_two, {kMiB, 2 * kMiB}));
    Record(*one, "a", {0, kMiB});
    two->Flush();
    EXPECT_TRUE(of_two->durable()->follows());
    EXPECT_TRUE(ReadsRight(*of_one, {0, 2 * kMiB}));
    EXPECT_TRUE(ReadsRight(*of_two, {0, 2 * kMiB}));
  }
  EXPECT_EQ(Files().size(), 1);
  EXPECT_EQ(SentFor("a", {0, 2 * kMiB}), 0);
}

TEST_F(CacheDurableTest, WhatTheSourceSaidIsKnownToTheNext) {
  backend_.Put("a", kMiB);
  {
    const auto cache = Make();
    const auto file = Open(*cache, "a");
    EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
    cache->Confirm(*file);
  }
  now_ += absl::Seconds(30);
  const auto cache = Make();
  const auto known = cache->LastKnown("a");
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->version.etag, "\"seed-1\"");
  EXPECT_EQ(known->version.length, kMiB);
  EXPECT_EQ(known->age, std::chrono::seconds(30));
  EXPECT_FALSE(cache->LastKnown("b").has_value());
}

TEST_F(CacheDurableTest, AStreamThatRunsOverStoredBlocksInOddPiecesDoesThemNoHarm) {
  backend_.Put("a", 8 * kMiB);
  Fill("a", {kMiB, 7 * kMiB});
  backend_.SetRanges(false);
  backend_.SetPiece(10'007);
  backend_.CloseGate("a", 3 * kMiB + 12'345);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*file, {0, 3 * kMiB + 100}));
  backend_.AwaitAtGate("a", 1);
  EXPECT_TRUE(ReadsRight(*file, {3 * kMiB + 2 * kFillBlock, 7 * kMiB}));
  backend_.OpenGate("a");
  EXPECT_TRUE(ReadsRight(*file, {0, 8 * kMiB}));
  EXPECT_EQ(cache->stats().blocks_damaged, 0);
}

TEST_F(CacheDurableTest, SourcesDoNotShareEntries) {
  backend_.Put("a", kMiB);
  Fill("a", {0, kMiB});
  options_.source = "fake://elsewhere";
  EXPECT_EQ(SentFor("a", {0, kMiB}), kMiB);
}

}  // namespace
}  // namespace brimfs
