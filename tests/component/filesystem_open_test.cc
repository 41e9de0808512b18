// In which way an open reads: passed through to the kernel or through this program.
#include <set>
#include <thread>
#include <vector>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

constexpr uint64_t kLength = 4 * kFillBlock;

class OpenTest : public FileSystemTest {
 protected:
  OpenTest() { driver_ = DriverKind::kMmap; }
};

TEST_F(OpenTest, AFullFileIsPassedThroughAndItsBackingFileHasItsBytes) {
  backend_.Put("f", kLength, 6);
  Mount();
  Fill("f", 6);
  std::unique_ptr<OpenFile> file = Open("f");
  ASSERT_GT(file->backing_id, 0);
  EXPECT_EQ(kernel_.ReadBacking(file->backing_id, {0, kLength}), OracleBytes(6, {0, kLength}));
  Release(std::move(file));
  EXPECT_EQ(kernel_.registered(), 0);
}

TEST_F(OpenTest, AFileWithAGapIsOrdinary) {
  backend_.Put("f", kLength);
  Mount();
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(Read(*file, {0, kLength - 2 * kFillBlock}), Code::kOk);
  Release(std::move(file));
  EXPECT_EQ(OpenCode(LookUp("f").node), Code::kOk);
  EXPECT_EQ(kernel_.registrations(), 0);
}

TEST_F(OpenTest, OpensOfAFullFileShareOneBackingIdUntilTheLastIsClosed) {
  backend_.Put("f", kLength);
  Mount();
  Fill("f");
  std::unique_ptr<OpenFile> first = Open("f");
  std::unique_ptr<OpenFile> second = Open("f");
  EXPECT_GT(first->backing_id, 0);
  EXPECT_EQ(second->backing_id, first->backing_id);
  Release(std::move(first));
  EXPECT_EQ(kernel_.registered(), 1);
  Release(std::move(second));
  EXPECT_EQ(kernel_.registered(), 0);
  std::unique_ptr<OpenFile> third = Open("f");
  EXPECT_GT(third->backing_id, 0);
  EXPECT_EQ(kernel_.registrations(), 2);
  Release(std::move(third));
}

TEST_F(OpenTest, WhatIsOpenInTheOrdinaryWayStaysSoUntilItsLastClose) {
  backend_.Put("f", kLength);
  Mount();
  std::unique_ptr<OpenFile> before = Open("f");
  EXPECT_EQ(Read(*before, {0, kLength}), Code::kOk);
  Settle(*before);
  std::unique_ptr<OpenFile> during = Open("f");
  EXPECT_EQ(during->backing_id, 0) << "full, but the kernel refuses a mix";
  Release(std::move(before));
  EXPECT_EQ(OpenCode(during->node->id), Code::kOk);
  EXPECT_EQ(kernel_.registrations(), 0);
  Release(std::move(during));
  std::unique_ptr<OpenFile> after = Open("f");
  EXPECT_GT(after->backing_id, 0);
  Release(std::move(after));
}

TEST_F(OpenTest, AnEmptyFileIsOrdinary) {
  backend_.Put("f", 0);
  Mount();
  EXPECT_EQ(OpenCode(LookUp("f").node), Code::kOk);
  EXPECT_EQ(kernel_.registrations(), 0);
}

TEST_F(OpenTest, ARefusedRegistrationIsServedInTheOrdinaryWay) {
  backend_.Put("f", kLength);
  Mount();
  Fill("f");
  kernel_.SetRefusing(true);
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(Read(*file, {0, kLength}), Code::kOk);
  kernel_.SetRefusing(false);
  std::unique_ptr<OpenFile> second = Open("f");
  EXPECT_EQ(second->backing_id, 0) << "not mixed";
  Release(std::move(second));
  Release(std::move(file));
}

TEST_F(OpenTest, NothingIsOfferedToAKernelThatDoesNotWantIt) {
  backend_.Put("f", kLength);
  kernel_.SetEnabled(false);
  Mount();
  Fill("f");
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(kernel_.registrations(), 0);
  // Not the kernel's, so what turns out unreadable may be given up and fetched again.
  fs_->MarkUnreadable(*file->node, *file->file, {0, 4096});
  EXPECT_EQ(Xattr(file->node->id, "filled"), "65536-262144");
  Release(std::move(file));
}

TEST_F(OpenTest, WithoutAKernelAllIsOrdinary) {
  with_kernel_ = false;
  backend_.Put("f", kLength);
  Mount();
  Fill("f");
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(Read(*file, {0, kLength}), Code::kOk);
  Release(std::move(file));
}

TEST_F(OpenTest, AFileInMemoryIsOrdinary) {
  driver_ = DriverKind::kMemory;
  backend_.Put("f", kLength);
  Mount();
  Fill("f");
  std::unique_ptr<OpenFile> file = Open("f");
  EXPECT_EQ(file->backing_id, 0);
  EXPECT_EQ(kernel_.registrations(), 0);
  Release(std::move(file));
}

TEST_F(OpenTest, TwoVersionsOfAFileHaveABackingFileEach) {
  backend_.Put("f", kLength, 1);
  Mount();
  Fill("f", 1);
  std::unique_ptr<OpenFile> before = Open("f");
  backend_.Put("f", kLength, 2);
  clock_.Advance(kTtl);
  Fill("f", 2);
  std::unique_ptr<OpenFile> after = Open("f");
  ASSERT_GT(before->backing_id, 0);
  ASSERT_GT(after->backing_id, 0);
  EXPECT_EQ(kernel_.ReadBacking(before->backing_id, {0, kLength}), OracleBytes(1, {0, kLength}));
  EXPECT_EQ(kernel_.ReadBacking(after->backing_id, {0, kLength}), OracleBytes(2, {0, kLength}));
  Release(std::move(before));
  Release(std::move(after));
}

// Threads that look up, open, read, close and forget a file that changes all the while: every byte
// that is read belongs to the version of its node, or the read says that it is gone.
TEST_F(OpenTest, NoReaderSeesTwoVersionsWhileTheFileChanges) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  max_idle_files_ = 8;
  constexpr Duration kShort = std::chrono::milliseconds(1);  // so that no read times out
  backend_.Put("f", kLength, 1);
  Mount({.metadata_ttl = kShort, .single_file = {}});
  Mutex mu;
  std::set<uint64_t> seeds;  // that were read
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        if (thread == 0) {
          backend_.Put("f", kLength, 1 + static_cast<uint64_t>(round));
          if (round % 4 == 0) clock_.Advance(kShort);
        }
        const Result<FileSystem::Entry> entry = fs_->LookUp(kRootNode, "f", Ask::kSource);
        ASSERT_TRUE(entry.ok());
        const uint64_t seed =
            static_cast<uint64_t>(absl::ToUnixSeconds(entry->attributes.mtime) - 1'700'000'000);
        Result<std::unique_ptr<OpenFile>> file = fs_->Open(entry->node, Ask::kSource);
        if (file.ok()) {
          for (uint64_t begin = 0; begin < kLength; begin += kFillBlock) {
            const Code code = Read(**file, {begin, begin + kFillBlock}, seed);
            ASSERT_TRUE(code == Code::kOk || code == Code::kStale) << CodeName(code);
          }
          Release(std::move(*file));
          MutexLock lock(mu);
          seeds.insert(seed);
        } else {
          ASSERT_EQ(file.code(), Code::kStale);
        }
        fs_->Forget(entry->node, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(seeds.size(), size_t{kRounds} / 8) << "changes were noticed";
  EXPECT_EQ(fs_->node_count(), 1u);
  EXPECT_EQ(kernel_.registered(), 0);
}

}  // namespace
}  // namespace brimfs
