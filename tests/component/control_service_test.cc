// What the commands on a mount do to it: filling, evicting, pinning, looking.
#include "fs/control_service.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <semaphore>
#include <thread>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

class ControlServiceTest : public FileSystemTest {
 protected:
  ~ControlServiceTest() override { service_.reset(); }

  void MountWithControl() {
    service_.reset();
    Unmount();
    Mount();
    ControlService::Settings settings;
    settings.source = "fake://";
    settings.mountpoint = "/mnt";
    service_ = std::make_unique<ControlService>(std::move(settings), *fs_, clock_);
  }

  std::unique_ptr<FillRun> NewRun(const Caller& caller = {0, 0, {}}) {
    return std::make_unique<FillRun>(service_->filler(), service_->ShareOf(caller),
                                     [this] { ended_.release(); });
  }

  // The last answers of `count` fills.
  std::vector<ControlAnswer> AwaitEnds(FillRun& run, size_t count) {
    std::vector<ControlAnswer> all;
    while (all.size() < count) {
      ended_.acquire();
      for (ControlAnswer& answer : run.TakeEnded()) {
        if (answer.last()) all.push_back(std::move(answer));
      }
    }
    return all;
  }

  // How the fill of one file ends.
  Status FillOne(NodeId node) {
    const std::unique_ptr<FillRun> run = NewRun();
    EXPECT_TRUE(run->Begin(1, node).ok());
    const std::vector<ControlAnswer> answers = AwaitEnds(*run, 1);
    const auto* const error = std::get_if<Status>(&answers[0].what);
    return error == nullptr ? OkStatus() : *error;
  }

  // All answers to a request.
  std::vector<ControlAnswer> Ask(ControlCommand command, std::optional<NodeId> node,
                                 uint32_t cells = 0) {
    std::vector<ControlAnswer> answers;
    ControlRequest request{.id = 9, .command = command, .node = node, .cells = cells};
    service_->Answer(
        request, [&](const ControlAnswer& answer) { answers.push_back(answer); },
        [] { return false; });
    EXPECT_FALSE(answers.empty());
    EXPECT_TRUE(answers.back().last());
    return answers;
  }

  Result<Done> AskDone(ControlCommand command, NodeId node) {
    const ControlAnswer last = Ask(command, node).back();
    if (const auto* const error = std::get_if<Status>(&last.what)) return *error;
    return std::get<Done>(last.what);
  }

  FileStatus StatusOf(NodeId node) {
    return std::get<FileStatus>(Ask(ControlCommand::kStatus, node).back().what);
  }

  uint64_t FilledOf(NodeId node) { return StatusOf(node).filled; }

  std::counting_semaphore<> ended_{0};
  std::unique_ptr<ControlService> service_;
};

TEST_F(ControlServiceTest, AFillFetchesAllOfAFileOnce) {
  driver_ = DriverKind::kMmap;
  backend_.Put("file", 20 * kMiB + 5);
  MountWithControl();
  const NodeId node = LookUp("file").node;
  EXPECT_TRUE(FillOne(node).ok());
  EXPECT_EQ(backend_.bytes_sent(), 20 * kMiB + 5);
  EXPECT_EQ(FilledOf(node), 20 * kMiB + 5);
  auto file = Open(node);
  EXPECT_EQ(Read(*file, {0, 20 * kMiB + 5}), Code::kOk);
  EXPECT_EQ(backend_.bytes_sent(), 20 * kMiB + 5) << "nothing was left to fetch";
  Release(std::move(file));
}

TEST_F(ControlServiceTest, AFillOfWhatIsThereAsksNothing) {
  backend_.Put("file", kMiB);
  backend_.Put("empty", 0);
  MountWithControl();
  Fill("file");
  const size_t fetches = backend_.fetches().size();
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  EXPECT_TRUE(FillOne(LookUp("empty").node).ok());
  EXPECT_EQ(backend_.fetches().size(), fetches);
}

TEST_F(ControlServiceTest, AServerWithoutRangesFillsInOneStream) {
  backend_.Put("file", 20 * kMiB);
  backend_.SetRanges(false);
  MountWithControl();
  const NodeId node = LookUp("file").node;
  EXPECT_TRUE(FillOne(node).ok());
  EXPECT_EQ(FilledOf(node), 20 * kMiB);
}

TEST_F(ControlServiceTest, AFillWhoseClientGoesStopsAndKeepsWhatCame) {
  backend_.Put("file", 64 * kMiB);
  backend_.CloseGate("file", 10 * kMiB);
  MountWithControl();
  const NodeId node = LookUp("file").node;
  std::unique_ptr<FillRun> run = NewRun();
  ASSERT_TRUE(run->Begin(1, node).ok());
  backend_.AwaitAtGate("file", 1);
  while (FilledOf(node) < 8 * kMiB) std::this_thread::yield();
  run.reset();
  ended_.acquire();
  EXPECT_EQ(service_->filler().filling(), 0u);
  const uint64_t kept = FilledOf(node);
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, 10 * kMiB);
  backend_.OpenGate("file");
  EXPECT_TRUE(FillOne(node).ok());
  EXPECT_EQ(FilledOf(node), 64 * kMiB);
}

TEST_F(ControlServiceTest, ADemandOvertakesAllThatAFillStillWants) {
  scheduler_.connections = 1;
  backend_.Put("big", 64 * kMiB);
  backend_.Put("wanted", 1000);
  backend_.CloseGate("big");
  MountWithControl();
  const std::unique_ptr<FillRun> run = NewRun();
  ASSERT_TRUE(run->Begin(1, LookUp("big").node).ok());
  backend_.AwaitAtGate("big", 1);
  auto file = Open("wanted");
  std::binary_semaphore read(0);
  fs_->ReadAsync(*file, {0, 1000}, {}, [&](const Result<Lease>& lease) {
    EXPECT_TRUE(lease.ok());
    read.release();
  });
  backend_.OpenGate("big");
  read.acquire();
  EXPECT_EQ(backend_.fetches().at(1).path, "wanted");
  AwaitEnds(*run, 1);
  Release(std::move(file));
}

TEST_F(ControlServiceTest, AFileThatFailsIsSaidAndTheOthersAreFilled) {
  backend_.Put("refused", kMiB);
  backend_.Put("fine", kMiB);
  backend_.FailNext("refused", Status(Code::kDenied, "403"));
  MountWithControl();
  const std::unique_ptr<FillRun> run = NewRun();
  ASSERT_TRUE(run->Begin(1, LookUp("refused").node).ok());
  ASSERT_TRUE(run->Begin(2, LookUp("fine").node).ok());
  for (const ControlAnswer& answer : AwaitEnds(*run, 2)) {
    if (answer.id == 2) {
      EXPECT_EQ(std::get<Done>(answer.what), (Done{.files = 1, .bytes = kMiB}));
    } else {
      EXPECT_EQ(std::get<Status>(answer.what).code(), Code::kDenied);
      EXPECT_THAT(std::get<Status>(answer.what).message(), HasSubstr("refused"));
    }
  }
}

TEST_F(ControlServiceTest, WhatDoesNotFitIntoTheCacheIsNotBegun) {
  backend_.Put("too-big", 300 * kMiB);  // memory=256M
  backend_.Put("fits", kMiB);
  MountWithControl();
  EXPECT_EQ(FillOne(LookUp("too-big").node).code(), Code::kNoSpace);
  EXPECT_TRUE(backend_.fetches().empty());
  EXPECT_TRUE(FillOne(LookUp("fits").node).ok());
}

TEST_F(ControlServiceTest, AClientMayHaveOnlySoManyFillsAtATime) {
  backend_.Put("file", kMiB);
  backend_.CloseGate("file");
  MountWithControl();
  const NodeId node = LookUp("file").node;
  std::unique_ptr<FillRun> run = NewRun();
  for (size_t i = 0; i < FillRun::kMostFiles; ++i) ASSERT_TRUE(run->Begin(i, node).ok());
  EXPECT_EQ(run->Begin(99, node).code(), Code::kBusy);
  backend_.OpenGate("file");
  AwaitEnds(*run, FillRun::kMostFiles);
  EXPECT_EQ(backend_.bytes_sent(), kMiB) << "all of them were one file";
}

TEST_F(ControlServiceTest, AUserWhoHasAllFilledThatTheyMayKeepsNobodyElseWaiting) {
  const Caller ann{1001, 1001, {}};
  for (size_t i = 0; i <= Filler::kFilesOfOther; ++i) {
    const std::string name = "slow-" + std::to_string(i);
    backend_.Put(name, 1000);
    backend_.CloseGate(name);
  }
  backend_.Put("of-owner", 1000);
  backend_.Put("of-bob", 1000);
  backend_.Put("of-ann", 1000);
  MountWithControl();
  std::vector<std::unique_ptr<FillRun>> runs;
  for (size_t i = 0; i < Filler::kFiles; ++i) {  // over as many connections as once were enough
    runs.push_back(NewRun(ann));
    const std::string name = "slow-" + std::to_string(i % Filler::kFilesOfOther);
    ASSERT_TRUE(runs.back()->Begin(1, LookUp(name).node).ok());
  }
  for (size_t i = 0; i < Filler::kFilesOfOther; ++i) {
    backend_.AwaitAtGate("slow-" + std::to_string(i), 1);
  }
  ASSERT_TRUE(runs.back()->Begin(2, LookUp("of-ann").node).ok());
  EXPECT_TRUE(FillOne(LookUp("of-owner").node).ok());
  const std::unique_ptr<FillRun> of_bob = NewRun({1002, 1002, {}});
  ASSERT_TRUE(of_bob->Begin(1, LookUp("of-bob").node).ok());
  EXPECT_TRUE(std::holds_alternative<Done>(AwaitEnds(*of_bob, 1)[0].what));
  EXPECT_EQ(service_->filler().filling(), Filler::kFilesOfOther) << "Ann's";
  EXPECT_EQ(FilledOf(LookUp("of-ann").node), 0u) << "waits for her others";
}

TEST_F(ControlServiceTest, AFillOfAVersionThatIsGoneIsStale) {
  backend_.Put("file", kMiB, 1);
  MountWithControl();
  const NodeId node = LookUp("file").node;
  backend_.Put("file", kMiB, 2);
  clock_.Advance(kTtl);
  EXPECT_EQ(FillOne(node).code(), Code::kStale);
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
}

TEST_F(ControlServiceTest, EvictLetsGoOfWhatIsClosedAndKeepsWhatIsOpenOrPinned) {
  driver_ = DriverKind::kMmap;
  for (const char* const name : {"dir/closed", "dir/open", "dir/pinned", "beside"}) {
    backend_.Put(name, kMiB);
  }
  MountWithControl();
  const NodeId dir = LookUp("dir").node;
  for (const char* const name : {"closed", "open", "pinned"}) {
    EXPECT_TRUE(FillOne(LookUp(name, dir).node).ok());
  }
  EXPECT_TRUE(FillOne(LookUp("beside").node).ok());
  EXPECT_TRUE(AskDone(ControlCommand::kPin, LookUp("pinned", dir).node).ok());
  auto open = Open(LookUp("open", dir).node);

  std::vector<std::string> kept;
  const std::vector<ControlAnswer> answers = Ask(ControlCommand::kEvict, dir);
  for (const ControlAnswer& answer : answers) {
    if (const auto* const one = std::get_if<KeptFile>(&answer.what)) {
      kept.push_back(one->path + ": " + one->why);
    }
  }
  std::sort(kept.begin(), kept.end());
  EXPECT_THAT(kept, ElementsAre("open: open", "pinned: pinned"));
  EXPECT_EQ(std::get<Done>(answers.back().what), (Done{.files = 1, .bytes = kMiB}));
  EXPECT_EQ(FilledOf(LookUp("closed", dir).node), 0u);
  EXPECT_EQ(FilledOf(LookUp("open", dir).node), kMiB);
  EXPECT_EQ(FilledOf(LookUp("pinned", dir).node), kMiB);
  EXPECT_EQ(FilledOf(LookUp("beside").node), kMiB) << "not below the directory";

  Release(std::move(open));
  EXPECT_EQ(AskDone(ControlCommand::kUnpin, dir)->files, 1u);
  EXPECT_EQ(AskDone(ControlCommand::kEvict, dir)->files, 2u);
  EXPECT_EQ(cache_->usage().stored, kMiB);
}

TEST_F(ControlServiceTest, WhatTakesLongTellsHowManyFilesAreDoneAndStopsWhenNobodyListens) {
  driver_ = DriverKind::kMmap;
  constexpr uint64_t kCount = 5;
  for (uint64_t i = 0; i < kCount; ++i) backend_.Put("dir/" + std::to_string(i), kMiB);
  MountWithControl();
  const NodeId dir = LookUp("dir").node;
  for (uint64_t i = 0; i < kCount; ++i) {
    const NodeId node = LookUp(std::to_string(i), dir).node;
    EXPECT_TRUE(FillOne(node).ok());
    EXPECT_TRUE(AskDone(ControlCommand::kPin, node).ok());
  }
  // Every answer takes its time, so that there is one for each file.
  const auto ask = [&](ControlCommand command, uint64_t leaves_at) {
    std::vector<FillProgress> told;
    bool left = false;
    ControlRequest request{.id = 9, .command = command, .node = dir, .cells = 0};
    Status error;
    service_->Answer(
        request,
        [&](const ControlAnswer& answer) {
          if (const auto* const status = std::get_if<Status>(&answer.what)) error = *status;
          const auto* const progress = std::get_if<FillProgress>(&answer.what);
          if (progress == nullptr) return;
          told.push_back(*progress);
          left = progress->length > 0 && progress->filled == leaves_at;
          clock_.Advance(ControlService::kProgress);
        },
        [&] { return left; });
    EXPECT_EQ(error.code(), left ? Code::kInterrupted : Code::kOk);
    return told;
  };
  const FillProgress not_known{0, 0};
  EXPECT_THAT(ask(ControlCommand::kUnpin, 2),
              ElementsAre(not_known, FillProgress{0, 5}, FillProgress{1, 5}, FillProgress{2, 5}));
  EXPECT_EQ(AskDone(ControlCommand::kUnpin, dir)->files, 3u) << "two were";
  EXPECT_THAT(ask(ControlCommand::kEvict, 3),
              ElementsAre(not_known, FillProgress{0, 5}, FillProgress{1, 5}, FillProgress{2, 5},
                          FillProgress{3, 5}));
  EXPECT_EQ(AskDone(ControlCommand::kEvict, dir)->files, 2u) << "three were";
  EXPECT_THAT(ask(ControlCommand::kEvict, 99), ElementsAre(not_known)) << "nothing is left";
}

TEST_F(ControlServiceTest, EvictTakesWhatNoBatchHasRecordedYetAndWhatIsInMemory) {
  for (const DriverKind driver : {DriverKind::kMmap, DriverKind::kMemory}) {
    driver_ = driver;
    backend_.Put("file", kMiB);
    MountWithControl();
    const NodeId node = LookUp("file").node;
    auto file = Open(node);
    EXPECT_EQ(Read(*file, {0, 1000}), Code::kOk);
    Release(std::move(file));
    const Result<Done> done = AskDone(ControlCommand::kEvict, node);
    ASSERT_TRUE(done.ok()) << done.status().message();
    EXPECT_EQ(done->files, 1u);
    EXPECT_GE(done->bytes, 1000u);
    EXPECT_EQ(FilledOf(node), 0u);
    EXPECT_EQ(AskDone(ControlCommand::kEvict, kRootNode)->files, 0u) << "nothing is left";
  }
}

TEST_F(ControlServiceTest, EvictDropsAnOldVersionThatTheSourceHasNoMore) {
  driver_ = DriverKind::kMmap;
  backend_.Put("dir/file", kMiB);
  MountWithControl();
  EXPECT_TRUE(FillOne(LookUp("file", LookUp("dir").node).node).ok());
  MountWithControl();
  backend_.Put("dir/other", 1);
  backend_.Erase("dir/file");
  EXPECT_EQ(AskDone(ControlCommand::kEvict, LookUp("dir").node)->bytes, kMiB);
}

TEST_F(ControlServiceTest, APinSurvivesARemountAndGoesOverToTheNextVersion) {
  driver_ = DriverKind::kMmap;
  backend_.Put("file", kMiB, 1);
  MountWithControl();
  EXPECT_FALSE(StatusOf(LookUp("file").node).pinned);
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  EXPECT_TRUE(AskDone(ControlCommand::kPin, LookUp("file").node).ok());
  MountWithControl();
  EXPECT_TRUE(StatusOf(LookUp("file").node).pinned);
  backend_.Put("file", kMiB, 2);
  clock_.Advance(kTtl);
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  MountWithControl();
  EXPECT_TRUE(StatusOf(LookUp("file").node).pinned);
  EXPECT_EQ(AskDone(ControlCommand::kEvict, LookUp("file").node)->files, 0u) << "it is pinned";
  EXPECT_EQ(AskDone(ControlCommand::kUnpin, LookUp("file").node)->files, 1u);
  EXPECT_FALSE(StatusOf(LookUp("file").node).pinned);
}

TEST_F(ControlServiceTest, APinOfWhatWasNeverFetchedMakesItsEntry) {
  driver_ = DriverKind::kMmap;
  backend_.Put("file", kMiB);
  MountWithControl();
  ASSERT_TRUE(AskDone(ControlCommand::kPin, LookUp("file").node).ok());
  EXPECT_TRUE(backend_.fetches().empty());
  MountWithControl();
  EXPECT_TRUE(StatusOf(LookUp("file").node).pinned);
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  EXPECT_EQ(FilledOf(LookUp("file").node), kMiB);
}

TEST_F(ControlServiceTest, NothingCanBePinnedInMemory) {
  backend_.Put("file", kMiB);
  MountWithControl();
  EXPECT_EQ(AskDone(ControlCommand::kPin, LookUp("file").node).code(), Code::kUnsupported);
}

TEST_F(ControlServiceTest, WhatAnEarlierMountLeftIsShownWithoutOpeningIt) {
  driver_ = DriverKind::kMmap;
  backend_.Put("file", 4 * kMiB);
  MountWithControl();
  EXPECT_EQ(StatusOf(LookUp("file").node).state, "untouched");
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  EXPECT_EQ(StatusOf(LookUp("file").node).state, "committed");
  MountWithControl();
  const size_t fetches = backend_.fetches().size();
  const FileStatus status = StatusOf(LookUp("file").node);
  EXPECT_EQ(status.state, "stored");
  EXPECT_EQ(status.filled, 4 * kMiB);
  EXPECT_TRUE(status.kept);
  const FillMap map =
      std::get<FillMap>(Ask(ControlCommand::kMap, LookUp("file").node, 3).back().what);
  EXPECT_EQ(map, (FillMap{.length = 4 * kMiB, .cells = {1000, 1000, 1000}}));
  EXPECT_EQ(backend_.fetches().size(), fetches);
}

TEST_F(ControlServiceTest, StatusCountsReadersBytesAndRequests) {
  driver_ = DriverKind::kMmap;
  with_kernel_ = false;
  backend_.Put("file", 4 * kMiB);
  MountWithControl();
  EXPECT_TRUE(FillOne(LookUp("file").node).ok());
  auto first = Open("file");
  auto second = Open("file");
  EXPECT_EQ(Read(*first, {0, 1000}), Code::kOk);
  const FileStatus file = StatusOf(LookUp("file").node);
  EXPECT_EQ(file.readers, 2u);
  EXPECT_EQ(file.length, 4 * kMiB);
  const auto mount = std::get<MountStatus>(Ask(ControlCommand::kStatus, std::nullopt).back().what);
  EXPECT_EQ(mount.source, "fake://");
  EXPECT_EQ(mount.open_files, 2u);
  EXPECT_EQ(mount.bytes_read, 1000u);
  EXPECT_EQ(mount.reads_covered, 1u);
  EXPECT_EQ(mount.reads_waited, 0u);
  EXPECT_EQ(mount.bytes_fetched, 4 * kMiB);
  EXPECT_GE(mount.requests, 1u);
  const auto of_directory =
      std::get<MountStatus>(Ask(ControlCommand::kStatus, kRootNode).back().what);
  EXPECT_EQ(of_directory.source, "fake://") << "a directory stands for its mount";
  Release(std::move(first));
  Release(std::move(second));
}

TEST_F(ControlServiceTest, OnlyTheOwnerLearnsThatANodeIsUnknown) {
  MountWithControl();
  const ControlRequest request{.id = 1, .command = ControlCommand::kStatus, .node = 77, .cells = 0};
  EXPECT_EQ(service_->Check(request, {0, 0, {}}).code(), Code::kStale);
  EXPECT_EQ(service_->Check(request, {1234, 1234, {}}).code(), Code::kDenied);
}

TEST_F(ControlServiceTest, WhatNeedsAFileIsRefusedWithoutOne) {
  MountWithControl();
  for (const ControlCommand command :
       {ControlCommand::kMap, ControlCommand::kFill, ControlCommand::kEvict, ControlCommand::kPin,
        ControlCommand::kUnpin}) {
    const ControlRequest request{.id = 1, .command = command, .node = {}, .cells = 0};
    EXPECT_EQ(service_->Check(request, {0, 0, {}}).code(), Code::kInvalidArgument)
        << CommandName(command);
  }
  EXPECT_EQ(std::get<Status>(Ask(ControlCommand::kMap, kRootNode).back().what).code(),
            Code::kIsDirectory);
  EXPECT_EQ(AskDone(ControlCommand::kPin, kRootNode).code(), Code::kIsDirectory);
}

}  // namespace
}  // namespace brimfs
