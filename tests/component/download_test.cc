#include "fs/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "core/unique_fd.h"
#include "tests/support/fake_backend.h"
#include "tests/support/oracle.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kLength = 24 * kMiB + 77;

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() : fd_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    backend_.Put("file", kLength);
    Cache::Options options;
    options.driver = DriverKind::kMemory;
    options.memory_budget = 16 << 20;
    auto cache = Cache::Create(std::move(options), backend_, Clock::Steady());
    EXPECT_TRUE(cache.ok());
    cache_ = std::move(*cache);
  }

  Status Get() { return Download(backend_, *cache_, "file", fd_.get(), options_); }

  // The same on another thread.
  std::future<Status> Start() {
    return std::async(std::launch::async, [this] { return Get(); });
  }

  void ExpectFile(uint64_t length, uint64_t seed) const {
    std::string bytes = ReadFile(path_);
    ASSERT_EQ(bytes.size(), length);
    EXPECT_EQ(FirstWrongByte(seed, 0, std::as_bytes(std::span(bytes))), std::nullopt);
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "copy";
  const UniqueFd fd_;
  FakeBackend backend_;
  std::unique_ptr<Cache> cache_;
  DownloadOptions options_;
};

TEST_F(DownloadTest, AllBytesAreWrittenInOrderWithinTheMemoryThatThereIs) {
  uint64_t last = 0;
  options_.on_progress = [&](uint64_t written, uint64_t length) {
    EXPECT_GT(written, last);
    EXPECT_EQ(length, kLength);
    last = written;
  };
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(last, kLength);
  ExpectFile(kLength, 1);
  EXPECT_EQ(backend_.bytes_sent(), kLength);
}

TEST_F(DownloadTest, AServerWithoutRangesIsReadInOneStream) {
  backend_.SetRanges(false);
  EXPECT_TRUE(Get().ok());
  ExpectFile(kLength, 1);
}

TEST_F(DownloadTest, AChangeBeginsItOnceMore) {
  backend_.CloseGate("file", 5 * kMiB);
  std::future<Status> got = Start();
  backend_.AwaitAtGate("file", 1);
  backend_.Put("file", kLength - kMiB, /*seed=*/2);
  backend_.OpenGate("file");
  EXPECT_TRUE(got.get().ok());
  ExpectFile(kLength - kMiB, 2);
}

TEST_F(DownloadTest, ASecondChangeIsTheEndOfIt) {
  int restarts = 0;
  uint64_t last = 0;
  // Each time some has been written there is another version.
  options_.on_progress = [&](uint64_t written, uint64_t) {
    if (written < last) ++restarts;
    last = written;
    if (written == kMiB)
      backend_.Put("file", kLength, /*seed=*/static_cast<uint64_t>(3 + restarts));
  };
  EXPECT_EQ(Get().code(), Code::kStale);
  EXPECT_EQ(restarts, 1);
}

TEST_F(DownloadTest, WhatCannotBeTakenBackIsNotBegunOnceMore) {
  options_.may_restart = false;
  options_.on_progress = [&](uint64_t written, uint64_t) {
    if (written == kMiB) backend_.Put("file", kLength, /*seed=*/2);
  };
  EXPECT_EQ(Get().code(), Code::kStale);
}

TEST_F(DownloadTest, ItEndsWhenItIsStopped) {
  std::stop_source stop;
  options_.stop = stop.get_token();
  backend_.CloseGate("file", 5 * kMiB);
  std::future<Status> got = Start();
  backend_.AwaitAtGate("file", 1);
  stop.request_stop();
  EXPECT_EQ(got.get().code(), Code::kInterrupted);
}

TEST_F(DownloadTest, WhatIsNotThereOrNoFileIsSaid) {
  backend_.Put("directory/file", 1);
  EXPECT_EQ(Download(backend_, *cache_, "missing", fd_.get(), options_).code(), Code::kNotFound);
  EXPECT_EQ(Download(backend_, *cache_, "directory", fd_.get(), options_).code(),
            Code::kIsDirectory);
}

TEST_F(DownloadTest, AWriteThatFailsIsTheCause) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  EXPECT_EQ(Download(backend_, *cache_, "file", full.get(), options_).code(), Code::kNoSpace);
}

}  // namespace
}  // namespace brimfs
