// A cache whose disk fails at any one call, from any one call on, or loses its power there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/cache.h"
#include "core/catalogue.h"
#include "core/disk_health.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using Commits = PowerCutDisk::Commits;
using Unsynced = PowerCutDisk::Unsynced;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kBlock = kFillBlock;
constexpr char kSource[] = "fake://";

// A source, a cache of it, and what is known of both.
class World {
 public:
  World() {
    std::filesystem::create_directory(root());
    std::filesystem::permissions(root(), std::filesystem::perms::owner_all);
  }

  std::string root() const { return temp_ / "cache"; }
  FakeBackend& backend() { return backend_; }

  void Put(const std::string& path, uint64_t length) {
    Object& object = objects_[path];
    object = {.length = length, .seed = object.seed + 1, .recorded = 0};
    backend_.Put(path, length, object.seed);
  }

  void Start(const std::string& directory, FileIo& io, uint64_t cache_size = 1 << 30) {
    Cache::Options options;
    options.directory = directory;
    options.source = kSource;
    options.io = &io;
    options.cache_size.bytes = cache_size;
    options.cache_free.bytes = 0;
    options.record_interval = Duration::max();
    options.scheduler.connections = 2;
    Result<std::unique_ptr<Cache>> made = Cache::Create(std::move(options), backend_, clock_);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    cache_ = std::move(*made);
  }

  void Stop() {
    if (cache_ != nullptr) evicted_ += cache_->stats().bytes_evicted.load();
    cache_.reset();
  }

  // Bytes, by caches that have been stopped.
  uint64_t evicted() const { return evicted_; }

  std::shared_ptr<CachedFile> Open(const std::string& path) {
    Result<std::shared_ptr<CachedFile>> file = cache_->Open(path, backend_.Stat(path, {})->version);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return file.ok() ? *file : nullptr;
  }

  // As the file system does: what can't be read is fetched again.
  void Read(const std::string& path, const Range& range) {
    const std::shared_ptr<CachedFile> file = Open(path);
    if (file == nullptr) return;
    Status status;
    for (int tries = 0; tries < 3; ++tries) {
      Result<Lease> lease = file->resource().WaitRange(range);
      ASSERT_TRUE(lease.ok()) << lease.status().ToString();
      std::vector<std::byte> bytes(lease->range().size());
      status = lease->Read(bytes);
      const Range read = lease->range();
      lease->Release();
      if (status.ok()) {
        EXPECT_EQ(FirstWrongByte(objects_[path].seed, read.begin, bytes), std::nullopt) << path;
        return;
      }
      file->resource().MarkAbsent(read);
    }
    ADD_FAILURE() << path << ": " << status.ToString();
  }

  void ReadAll(const std::string& path) {
    for (uint64_t at = 0; at < objects_[path].length; at += 2 * kBlock) {
      Read(path, {at, at + 2 * kBlock});
    }
  }

  // What has been recorded by then counts if that was before the power went.
  void Flush(const std::function<bool()>& powered) {
    if (cache_ == nullptr) return;
    cache_->Flush();
    for (auto& [path, object] : objects_) {
      const uint64_t stored = StoredBytes(*cache_->catalogue(), path);
      if (powered()) object.recorded = stored;
    }
  }

  // A disk that has failed is asked again.
  void LetTimePass() { clock_.Advance(DiskHealth::kPause); }

  // Opens what a cut has left, and reads everything. What the catalogue names is not fetched; and
  // it names what was recorded, if nothing was evicted.
  // What it names in all, bytes.
  uint64_t ExpectSound(const std::string& left, bool evicts) {
    std::map<std::string, uint64_t> stored;
    uint64_t total = 0;
    {
      const Result<std::unique_ptr<Catalogue>> catalogue = Catalogue::Open(left);
      EXPECT_TRUE(catalogue.ok()) << catalogue.status().ToString();
      if (!catalogue.ok()) return 0;
      for (const auto& [path, object] : objects_) {
        stored[path] = StoredBytes(**catalogue, path);
        total += stored[path];
        if (!evicts) {
          EXPECT_GE(stored[path], object.recorded) << path;
        }
      }
      EXPECT_EQ((*catalogue)->generation(), 0);
    }
    Start(left, FileIo::System());
    for (const auto& [path, object] : objects_) {
      const uint64_t before = backend_.bytes_sent();
      ReadAll(path);
      EXPECT_EQ(backend_.bytes_sent() - before, object.length - stored[path]) << path;
    }
    if (cache_ != nullptr) {
      EXPECT_EQ(cache_->stats().blocks_damaged.load(), 0);
    }
    Stop();
    return total;
  }

  uint64_t TotalLength() const {
    uint64_t total = 0;
    for (const auto& [path, object] : objects_) total += object.length;
    return total;
  }

 private:
  struct Object {
    uint64_t length = 0;
    uint64_t seed = 0;
    uint64_t recorded = 0;  // bytes of it, at least
  };

  uint64_t StoredBytes(Catalogue& catalogue, const std::string& path) {
    const Result<std::vector<StoredEntry>> rows = catalogue.Find(kSource, backend_.CacheKey(path));
    if (!rows.ok()) return 0;
    for (const StoredEntry& row : *rows) {
      if (!SameVersion(row.version, backend_.Stat(path, {})->version)) continue;
      const Result<RangeSet> blocks = catalogue.Blocks(row);
      return blocks.ok() ? blocks->TotalBytes() : 0;
    }
    return 0;
  }

  FakeClock clock_;
  FakeBackend backend_;
  TempDir temp_{TempDir::On::kMemory};  // there are thousands of syncs
  std::map<std::string, Object> objects_;
  uint64_t evicted_ = 0;
  std::unique_ptr<Cache> cache_;
};

struct Workload {
  std::string name;
  bool evicts;
  // `powered`: whether all that was done so far counts.
  std::function<void(World&, FileIo&, const std::function<bool()>& powered)> run;
};

void PrintTo(const Workload& workload, std::ostream* out) { *out << workload.name; }

void FrontToBack(World& world, FileIo& io, const std::function<bool()>& powered) {
  constexpr uint64_t kLength = 2 * kMiB + 100;
  world.Put("a", kLength);
  world.Start(world.root(), io);
  for (uint64_t at = 0; at < kLength; at += kMiB / 4) {
    world.Read("a", {at, at + kMiB / 4});
    world.LetTimePass();
    if (at % kMiB == kMiB / 2) world.Flush(powered);
  }
  world.Read("a", {0, kLength});
  world.Flush(powered);
  world.Stop();
}

void AtRandomInAFullCache(World& world, FileIo& io, const std::function<bool()>& powered) {
  constexpr uint64_t kFiles = 5;
  for (uint64_t i = 0; i < kFiles; ++i) world.Put(std::to_string(i), kMiB);
  world.Start(world.root(), io, 5 * kMiB / 2);
  std::minstd_rand random(1);
  for (int i = 0; i < 24; ++i) {
    const uint64_t at = random() % (kMiB - 4 * kBlock);
    world.Read(std::to_string(random() % kFiles), {at, at + 4 * kBlock});
    world.LetTimePass();
    if (i % 8 == 7) world.Flush(powered);
  }
  world.Stop();
}

void OpenedAgain(World& world, FileIo& io, const std::function<bool()>& powered) {
  for (const char* path : {"a", "b", "c"}) world.Put(path, kMiB - 1000);
  world.Start(world.root(), io);
  world.Read("a", {0, kMiB / 2});
  world.Read("b", {kMiB / 4, kMiB / 2});
  world.ReadAll("c");
  world.Flush(powered);
  world.Open("c")->FreezeForKernel();
  world.Stop();
  world.LetTimePass();

  world.Start(world.root(), io);
  world.ReadAll("a");
  world.LetTimePass();
  world.Put("b", kMiB);
  world.Read("b", {kBlock / 2, 3 * kBlock});
  world.ReadAll("c");
  world.Flush(powered);
  world.LetTimePass();
  world.Read("b", {0, kMiB});
  world.Flush(powered);
  world.Stop();
}

class CacheFaultsTest : public testing::TestWithParam<Workload> {
 protected:
  static bool Always() { return true; }

  // How many calls the workload makes where nothing fails.
  static uint64_t Calls() {
    World world;
    FailingDisk disk;
    GetParam().run(world, disk, Always);
    return disk.calls();
  }

  void RunFailing(uint64_t first, uint64_t count) {
    SCOPED_TRACE("call " + std::to_string(first));
    World world;
    FailingDisk disk;
    disk.Fail({.error = first % 2 == 0 ? EIO : ENOSPC, .first = first, .count = count});
    GetParam().run(world, disk, Always);
  }

  void RunCut(uint64_t after, Unsynced unsynced) {
    for (const Commits commits : {Commits::kBeforeTheLastCall, Commits::kUntilTheCut}) {
      SCOPED_TRACE("call " + std::to_string(after) +
                   (commits == Commits::kUntilTheCut ? ", with its commits" : ""));
      World world;
      const TempDir left(TempDir::On::kMemory);
      PowerCutDisk disk(world.root());
      disk.CutAfter(after);
      GetParam().run(world, disk, [&] { return !disk.cut(); });
      disk.Materialise(left / "cache", unsynced, commits, static_cast<uint32_t>(after));
      world.ExpectSound(left / "cache", GetParam().evicts);
    }
  }
};

TEST_P(CacheFaultsTest, NoReadFailsWhenOneCallFails) {
  const uint64_t calls = Calls();
  ASSERT_GT(calls, 10);
  for (uint64_t call = 1; call <= calls && !HasFailure(); ++call) RunFailing(call, 1);
}

TEST_P(CacheFaultsTest, NoReadFailsWhenTheDiskFailsForEver) {
  const uint64_t calls = Calls();
  for (uint64_t call = 1; call <= calls && !HasFailure(); ++call) {
    RunFailing(call, FailingDisk::kForEver);
  }
}

// What the other tests take for granted.
TEST_P(CacheFaultsTest, EverythingIsRecordedWhereNothingFails) {
  World world;
  const TempDir left(TempDir::On::kMemory);
  PowerCutDisk disk(world.root());
  GetParam().run(world, disk, Always);
  EXPECT_EQ(world.evicted() > 0, GetParam().evicts);
  disk.Materialise(left / "cache", Unsynced::kLost, Commits::kUntilTheCut);
  const uint64_t stored = world.ExpectSound(left / "cache", GetParam().evicts);
  if (GetParam().evicts) {
    EXPECT_GT(stored, kMiB);
  } else {
    EXPECT_EQ(stored, world.TotalLength());
  }
}

TEST_P(CacheFaultsTest, WhatWasRecordedOutlivesAPowerCut) {
  const uint64_t calls = Calls();
  for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
    RunCut(call, Unsynced::kLost);
  }
}

TEST_P(CacheFaultsTest, WhatIsLeftOfUnsyncedBytesIsNeverTakenForRight) {
  const uint64_t calls = Calls();
  for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
    RunCut(call, Unsynced::kSome);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Workloads, CacheFaultsTest,
    testing::Values(Workload{"FrontToBack", false, FrontToBack},
                    Workload{"AtRandomInAFullCache", true, AtRandomInAFullCache},
                    Workload{"OpenedAgain", false, OpenedAgain}),
    [](const testing::TestParamInfo<Workload>& one) { return one.param.name; });

}  // namespace
}  // namespace brimfs
