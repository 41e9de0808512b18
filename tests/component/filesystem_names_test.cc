// Names, attributes and listings, and how long they are believed.
#include <vector>

#include "tests/component/filesystem_fixture.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

TEST_F(FileSystemTest, LookUpGivesKindSizeTimeAndTheTimeLeft) {
  backend_.Put("d/f", 12345, 9);
  Mount();
  const FileSystem::Entry directory = LookUp("d");
  EXPECT_EQ(directory.attributes.kind, ObjectKind::kDirectory);
  EXPECT_EQ(directory.ttl, kTtl);
  const FileSystem::Entry file = LookUp("f", directory.node);
  EXPECT_EQ(file.attributes.kind, ObjectKind::kFile);
  EXPECT_EQ(file.attributes.size, 12345u);
  EXPECT_EQ(file.attributes.mtime, absl::FromUnixSeconds(1'700'000'009));
  EXPECT_EQ(file.attributes.ino, file.node);

  clock_.Advance(seconds(20));
  EXPECT_EQ(LookUp("f", directory.node).ttl, kTtl - seconds(20));
  EXPECT_EQ(backend_.stat_calls(), 2);
  EXPECT_EQ(cache_->stats().stat_calls, 2u);

  const Result<Attributes> again = fs_->GetAttributes(file.node);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->size, 12345u);
  EXPECT_EQ(fs_->GetAttributes(4711).code(), Code::kStale);
}

TEST_F(FileSystemTest, ADirectoryWithoutATimeIsAsOldAsTheMount) {
  backend_.Put("d/f", 1);
  const absl::Time before = absl::Now();
  Mount();
  const absl::Time after = absl::Now();
  const Result<Attributes> root = fs_->GetAttributes(kRootNode);
  ASSERT_TRUE(root.ok());
  for (const Attributes& attributes : {*root, LookUp("d").attributes}) {
    EXPECT_GE(attributes.mtime, before);
    EXPECT_LE(attributes.mtime, after);
  }
}

TEST_F(FileSystemTest, WhatCannotBeANameIsRefusedWithoutAsking) {
  Mount();
  EXPECT_EQ(LookUpCode(std::string(256, 'x')), Code::kNameTooLong);
  EXPECT_EQ(LookUpCode(std::string(255, 'x')), Code::kNotFound);
  for (const std::string& name : {std::string(), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(LookUpCode(name), Code::kInvalidArgument) << name;
  }
  EXPECT_EQ(backend_.stat_calls(), 1);
}

TEST_F(FileSystemTest, LookUpBelowWhatIsNoDirectory) {
  backend_.Put("f", 1);
  Mount();
  EXPECT_EQ(LookUpCode("x", LookUp("f").node), Code::kNotDirectory);
  EXPECT_EQ(LookUpCode("x", 4711), Code::kStale);
  EXPECT_EQ(fs_->OpenDirectory(LookUp("f").node, Ask::kSource).code(), Code::kNotDirectory);
}

TEST_F(FileSystemTest, ANodeLivesUntilEveryLookupIsForgotten) {
  backend_.Put("f", 1);
  Mount();
  const NodeId node = LookUp("f").node;
  EXPECT_EQ(LookUp("f").node, node);
  EXPECT_EQ(fs_->node_count(), 2u);
  fs_->Forget(node, 1);
  EXPECT_TRUE(fs_->GetAttributes(node).ok());
  fs_->Forget(node, 1);
  EXPECT_EQ(fs_->GetAttributes(node).code(), Code::kStale);
  EXPECT_EQ(fs_->node_count(), 1u) << "the root";
}

TEST_F(FileSystemTest, AHundredThousandNodesLookedUpAndForgottenLeaveNothingBehind) {
  constexpr int kNames = 100'000;
  for (int i = 0; i < kNames; ++i) backend_.Put("n" + std::to_string(i), 1);
  Mount();
  std::vector<NodeId> nodes;
  for (int i = 0; i < kNames; ++i) nodes.push_back(LookUp("n" + std::to_string(i)).node);
  EXPECT_EQ(fs_->node_count(), size_t{kNames} + 1);
  for (const NodeId node : nodes) fs_->Forget(node, 1);
  EXPECT_EQ(fs_->node_count(), 1u);

  EXPECT_EQ(backend_.stat_calls(), kNames);
  for (int i = 0; i < kNames; i += 1000) (void)LookUp("n" + std::to_string(i));
  EXPECT_EQ(backend_.stat_calls(), kNames + 100) << "no name was remembered either";
}

TEST_F(FileSystemTest, WhatIsNotThereIsAskedForAgainAfterTheNegativeTimeToLive) {
  Mount();
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
  backend_.Put("f", 1);
  clock_.Advance(kNegativeTtl - seconds(1));
  EXPECT_EQ(LookUpCode("f"), Code::kNotFound);
  EXPECT_EQ(backend_.stat_calls(), 1);
  clock_.Advance(seconds(1));
  EXPECT_EQ(LookUpCode("f"), Code::kOk);
}

TEST_F(FileSystemTest, WhatIsNotThereLivesInTheKernelNoLongerThanHere) {
  Mount();
  EXPECT_EQ(fs_->LookUp(kRootNode, "f", Ask::kSource)->ttl, kNegativeTtl);
  clock_.Advance(kNegativeTtl - seconds(1));
  EXPECT_EQ(fs_->LookUp(kRootNode, "f", Ask::kSource)->ttl, seconds(1));
  EXPECT_EQ(backend_.stat_calls(), 1);
}

TEST_F(FileSystemTest, WithATimeToLiveOfZeroEveryLookupAndEveryOpenAsks) {
  backend_.Put("f", 1);
  Mount({.metadata_ttl = Duration::zero(), .negative_ttl = Duration::zero(), .single_file = {}});
  const FileSystem::Entry entry = LookUp("f");
  EXPECT_EQ(entry.ttl, Duration::zero());
  EXPECT_EQ(LookUp("f").node, entry.node) << "the same version all the same";
  EXPECT_EQ(OpenCode(entry.node), Code::kOk);
  EXPECT_EQ(LookUpCode("g"), Code::kNotFound);
  EXPECT_EQ(LookUpCode("g"), Code::kNotFound);
  EXPECT_EQ(backend_.stat_calls(), 5);
  EXPECT_EQ(List(), std::vector<std::string>{"f"});
  EXPECT_EQ(List(), std::vector<std::string>{"f"});
  EXPECT_EQ(backend_.list_calls(), 2);
}

TEST_F(FileSystemTest, AnErrorOfTheSourceIsReportedAndNotRememberedAsAbsence) {
  backend_.Put("f", 1);
  Mount();
  for (const Code code : {Code::kDenied, Code::kTimedOut, Code::kUnavailable}) {
    backend_.FailMetadata(Status(code));
    EXPECT_EQ(LookUpCode("f"), code);
    EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kSource).code(), code);
  }
  backend_.FailMetadata(OkStatus());
  EXPECT_EQ(LookUpCode("f"), Code::kOk);
  EXPECT_EQ(List(), std::vector<std::string>{"f"});
}

TEST_F(FileSystemTest, FromMemoryOnlyNothingIsAsked) {
  backend_.Put("f", 1);
  Mount();
  EXPECT_EQ(LookUpCode("f", kRootNode, Ask::kMemoryOnly), Code::kWouldBlock);
  EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly).code(), Code::kWouldBlock);
  EXPECT_EQ(backend_.stat_calls() + backend_.list_calls(), 0);

  const NodeId node = LookUp("f").node;
  (void)List();
  EXPECT_EQ(LookUpCode("f", kRootNode, Ask::kMemoryOnly), Code::kOk);
  EXPECT_TRUE(fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly).ok());
  EXPECT_EQ(OpenCode(node, Ask::kMemoryOnly), Code::kOk);
  clock_.Advance(kTtl);
  EXPECT_EQ(OpenCode(node, Ask::kMemoryOnly), Code::kWouldBlock);
  EXPECT_EQ(backend_.stat_calls(), 1);
}

TEST_F(FileSystemTest, AnInterruptedCallSaysSo) {
  backend_.Put("f", 1);
  Mount();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(fs_->LookUp(kRootNode, "f", Ask::kSource, stop.get_token()).code(), Code::kInterrupted);
  EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kSource, stop.get_token()).code(),
            Code::kInterrupted);
  EXPECT_EQ(LookUpCode("f"), Code::kOk);
}

TEST_F(FileSystemTest, AListingServesAttributesWithoutARequestAFile) {
  for (int i = 0; i < 100; ++i) backend_.Put("f" + std::to_string(i), 1000 + i);
  backend_.Put("d/x", 1);
  Mount();
  const std::vector<std::string> names = List();
  EXPECT_EQ(names.size(), 101u);
  for (const std::string& name : names) {
    const std::optional<FileSystem::Entry> entry = fs_->EntryOf(kRootNode, name);
    ASSERT_TRUE(entry) << name;
    EXPECT_EQ(LookUp(name).node, entry->node);
    fs_->Forget(entry->node, 2);
  }
  EXPECT_EQ(fs_->node_count(), 1u) << "EntryOf counts as a lookup";
  EXPECT_EQ(backend_.stat_calls(), 0);
  EXPECT_EQ(backend_.list_calls(), 1);
}

TEST_F(FileSystemTest, AListingWithoutLengthsGivesNamesWithoutAttributes) {
  backend_.Put("f", 1000);
  backend_.SetListedLengths(false);
  Mount();
  EXPECT_EQ(List(), std::vector<std::string>{"f"});
  EXPECT_FALSE(fs_->EntryOf(kRootNode, "f"));
  EXPECT_EQ(backend_.stat_calls(), 0);
  EXPECT_EQ(LookUp("f").attributes.size, 1000u);
  EXPECT_TRUE(fs_->EntryOf(kRootNode, "f")) << "once it was asked for";
  EXPECT_EQ(backend_.stat_calls(), 1);
}

TEST_F(FileSystemTest, AListingGivesEachNameTheNumberThatItsNodeHas) {
  backend_.Put("d/f", 1);
  backend_.Put("g", 1, 1);
  backend_.SetListedLengths(false);
  Mount();
  const NodeId listed = fs_->NumberOf(kRootNode, "d");
  const NodeId directory = LookUp("d").node;
  EXPECT_EQ(directory, listed);
  const NodeId below = fs_->NumberOf(directory, "f");
  EXPECT_EQ(LookUp("f", directory).node, below);

  const NodeId old = LookUp("g").node;
  clock_.Advance(kTtl);
  backend_.Put("g", 1, 2);
  const NodeId now = LookUp("g").node;
  EXPECT_NE(now, old);
  EXPECT_EQ(fs_->NumberOf(kRootNode, "g"), now);
  EXPECT_EQ(fs_->ParentOf(directory), kRootNode);
  EXPECT_EQ(fs_->ParentOf(kRootNode), kRootNode);
}

TEST_F(FileSystemTest, TheNumberOfAFileDoesNotDependOnHowItWasFound) {
  backend_.Put("f", 1000);
  Mount();
  const NodeId asked = LookUp("f").node;
  Unmount();
  Mount();
  (void)List();
  EXPECT_EQ(LookUp("f").node, asked) << "known from the listing, which has no ETag";
  EXPECT_EQ(backend_.stat_calls(), 1);
}

TEST_F(FileSystemTest, NamesThatAreNotListedAreFoundByAsking) {
  backend_.Put("seen", 1);
  Mount();
  EXPECT_EQ(List(), std::vector<std::string>{"seen"});
  backend_.Put("unlisted", 7);
  EXPECT_EQ(LookUp("unlisted").attributes.size, 7u);
}

TEST_F(FileSystemTest, ASourceWithoutListingsHasAnEmptyOneAndNamesAllTheSame) {
  backend_.Put("f", 7);
  backend_.SetListable(false);
  Mount();
  EXPECT_TRUE(List().empty());
  EXPECT_TRUE(List().empty());
  EXPECT_EQ(backend_.list_calls(), 1) << "not asked again within the time to live";
  EXPECT_EQ(LookUp("f").attributes.size, 7u);
}

TEST_F(FileSystemTest, AListingIsFetchedAgainAfterItsTimeToLive) {
  backend_.Put("a", 1);
  Mount();
  EXPECT_EQ(List(), std::vector<std::string>{"a"});
  backend_.Put("b", 1);
  clock_.Advance(kTtl - seconds(1));
  EXPECT_EQ(List(), std::vector<std::string>{"a"});
  clock_.Advance(seconds(1));
  EXPECT_EQ(List(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(backend_.list_calls(), 2);
}

TEST_F(FileSystemTest, AListingThatIsOlderThanWhatIsKnownDoesNotBringAnOldVersionBack) {
  backend_.Put("f", 100, 1);
  Mount();
  const auto old_handle = OpenDirectory();
  clock_.Advance(kTtl);
  backend_.Put("f", 200, 2);
  const NodeId now = LookUp("f").node;
  const std::optional<FileSystem::Entry> entry =
      fs_->EntryOf(kRootNode, AwaitNext(*old_handle, 0)->name);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->node, now);
  EXPECT_EQ(entry->attributes.size, 200u);
}

TEST_F(FileSystemTest, ASingleObjectIsTheOneFileOfItsMount) {
  backend_.Put("", 4096, 3);
  Mount({.single_file = "disk.img"});
  EXPECT_EQ(List(), std::vector<std::string>{"disk.img"});
  EXPECT_EQ(backend_.list_calls(), 0);
  EXPECT_EQ(LookUpCode("other"), Code::kNotFound);
  EXPECT_EQ(backend_.stat_calls(), 0);
  EXPECT_EQ(LookUp("disk.img").attributes.size, 4096u);
  Fill("disk.img", 3);
}

// Its listings break off after a name, once.
class BreakingBackend : public FakeBackend {
 public:
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override {
    each({"half", ObjectKind::kFile, {}});
    anew();
    return FakeBackend::List(path, each, anew, limits);
  }
};

class BreakingListingTest : public FileSystemTest {
 protected:
  Backend& backend() override { return breaking_; }

  BreakingBackend breaking_;
};

TEST_F(BreakingListingTest, OfAListingThatWasBegunAnewOnlyTheLastTryCounts) {
  breaking_.Put("whole", 1);
  Mount();
  EXPECT_EQ(List(), std::vector<std::string>{"whole"});
}

// Delivers its own names as well.
class OddBackend : public FakeBackend {
 public:
  Status List(const std::string& path, const EachName& each, const BeginAnew& anew,
              const CallLimits& limits) override {
    BRIMFS_RETURN_IF_ERROR(FakeBackend::List(path, each, anew, limits));
    for (const ListedName& name : more) each(name);
    return OkStatus();
  }
  Result<ObjectInfo> Stat(const std::string& path, const CallLimits& limits) override {
    Result<ObjectInfo> info = FakeBackend::Stat(path, limits);
    if (info.ok() && without_length) info->version.length.reset();
    return info;
  }

  std::vector<ListedName> more;
  bool without_length = false;
};

class OddSourceTest : public FileSystemTest {
 protected:
  // Whose threads have to be gone before it.
  ~OddSourceTest() override { Unmount(); }
  FakeBackend& backend() override { return odd_; }
  OddBackend odd_;
};

TEST_F(OddSourceTest, ListingsAreInTheOrderOfTheSourceAndWhatIsFileAndDirectoryIsTheDirectory) {
  odd_.Put("m", 1);
  odd_.more = {{"z", ObjectKind::kFile, {}},
               {"both", ObjectKind::kFile, {}},
               {"both", ObjectKind::kDirectory, {}},
               {"a", ObjectKind::kFile, {}},
               {"a", ObjectKind::kFile, {}}};
  Mount();
  EXPECT_EQ(List(), (std::vector<std::string>{"m", "z", "both", "a"}));
  EXPECT_EQ(AwaitNext(*OpenDirectory(), 2)->kind, ObjectKind::kDirectory);
  EXPECT_EQ(LookUp("both").attributes.kind, ObjectKind::kDirectory);
  EXPECT_EQ(backend_.stat_calls(), 0);
}

TEST_F(OddSourceTest, AFileWhoseLengthIsUnknownIsNotSupportedAndNotRemembered) {
  odd_.without_length = true;
  odd_.Put("f", 1);
  Mount();
  EXPECT_EQ(LookUpCode("f"), Code::kUnsupported);
  odd_.without_length = false;
  EXPECT_EQ(LookUpCode("f"), Code::kOk);
  EXPECT_EQ(fs_->node_count(), 2u);
}

}  // namespace
}  // namespace brimfs
