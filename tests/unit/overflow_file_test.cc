#include "core/overflow_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/oracle.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_drivers.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kBlock = kFillBlock;
constexpr uint64_t kLength = 16 * kBlock;

// So much room, and no way to make more: who asks for it is refused, or waits.
class Room : public DiskSpace {
 public:
  explicit Room(uint64_t bytes) : free_(bytes) {}

  bool Reserve(uint64_t bytes, const std::atomic<bool>& give_up) override {
    MutexLock lock(mu_);
    if (waits_ && bytes > free_) {
      waiting_ = true;
      changed_.NotifyAll();
      while (!give_up) changed_.Wait(mu_);
    }
    if (bytes > free_) return false;
    free_ -= bytes;
    return true;
  }

  void Reconsider() override {
    MutexLock lock(mu_);
    changed_.NotifyAll();
  }

  void LetThemWait() {
    MutexLock lock(mu_);
    waits_ = true;
  }

  void AwaitWaiting() {
    MutexLock lock(mu_);
    while (!waiting_) changed_.Wait(mu_);
  }

  void Return(uint64_t bytes) override {
    MutexLock lock(mu_);
    free_ += bytes;
  }

  uint64_t free() {
    MutexLock lock(mu_);
    return free_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  uint64_t free_ ABSL_GUARDED_BY(mu_);
  bool waits_ ABSL_GUARDED_BY(mu_) = false;
  bool waiting_ ABSL_GUARDED_BY(mu_) = false;
};

Range Blocks(uint64_t first, uint64_t end) { return {first * kBlock, end * kBlock}; }

class OverflowFileTest : public testing::Test {
 protected:
  static constexpr uint64_t kRoom = 8 * kBlock;

  void SetUp() override {
    Make();
    ASSERT_TRUE(file_->SetLength(kLength).ok());
  }

  void Make() {
    auto disk = FileDriver(dir_.path(), windows_, io_);
    disk_ = disk.get();
    file_ = std::make_unique<OverflowFile>(std::move(disk), windows_, &room_, health_);
  }

  bool Put(const Range& range) { return file_->Write(range.begin, OracleBytes(1, range)).ok(); }

  // Both ways.
  bool Reads(const Range& range) {
    std::vector<std::byte> bytes(range.size());
    if (!file_->Read(range, bytes).ok()) return false;
    const Result<View> view = file_->Map(range);
    if (!view.ok() || view->size() != range.size()) return false;
    uint64_t at = range.begin;
    for (const auto& piece : view->pieces()) {
      if (FirstWrongByte(1, at, piece)) return false;
      at += piece.size();
    }
    return !FirstWrongByte(1, range.begin, bytes);
  }

  bool OnDisk(const Range& range) {
    std::vector<std::byte> bytes(range.size());
    return disk_->Read(range, bytes).ok() && !FirstWrongByte(1, range.begin, bytes);
  }

  void FullDisk() {
    io_.Fail({.error = ENOSPC, .count = FailingDisk::kForEver, .kind = DiskCall::kWrite});
  }

  TempDir dir_;
  FakeClock clock_;
  WindowCache windows_;
  FailingDisk io_;
  DiskHealth health_{"the test's directory", clock_};
  Room room_{kRoom};
  MappedFile* disk_ = nullptr;  // of file_
  std::unique_ptr<OverflowFile> file_;
};

TEST_F(OverflowFileTest, AHealthyDiskHasEverything) {
  ASSERT_TRUE(Put(Blocks(0, 8)));
  EXPECT_TRUE(Reads(Blocks(0, 8)));
  EXPECT_TRUE(OnDisk(Blocks(0, 8)));
  EXPECT_FALSE(file_->AnyInMemory());
  EXPECT_EQ(file_->OnDisk(), 8 * kBlock);
  EXPECT_EQ(file_->BackingFd(), disk_->BackingFd());
}

TEST_F(OverflowFileTest, WhatAFullDiskRefusesLiesInMemory) {
  ASSERT_TRUE(Put(Blocks(0, 2)));
  FullDisk();
  ASSERT_TRUE(Put(Blocks(2, 4)));
  EXPECT_TRUE(Reads(Blocks(0, 4)));
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(2, 4)));
  EXPECT_EQ(file_->OnDisk(), 2 * kBlock);
  EXPECT_EQ(room_.free(), kRoom - 2 * kBlock);
  EXPECT_EQ(file_->BackingFd(), -1);
}

TEST_F(OverflowFileTest, AFailedWriteLeavesNothingOnTheDisk) {
  FullDisk();
  ASSERT_TRUE(Put(Blocks(0, 4)));
  EXPECT_EQ(*disk_->AllocatedBytes(), 0);
}

TEST_F(OverflowFileTest, EveryErrorOfTheDiskIsMemorys) {
  for (const int error : {ENOSPC, EDQUOT, EIO, EROFS, EBADF, ENODEV, EACCES}) {
    Make();
    ASSERT_TRUE(file_->SetLength(kLength).ok());
    io_.Fail({.error = error, .kind = DiskCall::kWrite});
    EXPECT_TRUE(Put(Blocks(0, 1))) << error;
    EXPECT_TRUE(Reads(Blocks(0, 1))) << error;
    EXPECT_TRUE(file_->AnyInMemory()) << error;
    clock_.Advance(DiskHealth::kPause);
  }
}

TEST_F(OverflowFileTest, ADiskThatFailedIsNotAskedDuringThePause) {
  FullDisk();
  ASSERT_TRUE(Put(Blocks(0, 1)));
  const uint64_t calls = io_.calls();
  ASSERT_TRUE(Put(Blocks(1, 4)));
  EXPECT_EQ(io_.calls(), calls);
}

TEST_F(OverflowFileTest, ADiskThatHasRecoveredIsUsedAgain) {
  FullDisk();
  ASSERT_TRUE(Put(Blocks(0, 1)));
  io_.Mend();
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(Put(Blocks(1, 2)));
  ASSERT_TRUE(Put(Blocks(2, 3)));
  EXPECT_TRUE(OnDisk(Blocks(1, 3)));
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(0, 1)));
  EXPECT_TRUE(Reads(Blocks(0, 3)));
}

TEST_F(OverflowFileTest, WhereTheLimitsLeaveNoRoomTheDiskIsNotWritten) {
  ASSERT_TRUE(Put(Blocks(0, 7)));
  ASSERT_TRUE(Put(Blocks(7, 9)));
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(7, 9)));
  ASSERT_TRUE(Put(Blocks(9, 10)));  // for this there is room
  EXPECT_TRUE(OnDisk(Blocks(9, 10)));
  EXPECT_EQ(room_.free(), 0);
  EXPECT_TRUE(Reads(Blocks(0, 10)));
  EXPECT_TRUE(health_.Usable());
}

TEST_F(OverflowFileTest, PunchingReturnsWhatWasOnTheDisk) {
  ASSERT_TRUE(Put(Blocks(0, 4)));
  FullDisk();
  ASSERT_TRUE(Put(Blocks(4, 8)));
  ASSERT_TRUE(file_->Punch(Blocks(2, 6)).ok());
  EXPECT_EQ(room_.free(), kRoom - 2 * kBlock);
  EXPECT_EQ(file_->OnDisk(), 2 * kBlock);
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(6, 8)));
  EXPECT_EQ(*file_->AllocatedBytes(), 4 * kBlock);
  EXPECT_TRUE(Reads(Blocks(0, 2)));
  EXPECT_TRUE(Reads(Blocks(6, 8)));
}

TEST_F(OverflowFileTest, OnceMemoryIsEmptyAgainTheDescriptorIsGood) {
  FullDisk();
  ASSERT_TRUE(Put(Blocks(0, 1)));
  ASSERT_EQ(file_->BackingFd(), -1);
  io_.Mend();
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(file_->Punch(Blocks(0, 1)).ok());
  ASSERT_TRUE(Put(Blocks(0, 1)));
  EXPECT_EQ(file_->BackingFd(), disk_->BackingFd());
  EXPECT_TRUE(OnDisk(Blocks(0, 1)));
}

TEST_F(OverflowFileTest, PunchingMemoryLeavesTheDiskAlone) {
  FullDisk();
  ASSERT_TRUE(Put(Blocks(0, 4)));
  const uint64_t calls = io_.calls();
  ASSERT_TRUE(file_->Punch(Blocks(0, 4)).ok());
  EXPECT_EQ(io_.calls(), calls);
}

TEST_F(OverflowFileTest, WhereHolesCantBePunchedTheRoomStaysTaken) {
  ASSERT_TRUE(Put(Blocks(0, 4)));
  io_.Fail({.error = EOPNOTSUPP, .kind = DiskCall::kPunch});
  EXPECT_EQ(file_->Punch(Blocks(0, 2)).code(), Code::kUnsupported);
  EXPECT_EQ(room_.free(), kRoom - 4 * kBlock);
  ASSERT_TRUE(Put(Blocks(0, 2)));  // where it was
  EXPECT_EQ(room_.free(), kRoom - 4 * kBlock);
  EXPECT_TRUE(Reads(Blocks(0, 4)));
}

TEST_F(OverflowFileTest, BytesThatAreWrittenAgainAreReadAsWrittenLast) {
  const std::vector<std::byte> other = OracleBytes(2, Blocks(0, 4));
  ASSERT_TRUE(file_->Write(0, other).ok());
  FullDisk();
  ASSERT_TRUE(Put(Blocks(1, 3)));
  EXPECT_TRUE(Reads(Blocks(1, 3)));
  io_.Mend();
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(Put(Blocks(0, 4)));
  EXPECT_TRUE(Reads(Blocks(0, 4)));
  file_.reset();
  EXPECT_EQ(room_.free(), kRoom);
}

TEST_F(OverflowFileTest, ASealedFileIsNeverTouched) {
  ASSERT_TRUE(Put(Blocks(0, 2)));
  file_->Seal();
  const uint64_t calls = io_.calls();
  ASSERT_TRUE(Put(Blocks(2, 4)));
  ASSERT_TRUE(file_->Punch(Blocks(1, 3)).ok());
  ASSERT_TRUE(Put(Blocks(1, 2)));
  ASSERT_TRUE(file_->SetLength(kLength + 1).ok());
  EXPECT_EQ(io_.calls(), calls);
  EXPECT_TRUE(OnDisk(Blocks(0, 2)));
  EXPECT_TRUE(Reads(Blocks(0, 2)));
  EXPECT_TRUE(Reads(Blocks(3, 4)));
  EXPECT_EQ(file_->BackingFd(), -1);
  EXPECT_EQ(file_->OnDisk(), 2 * kBlock);
}

TEST_F(OverflowFileTest, AFileSealedBeforeItsLengthIsReadAsItIs) {
  ASSERT_TRUE(Put(Blocks(0, 4)));
  const int fd = dup(disk_->BackingFd());
  OverflowFile again(std::make_unique<MappedFile>(fd, windows_, io_), windows_, nullptr, health_);
  again.Seal();
  const uint64_t calls = io_.calls();
  ASSERT_TRUE(again.SetLength(kLength).ok());
  EXPECT_EQ(io_.calls(), calls);
  const Result<View> view = again.Map(Blocks(0, 4));
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(FirstWrongByte(1, 0, view->pieces().front()), std::nullopt);
}

TEST_F(OverflowFileTest, SealingWaitsForWhoIsWriting) {
  std::latch writing(1);
  std::latch go_on(1);
  // A slow disk: one write stops half way.
  class SlowDisk : public FailingDisk {
   public:
    SlowDisk(std::latch& writing, std::latch& go_on) : writing_(writing), go_on_(go_on) {}

   protected:
    int Answer(const Call& call) override {
      if (call.kind == DiskCall::kWrite) {
        writing_.count_down();
        go_on_.wait();
      }
      return FailingDisk::Answer(call);
    }

   private:
    std::latch& writing_;
    std::latch& go_on_;
  } slow(writing, go_on);
  OverflowFile file(FileDriver(dir_.path(), windows_, slow), windows_, nullptr, health_);
  ASSERT_TRUE(file.SetLength(kLength).ok());
  std::thread writer([&] { EXPECT_TRUE(file.Write(0, OracleBytes(1, Blocks(0, 1))).ok()); });
  writing.wait();
  std::future<uint64_t> sealed = std::async(std::launch::async, [&] {
    file.Seal();
    return slow.calls(DiskCall::kWrite);
  });
  go_on.count_down();
  EXPECT_EQ(sealed.get(), 1);
  writer.join();
}

TEST_F(OverflowFileTest, WhoWaitsForRoomWhenItIsSealedGoesToMemory) {
  room_.LetThemWait();
  std::thread writer([this] { EXPECT_TRUE(Put(Blocks(0, 9))); });
  room_.AwaitWaiting();
  file_->Seal();
  writer.join();
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(0, 9)));
}

TEST_F(OverflowFileTest, ADiskThatRefusesTheLengthIsLeftAlone) {
  Make();
  io_.Fail({.error = EFBIG, .kind = DiskCall::kTruncate});
  ASSERT_TRUE(file_->SetLength(kLength).ok());
  clock_.Advance(DiskHealth::kPause);
  ASSERT_TRUE(Put(Blocks(0, 4)));
  EXPECT_TRUE(Reads(Blocks(0, 4)));
  EXPECT_THAT(file_->InMemory({0, kLength}), ElementsAre(Blocks(0, 4)));
  EXPECT_EQ(room_.free(), kRoom);
  EXPECT_EQ(file_->BackingFd(), -1);
}

TEST_F(OverflowFileTest, AReadThatFailsIsHeldAgainstTheDisk) {
  ASSERT_TRUE(Put(Blocks(0, 1)));
  io_.Fail({.error = EIO, .kind = DiskCall::kRead});
  std::vector<std::byte> bytes(100);
  EXPECT_EQ(file_->Read({0, 100}, bytes).code(), Code::kIo);
  ASSERT_TRUE(file_->Punch(Blocks(0, 1)).ok());
  ASSERT_TRUE(Put(Blocks(0, 1)));
  EXPECT_TRUE(file_->AnyInMemory());
  EXPECT_TRUE(Reads(Blocks(0, 1)));
}

TEST_F(OverflowFileTest, AFileThatWasCutIsNotHeldAgainstTheDisk) {
  ASSERT_TRUE(Put(Blocks(0, 1)));
  ASSERT_EQ(ftruncate(disk_->BackingFd(), 10), 0);
  std::vector<std::byte> bytes(100);
  EXPECT_EQ(file_->Read({0, 100}, bytes).code(), Code::kIo);
  EXPECT_TRUE(health_.Usable());
}

TEST_F(OverflowFileTest, ItsEndReturnsWhatIsStillItsOwn) {
  ASSERT_TRUE(Put(Blocks(0, 4)));
  file_->Disown(kBlock);
  EXPECT_EQ(file_->OnDisk(), 3 * kBlock);
  EXPECT_EQ(room_.free(), kRoom - 4 * kBlock);
  file_.reset();
  EXPECT_EQ(room_.free(), kRoom - kBlock);
}

TEST_F(OverflowFileTest, WhatHasBeenDisownedIsNotReturnedByAPunch) {
  ASSERT_TRUE(Put(Blocks(0, 4)));
  file_->Disown(4 * kBlock);
  ASSERT_TRUE(file_->Punch(Blocks(0, 4)).ok());
  EXPECT_EQ(room_.free(), kRoom - 4 * kBlock);
  EXPECT_EQ(file_->OnDisk(), 0);
}

TEST_F(OverflowFileTest, WithoutADiskEverythingLiesInMemory) {
  OverflowFile file(nullptr, windows_, &room_, health_);
  ASSERT_TRUE(file.SetLength(kLength).ok());
  ASSERT_TRUE(file.Write(0, OracleBytes(1, {0, 100})).ok());
  EXPECT_THAT(file.InMemory({0, kLength}), ElementsAre(Range{0, 100}));
  EXPECT_EQ(file.BackingFd(), -1);
  EXPECT_EQ(room_.free(), kRoom);
  ASSERT_TRUE(file.Punch({0, kLength}).ok());
  EXPECT_THAT(file.InMemory({0, kLength}), IsEmpty());
}

TEST_F(OverflowFileTest, AViewOfBothKindsIsInOrder) {
  io_.FailSome(DiskCall::kWrite, EIO, 3);
  for (uint64_t block = 0; block < 16; ++block) {
    ASSERT_TRUE(Put(Blocks(block, block + 1)));
    clock_.Advance(DiskHealth::kPause);
  }
  ASSERT_GT(file_->InMemory({0, kLength}).size(), 1);
  ASSERT_GT(file_->OnDisk(), 0);
  EXPECT_TRUE(Reads({0, kLength}));
  EXPECT_TRUE(Reads({kBlock / 2, kLength - 1}));
  for (uint64_t at = 0; at + 5000 <= kLength; at += 5000) EXPECT_TRUE(Reads({at, at + 5000}));
}

// The room is right again at the end, whoever wrote, punched and failed meanwhile.
TEST_F(OverflowFileTest, ThreadsKeepTheAccounts) {
  io_.FailSome(DiskCall::kWrite, ENOSPC, 5);
  std::vector<std::thread> threads;
  for (uint64_t part = 0; part < 4; ++part) {
    threads.emplace_back([this, part] {
      const Range mine = Blocks(4 * part, 4 * part + 4);
      for (int round = 0; round < 50; ++round) {
        for (uint64_t at = mine.begin; at < mine.end; at += kBlock) {
          EXPECT_TRUE(Put({at, at + kBlock}));
          clock_.Advance(DiskHealth::kPause);
        }
        EXPECT_TRUE(Reads(mine));
        EXPECT_TRUE(file_->Punch(mine).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(room_.free(), kRoom);
  EXPECT_EQ(file_->OnDisk(), 0);
  EXPECT_FALSE(file_->AnyInMemory());
  EXPECT_EQ(*file_->AllocatedBytes(), 0);
}

}  // namespace
}  // namespace brimfs
