// What leaves a cache at somebody's word, whoever else has a hand on it, and where the disk is
// full.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "core/cache.h"
#include "core/disk_reserve.h"
#include "core/mutex.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/private_mounts.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// The first call of one kind stands until it is let go, but not for ever.
class StandingDisk : public InterceptedDisk {
 public:
  void StandAt(DiskCall kind) {
    MutexLock lock(mu_);
    kind_ = kind;
  }
  void AwaitStanding() {
    MutexLock lock(mu_);
    while (!standing_) changed_.Wait(mu_);
  }
  void LetGo() {
    MutexLock lock(mu_);
    let_go_ = true;
    changed_.NotifyAll();
  }

 protected:
  int Answer(const Call& call) override {
    {
      MutexLock lock(mu_);
      if (call.kind == kind_) {
        kind_.reset();
        standing_ = true;
        changed_.NotifyAll();
        const TimePoint deadline = Clock::Steady().Now() + std::chrono::milliseconds(100);
        while (!let_go_ && Clock::Steady().Now() < deadline) {
          Clock::Steady().WaitUntil(changed_, mu_, deadline);
        }
      }
    }
    return call.pass();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::optional<DiskCall> kind_ ABSL_GUARDED_BY(mu_);
  bool standing_ ABSL_GUARDED_BY(mu_) = false;
  bool let_go_ ABSL_GUARDED_BY(mu_) = false;
};

class CacheEvictTest : public testing::Test {
 protected:
  ~CacheEvictTest() override { cache_.reset(); }

  void Start(const std::string& directory) {
    cache_.reset();
    Cache::Options options;
    options.directory = directory;
    options.source = "fake://";
    options.io = &disk_;
    options.cache_size.bytes = 1 << 30;
    options.cache_free.bytes = 0;
    options.record_interval = Duration::max();
    Result<std::unique_ptr<Cache>> made = Cache::Create(std::move(options), backend_, clock_);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    cache_ = std::move(*made);
  }
  void Start() { Start(dir_ / "cache"); }

  std::shared_ptr<CachedFile> Open(const std::string& path) {
    Result<std::shared_ptr<CachedFile>> file = cache_->Open(path, backend_.Stat(path, {})->version);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return std::move(*file);
  }
  std::shared_ptr<CachedFile> OpenAndRead(const std::string& path, const Range& range) {
    std::shared_ptr<CachedFile> file = Open(path);
    EXPECT_TRUE(file->resource().WaitRange(range).ok());
    return file;
  }
  // Reads it all, and waits until it is recorded.
  void Fill(const std::string& path) {
    const std::shared_ptr<CachedFile> file = OpenAndRead(path, {0, kMiB});
    while (!file->durable()->settled()) cache_->Flush();
  }

  const TempDir dir_;
  FakeClock clock_;
  FakeBackend backend_;
  StandingDisk disk_;
  std::unique_ptr<Cache> cache_;
};

TEST_F(CacheEvictTest, WhatOnlyTheVerifierHasOpenLeaves) {
  backend_.Put("a", kMiB);
  Start();
  Fill("a");
  Start();
  disk_.StandAt(DiskCall::kRead);
  std::shared_ptr<CachedFile> file = Open("a");
  disk_.AwaitStanding();
  file.reset();
  const Result<uint64_t> bytes = cache_->Evict("a");
  disk_.LetGo();
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  EXPECT_EQ(*bytes, kMiB);
}

TEST_F(CacheEvictTest, TheVerifierGoesOnWithWhatStays) {
  backend_.Put("a", kMiB);
  Start();
  Fill("a");
  Start();
  disk_.StandAt(DiskCall::kRead);
  const std::shared_ptr<CachedFile> file = Open("a");
  disk_.AwaitStanding();
  EXPECT_EQ(cache_->Evict("a").status().message(), "open");
  disk_.LetGo();
  while (file->resource().state() != Resource::State::kCommitted) std::this_thread::yield();
}

TEST_F(CacheEvictTest, WhatTheKeeperHasInItsHandsLeavesAfterwards) {
  backend_.Put("a", kMiB);
  Start();
  OpenAndRead("a", {0, kMiB}).reset();
  disk_.StandAt(DiskCall::kSync);
  std::thread flush([&] {
    do {
      cache_->Flush();
    } while (cache_->usage().stored == 0);  // a reader has its bytes before they can be recorded
  });
  disk_.AwaitStanding();
  const Result<uint64_t> bytes = cache_->Evict("a");
  EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
  backend_.Put("b", kMiB);
  OpenAndRead("b", {0, kMiB}).reset();  // something to record, so that the thread ends
  flush.join();
}

TEST_F(CacheEvictTest, WhatIsOpenIsNotRecordedForAnEvictThatLeavesIt) {
  backend_.Put("a", kMiB);
  Start();
  const std::shared_ptr<CachedFile> file = OpenAndRead("a", {0, kMiB});
  while (!file->durable()->dirty()) std::this_thread::yield();
  EXPECT_EQ(cache_->Evict("a").status().message(), "open");
  EXPECT_TRUE(file->durable()->dirty());
}

// On a tmpfs in a mount namespace of this process alone: it goes with it, however that ends.
class FullDiskEvictTest : public CacheEvictTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root mounts";
    if (const Status own = EnterPrivateMounts(); !own.ok()) GTEST_SKIP() << own.message();
    ASSERT_EQ(mount("tmpfs", small_.path().c_str(), "tmpfs", 0, "size=16m"), 0);
  }
  void TearDown() override {
    cache_.reset();
    umount2(small_.path().c_str(), MNT_DETACH);
  }

  std::string cache() const { return small_ / "cache"; }
  uintmax_t ReserveSize() const {
    std::error_code none;
    const uintmax_t size = std::filesystem::file_size(cache() + "/reserve", none);
    return none ? 0 : size;
  }

  // Until not a byte more can be written.
  void FillTheDisk() {
    std::ofstream file(small_ / "filler", std::ios::binary | std::ios::app);
    for (const size_t piece : {kMiB, uint64_t{4096}, uint64_t{1}}) {
      const std::string bytes(piece, 'x');
      while (file.write(bytes.data(), static_cast<std::streamsize>(piece)).flush()) {
      }
      file.clear();
    }
  }

  const TempDir small_;
};

TEST_F(FullDiskEvictTest, WhatIsToLeaveLeavesAFullDiskAndTheReserveIsThereAgain) {
  for (const char* const name : {"a", "b"}) backend_.Put(name, kMiB);
  Start(cache());
  for (const char* const name : {"a", "b"}) Fill(name);
  Start(cache());
  while (ReserveSize() != DiskReserve::kSize) std::this_thread::yield();
  FillTheDisk();
  for (const char* const name : {"a", "b"}) {
    const Result<uint64_t> bytes = cache_->Evict(name);
    ASSERT_TRUE(bytes.ok()) << name << ": " << bytes.status().ToString();
    EXPECT_EQ(*bytes, kMiB);
  }
  EXPECT_EQ(ReserveSize(), DiskReserve::kSize);
  EXPECT_EQ(cache_->usage().stored, 0u);
}

TEST_F(FullDiskEvictTest, WhatIsPinnedCanBeUnpinnedThereSoThatItLeaves) {
  backend_.Put("a", kMiB);
  Start(cache());
  Fill("a");
  ASSERT_TRUE(cache_->Pin("a", backend_.Stat("a", {})->version).ok());
  Start(cache());
  while (ReserveSize() != DiskReserve::kSize) std::this_thread::yield();
  FillTheDisk();
  const Result<bool> unpinned = cache_->Unpin("a");
  ASSERT_TRUE(unpinned.ok()) << unpinned.status().ToString();
  EXPECT_TRUE(*unpinned);
  EXPECT_TRUE(cache_->Evict("a").ok());
}

}  // namespace
}  // namespace brimfs
