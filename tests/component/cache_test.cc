#include "core/cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/unique_fd.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class CacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<Cache> Make() {
    options_.directory = temp_ / "cache";
    options_.source = "fake://";
    options_.record_interval = Duration::max();
    Result<std::unique_ptr<Cache>> made = Cache::Create(options_, backend_, clock_);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return std::move(*made);
  }

  std::shared_ptr<CachedFile> Open(Cache& cache, const std::string& path) {
    Result<std::shared_ptr<CachedFile>> file = cache.Open(path, backend_.Stat(path, {})->version);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return *file;
  }

  // Whether `range` reads as the content that `seed` makes; touches it as the file system does.
  static bool ReadsRight(CachedFile& file, Range range, uint64_t seed = 1) {
    Result<Lease> lease = file.resource().WaitRange(range);
    if (!lease.ok()) return false;
    std::vector<std::byte> bytes(lease->range().size());
    if (!lease->Read(bytes).ok()) return false;
    file.Touch(lease->range());
    return bytes == OracleBytes(seed, lease->range());
  }

  size_t FilesOnDisk() const {
    size_t files = 0;
    for (const char* const place : {"cache/data", "cache/new"}) {
      const std::filesystem::directory_iterator names(temp_ / place);
      files += static_cast<size_t>(std::distance(begin(names), end(names)));
    }
    return files;
  }

  // Of this process, to files of the cache.
  size_t Descriptors() const {
    size_t open = 0;
    for (const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const std::string file = std::filesystem::read_symlink(fd, gone);
      open += file.starts_with(temp_ / "cache/data/") ? 1 : 0;
    }
    return open;
  }

  FakeClock clock_;
  FakeBackend backend_;
  TempDir temp_;
  Cache::Options options_;
};

TEST_F(CacheTest, TheSameVersionIsTheSameFile) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  const auto first = Open(*cache, "a");
  EXPECT_EQ(first, Open(*cache, "a"));
  EXPECT_EQ(FilesOnDisk(), 1);
}

TEST_F(CacheTest, IdleFilesLeaveWhereDescriptorsAreScarce) {
  const auto cache = Make();
  for (int i = 0; i < 10; ++i) {
    backend_.Put("idle" + std::to_string(i), kMiB);
    Open(*cache, "idle" + std::to_string(i));
  }
  EXPECT_EQ(FilesOnDisk(), 10);
  backend_.Put("a", kMiB);
  std::vector<UniqueFd> taken;
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit low{std::min<rlim_t>(limit.rlim_cur, 256), limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (UniqueFd fd(open("/dev/null", O_RDONLY)); fd.valid();
       fd = UniqueFd(open("/dev/null", O_RDONLY))) {
    taken.push_back(std::move(fd));
  }
  EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, 100}));
  taken.clear();
  EXPECT_EQ(FilesOnDisk(), 1);
  setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_F(CacheTest, AnotherVersionIsAnotherFileAndBothAreRead) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  const auto old_file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*old_file, {0, 100}));
  backend_.Put("a", kMiB, 2);
  const auto new_file = Open(*cache, "a");
  EXPECT_NE(old_file, new_file);
  EXPECT_TRUE(ReadsRight(*new_file, {0, 100}, 2));
  EXPECT_TRUE(ReadsRight(*old_file, {0, 100}, 1));
  EXPECT_EQ(old_file->resource().WaitRange({kMiB / 2, kMiB}).code(), Code::kStale);
}

TEST_F(CacheTest, AVersionKnownFromAListingIsThatOfTheAnswer) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  Version listed = backend_.Stat("a", {})->version;
  listed.etag.clear();
  const auto first = *cache->Open("a", listed);
  EXPECT_TRUE(ReadsRight(*first, {0, 100}));
  EXPECT_EQ(first->version().etag, "\"seed-1\"");
  EXPECT_EQ(first, Open(*cache, "a"));
}

TEST_F(CacheTest, AClosedFileKeepsItsBytes) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, kMiB}));
  EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {0, kMiB}));
  EXPECT_EQ(backend_.bytes_sent(), kMiB);
}

TEST_F(CacheTest, OfTooManyClosedFilesTheLeastRecentlyUsedKeepNoDescriptor) {
  options_.max_idle_files = 2;
  for (const char* path : {"a", "b", "c", "d", "e"}) backend_.Put(path, kFillBlock);
  const auto cache = Make();
  for (const char* path : {"a", "b", "a", "c", "d", "e"}) {
    EXPECT_TRUE(ReadsRight(*Open(*cache, path), {0, kFillBlock}));
  }
  cache->Flush();
  EXPECT_EQ(Descriptors(), 2);
  for (const char* path : {"e", "a"}) {
    EXPECT_TRUE(ReadsRight(*Open(*cache, path), {0, kFillBlock}));
  }
  EXPECT_EQ(backend_.fetches().size(), 5) << "what was recorded is still there";
}

TEST_F(CacheTest, OpenFilesStayWhateverTheirNumber) {
  options_.max_idle_files = 0;
  const auto cache = Make();
  std::vector<std::shared_ptr<CachedFile>> files;
  for (int i = 0; i < 50; ++i) {
    backend_.Put(std::to_string(i), kFillBlock);
    files.push_back(Open(*cache, std::to_string(i)));
    EXPECT_TRUE(ReadsRight(*files.back(), {0, kFillBlock}));
  }
  for (const auto& file : files) EXPECT_TRUE(ReadsRight(*file, {0, kFillBlock}));
  EXPECT_EQ(backend_.fetches().size(), 50);
}

TEST_F(CacheTest, ClosingDropsTheReadaheadThatIsQueued) {
  options_.scheduler = {2, 1};
  options_.fetcher.part_bytes = kMiB;
  backend_.Put("a", 8 * kMiB);
  backend_.CloseGate("a");
  const auto cache = Make();
  auto file = Open(*cache, "a");
  file->fetcher().Prefetch({0, 8 * kMiB}, Priority::kReadahead);
  backend_.AwaitAtGate("a", 1);
  file.reset();
  backend_.OpenGate("a");
  // A demand read after all that was queued would have come: nothing else did.
  EXPECT_TRUE(ReadsRight(*Open(*cache, "a"), {7 * kMiB, 8 * kMiB}));
  EXPECT_LE(backend_.bytes_sent(), 2 * kMiB);
}

TEST_F(CacheTest, AFileOfWhichNothingWasReadLeavesNothingOnDisk) {
  backend_.Put("a", kMiB);
  {
    const auto cache = Make();
    Open(*cache, "a");
    EXPECT_EQ(FilesOnDisk(), 1);
  }
  EXPECT_EQ(FilesOnDisk(), 0);
}

TEST_F(CacheTest, TheBackingFileIsSparse) {
  constexpr uint64_t kGiB = 1 << 30;
  backend_.Put("a", kGiB);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*file, {0, 4096}));
  EXPECT_TRUE(ReadsRight(*file, {kGiB - 4096, kGiB}));
  struct stat info;
  ASSERT_EQ(fstat(file->resource().driver().BackingFd(), &info), 0);
  EXPECT_EQ(info.st_size, static_cast<off_t>(kGiB));
  EXPECT_LT(info.st_blocks * 512, static_cast<off_t>(kMiB));
}

TEST_F(CacheTest, TwoOfThemOnOneDirectoryReadRightSideBySide) {
  backend_.Put("a", kMiB);
  const auto one = Make();
  const auto two = Make();
  const auto of_one = Open(*one, "a");
  const auto of_two = Open(*two, "a");
  EXPECT_TRUE(ReadsRight(*of_one, {0, kMiB / 2}));
  EXPECT_TRUE(ReadsRight(*of_two, {kMiB / 4, kMiB}));
  EXPECT_TRUE(ReadsRight(*of_one, {0, kMiB}));
}

TEST_F(CacheTest, OnlyACompleteFileBecomesTheKernels) {
  backend_.Put("a", kMiB);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*file, {0, 100}));
  EXPECT_EQ(file->FreezeForKernel(), -1);
  EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
  EXPECT_EQ(file->FreezeForKernel(), -1) << "not recorded yet";
  // A reader has its bytes a moment before they can be recorded.
  int fd = -1;
  while (fd < 0) {
    cache->Flush();
    fd = file->FreezeForKernel();
  }
  std::vector<std::byte> bytes(kMiB);
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(kMiB));
  EXPECT_EQ(bytes, OracleBytes(1, {0, kMiB}));
}

TEST_F(CacheTest, AFileInMemoryNeverBecomesTheKernels) {
  options_.driver = DriverKind::kMemory;
  backend_.Put("a", kMiB);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  EXPECT_TRUE(ReadsRight(*file, {0, kMiB}));
  EXPECT_EQ(file->FreezeForKernel(), -1);
}

TEST_F(CacheTest, AnEmptyObjectIsCompleteAtOnce) {
  backend_.Put("a", 0);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  EXPECT_EQ(file->resource().WaitRange({0, 100}).code(), Code::kEof);
  EXPECT_EQ(file->resource().state(), Resource::State::kCommitted);
  EXPECT_TRUE(backend_.fetches().empty());
}

TEST_F(CacheTest, AFileOfUnknownLengthIsRefused) {
  const auto cache = Make();
  EXPECT_EQ(cache->Open("a", Version()).code(), Code::kInvalidArgument);
}

TEST_F(CacheTest, ShutdownEndsEveryWaitAndEveryFurtherOpen) {
  backend_.Put("a", kMiB);
  backend_.Put("b", kMiB);
  backend_.CloseGate("a");
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  std::future<Code> outcome = std::async(std::launch::async, [&] {
    return file->resource().WaitRange({0, 100}).code();
  });
  backend_.AwaitAtGate("a", 1);
  cache->Shutdown();
  EXPECT_EQ(outcome.get(), Code::kShutdown);
  EXPECT_EQ(cache->Open("b", backend_.Stat("b", {})->version).code(), Code::kShutdown);
}

TEST_F(CacheTest, ManyThreadsOpenReadAndCloseAtOnce) {
  options_.max_idle_files = 3;
  options_.scheduler = {4, 1};
  for (int i = 0; i < 10; ++i) backend_.Put(std::to_string(i), 3 * kFillBlock);
  const auto cache = Make();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 200; ++i) {
        const auto file = Open(*cache, std::to_string(random() % 10));
        const uint64_t at = random() % (2 * kFillBlock);
        if (!ReadsRight(*file, {at, at + 1000})) ++wrong;
        file->fetcher().Prefetch({0, 3 * kFillBlock}, Priority::kReadahead);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

class MemoryCacheTest : public CacheTest {
 protected:
  static constexpr uint64_t kBudget = 4 * kMiB;

  MemoryCacheTest() {
    options_.driver = DriverKind::kMemory;
    options_.memory_budget = kBudget;
    options_.scheduler = {4, 1};
  }

  // What cannot be evicted: a part on each connection, and what a reader waits for.
  static constexpr uint64_t kInFlight = 4 * kFillBlock;

  static uint64_t InMemory(const std::vector<std::shared_ptr<CachedFile>>& files) {
    uint64_t sum = 0;
    for (const auto& file : files) sum += *file->resource().driver().AllocatedBytes();
    return sum;
  }
};

TEST_F(MemoryCacheTest, AnObjectOfManyTimesTheBudgetReadsRightFrontToBack) {
  constexpr uint64_t kLength = 16 * kBudget + 777;
  backend_.Put("a", kLength);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  uint64_t most = 0;
  for (uint64_t at = 0; at < kLength; at += 128 << 10) {
    file->fetcher().Prefetch({at, at + kMiB}, Priority::kReadahead);
    ASSERT_TRUE(ReadsRight(*file, {at, at + (128 << 10)})) << at;
    most = std::max(most, InMemory({file}));
  }
  EXPECT_LE(most, kBudget + 2 * kInFlight);
  EXPECT_LT(backend_.bytes_sent(), kLength + kLength / 10);
}

TEST_F(MemoryCacheTest, AnObjectOfManyTimesTheBudgetReadsRightAtRandom) {
  constexpr uint64_t kLength = 16 * kBudget + 777;
  backend_.Put("a", kLength);
  const auto cache = Make();
  const auto file = Open(*cache, "a");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 400; ++i) {
        const uint64_t at = random() % kLength;
        if (!ReadsRight(*file, {at, at + random() % 200'000 + 1})) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(InMemory({file}), kBudget + 2 * kInFlight);
  EXPECT_GT(cache->stats().bytes_evicted, kLength / 2);
}

TEST_F(MemoryCacheTest, AThousandOpenFilesShareOneBudget) {
  constexpr uint64_t kEach = 3 * kFillBlock + 100;
  const auto cache = Make();
  std::vector<std::shared_ptr<CachedFile>> files;
  for (int i = 0; i < 1000; ++i) {
    backend_.Put(std::to_string(i), kEach);
    files.push_back(Open(*cache, std::to_string(i)));
    ASSERT_TRUE(ReadsRight(*files.back(), {0, kEach}));
  }
  EXPECT_LE(InMemory(files), kBudget + 2 * kInFlight);
  for (const auto& file : files) ASSERT_TRUE(ReadsRight(*file, {kFillBlock, kEach}));
}

TEST_F(MemoryCacheTest, WhatIsReadOftenStays) {
  backend_.Put("hot", kFillBlock);
  backend_.Put("cold", 4 * kBudget);
  const auto cache = Make();
  const auto hot = Open(*cache, "hot");
  const auto cold = Open(*cache, "cold");
  for (uint64_t at = 0; at < 4 * kBudget; at += kFillBlock) {
    ASSERT_TRUE(ReadsRight(*cold, {at, at + kFillBlock}));
    ASSERT_TRUE(ReadsRight(*hot, {0, kFillBlock}));
  }
  int fetched = 0;
  for (const FakeBackend::Fetched& fetch : backend_.fetches()) fetched += fetch.path == "hot";
  EXPECT_EQ(fetched, 1);
}

TEST_F(MemoryCacheTest, AClosedFileThatLeavesGivesItsMemoryBack) {
  options_.max_idle_files = 0;
  for (int i = 0; i < 3; ++i) backend_.Put(std::to_string(i), kBudget / 2);
  const auto cache = Make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ReadsRight(*Open(*cache, std::to_string(i)), {0, kBudget / 2}));
  }
  EXPECT_EQ(cache->stats().bytes_evicted, 0);
}

}  // namespace
}  // namespace brimfs
