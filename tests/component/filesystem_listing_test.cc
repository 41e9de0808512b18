// Directories that are read while their listing is still being fetched.
#include <algorithm>
#include <latch>
#include <thread>
#include <vector>

#include "tests/component/filesystem_fixture.h"
#include "tests/support/stepped_backend.h"

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Names = std::vector<std::string>;
using Listings = std::shared_ptr<const GrowingListing>;

class StreamedListingTest : public FileSystemTest {
 protected:
  // Whose threads have to be gone before it.
  ~StreamedListingTest() override { Unmount(); }
  Backend& backend() override { return source_; }

  // The next `count` names of one that reads on at `row`; fewer at the end.
  static Names Read(const GrowingListing& listing, size_t count, size_t& row) {
    Names names;
    while (names.size() < count) {
      const std::optional<Shown> next = AwaitNext(listing, row);
      if (!next) break;
      names.push_back(next->name);
      row = next->row + 1;
    }
    return names;
  }
  static Names ReadAll(const GrowingListing& listing, size_t row = 0) {
    return Read(listing, SIZE_MAX, row);
  }

  SteppedBackend source_;
};

TEST_F(StreamedListingTest, TheFirstNamesAreThereBeforeTheRest) {
  Mount();
  source_.Give({"a/", "b/"});
  const Listings listing = OpenDirectory();
  size_t row = 0;
  EXPECT_EQ(Read(*listing, 2, row), (Names{"a", "b"}));
  EXPECT_EQ(listing->NextFrom(row).code(), Code::kWouldBlock);
  source_.Give({"c/"});
  EXPECT_EQ(Read(*listing, 1, row), Names{"c"});
  source_.End();
  EXPECT_EQ(AwaitNext(*listing, row), std::nullopt);
  EXPECT_EQ(ReadAll(*listing), (Names{"a", "b", "c"})) << "rewound";
  EXPECT_EQ(ReadAll(*listing, 1), (Names{"b", "c"})) << "sought";
}

TEST_F(StreamedListingTest, WhoeverHasReadToTheEndFindsTheListingKept) {
  Mount();
  source_.Give({"a", "b"});
  source_.End();
  EXPECT_EQ(List(), (Names{"a", "b"}));
  EXPECT_TRUE(fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly).ok());
  EXPECT_EQ(List(), (Names{"a", "b"}));
  EXPECT_EQ(source_.begun(), 1);
  EXPECT_EQ(cache_->stats().list_calls, 1u);
}

TEST_F(StreamedListingTest, AnEmptyDirectoryIsOpenedWhenThatIsKnown) {
  Mount();
  std::thread opener([&] { EXPECT_EQ(List(), Names{}); });
  clock_.AwaitSleepers(1);
  source_.End();
  opener.join();
}

TEST_F(StreamedListingTest, ManyWhoOpenADirectoryAtOnceShareOneFetch) {
  Mount();
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(List(), (Names{"a", "b"})); });
  }
  clock_.AwaitSleepers(5);
  source_.Give({"a", "b"});
  source_.End();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(source_.begun(), 1);
}

TEST_F(StreamedListingTest, WhoComesInTheMiddleHasAllNamesOfTheSameFetch) {
  Mount();
  source_.Give({"a/", "b/"});
  const Listings first = OpenDirectory();
  EXPECT_EQ(AwaitNext(*first, 1)->name, "b");
  const auto second = fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly);
  ASSERT_TRUE(second.ok()) << "it has begun";
  source_.Give({"c/"});
  source_.End();
  EXPECT_EQ(ReadAll(**second), (Names{"a", "b", "c"}));
  EXPECT_EQ(ReadAll(*first), (Names{"a", "b", "c"}));
  EXPECT_EQ(source_.begun(), 1);
}

TEST_F(StreamedListingTest, OneThatWasBegunTooLongAgoIsNotShared) {
  Mount();
  source_.Give({"a/"});
  const Listings first = OpenDirectory();
  clock_.Advance(kTtl);
  source_.AwaitDone();
  EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly).code(), Code::kWouldBlock);
  std::thread second([&] { (void)List(); });
  source_.AwaitUnderWay(2);
  for (int i = 0; i < 2; ++i) source_.End();
  second.join();
  EXPECT_EQ(source_.begun(), 2);
}

TEST_F(StreamedListingTest, AnInterruptedOpenerLeavesTheOthersWaiting) {
  Mount();
  std::stop_source stop;
  std::thread first([&] {
    EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kSource, stop.get_token()).code(),
              Code::kInterrupted);
  });
  clock_.AwaitSleepers(1);
  std::thread second([&] { EXPECT_EQ(List(), Names{"a"}); });
  clock_.AwaitSleepers(2);
  stop.request_stop();
  first.join();
  source_.Give({"a"});
  source_.End();
  second.join();
  EXPECT_EQ(source_.begun(), 1);
}

TEST_F(StreamedListingTest, AnErrorBeforeTheFirstNameIsThatOfTheOpen) {
  Mount();
  source_.End(Status(Code::kDenied));
  EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kSource).code(), Code::kDenied);
  source_.Give({"a"});
  source_.End();
  EXPECT_EQ(List(), Names{"a"}) << "it is not remembered";
}

TEST_F(StreamedListingTest, AnErrorInTheMiddleIsOneOfTheReadAndNotAnEnd) {
  Mount();
  source_.Give({"a/", "b/"});
  const Listings listing = OpenDirectory();
  size_t row = 0;
  EXPECT_EQ(Read(*listing, 2, row), (Names{"a", "b"}));
  std::latch told{1};
  listing->WhenThereIsMore(row, [&] { told.count_down(); });
  source_.End(Status(Code::kTimedOut));
  told.wait();
  EXPECT_EQ(listing->NextFrom(row).code(), Code::kTimedOut);
  EXPECT_EQ((*listing->NextFrom(0))->name, "a") << "what there was is there";
  EXPECT_EQ(fs_->OpenDirectory(kRootNode, Ask::kMemoryOnly).code(), Code::kWouldBlock)
      << "a part is not taken for the whole";
}

TEST_F(StreamedListingTest, BegunAnewInTheMiddleItGivesEachNameOnce) {
  const std::vector<Names> orders = {{"a/", "b/", "c/", "d/", "e/"},
                                     {"d/", "a/", "e/", "c/", "b/"}};
  for (const Names& again : orders) {
    Mount();
    source_.Give({"a/", "b/", "c/"});
    const Listings listing = OpenDirectory();
    size_t row = 0;
    EXPECT_EQ(Read(*listing, 2, row), (Names{"a", "b"}));
    source_.AwaitDone();
    source_.BreakOff();
    source_.AwaitDone();
    EXPECT_EQ(listing->NextFrom(row).code(), Code::kWouldBlock) << "c does not count yet";
    source_.Give(again);
    source_.End();
    EXPECT_EQ(ReadAll(*listing, row).size(), 3u);
    Names all = ReadAll(*listing);
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (Names{"a", "b", "c", "d", "e"}));
    Unmount();
  }
}

TEST_F(StreamedListingTest, WhatDoesNotComeAgainIsNotThereInTheEnd) {
  Mount();
  source_.Give({"a/", "gone/", "z/"});
  const Listings listing = OpenDirectory();
  EXPECT_EQ(AwaitNext(*listing, 2)->name, "z");
  source_.BreakOff();
  source_.Give({"a/", "z/"});
  source_.AwaitDone();
  EXPECT_EQ(LookUpCode("gone"), Code::kNotFound) << "it is asked for";
  source_.End();
  EXPECT_EQ(ReadAll(*listing, 2), Names{"z"});
  EXPECT_EQ(List(), (Names{"a", "z"}));
}

TEST_F(StreamedListingTest, ADirectoryThatIsClosedEarlyIsFetchedNoFurther) {
  Mount();
  source_.Give({"a"});
  Listings listing = OpenDirectory();
  source_.AwaitUnderWay(1);
  listing = nullptr;
  clock_.AwaitSleepers(1);
  clock_.Advance(ListingFetch::kGrace - milliseconds(1));
  source_.Give({"b"});
  source_.AwaitDone();
  clock_.Advance(milliseconds(1));
  source_.AwaitUnderWay(0);

  source_.Give({"a", "b", "c"});
  source_.End();
  EXPECT_EQ(List(), (Names{"a", "b", "c"})) << "a part is not taken for the whole";
  EXPECT_EQ(source_.begun(), 2);
}

TEST_F(StreamedListingTest, WhoOpensItAgainSoonEnoughGoesOnWithTheFetch) {
  Mount();
  source_.Give({"a"});
  Listings listing = OpenDirectory();
  listing = nullptr;
  clock_.AwaitSleepers(1);
  clock_.Advance(ListingFetch::kGrace - milliseconds(1));
  listing = OpenDirectory();
  clock_.Advance(milliseconds(1));
  listing = nullptr;
  listing = OpenDirectory();
  clock_.Advance(seconds(10));
  source_.Give({"b"});
  source_.End();
  EXPECT_EQ(ReadAll(*listing), (Names{"a", "b"}));
  EXPECT_EQ(source_.begun(), 1);
}

TEST_F(StreamedListingTest, OneOfTwoWhoClosesItLeavesTheOtherReading) {
  Mount();
  source_.Give({"a"});
  Listings one = OpenDirectory();
  const Listings other = OpenDirectory();
  one = nullptr;
  clock_.Advance(seconds(10));
  source_.Give({"b"});
  source_.End();
  EXPECT_EQ(ReadAll(*other), (Names{"a", "b"}));
  EXPECT_EQ(source_.begun(), 1);
}

TEST_F(StreamedListingTest, TheEndOfTheMountDoesNotWaitForTheListing) {
  Mount();
  source_.Give({"a"});
  Listings listing = OpenDirectory();
  listing = nullptr;
  Unmount();
  source_.AwaitUnderWay(0);
}

TEST_F(StreamedListingTest, LookupsAreServedFromWhatHasCome) {
  Mount();
  source_.Give({"a", "b/", "c", "d"});
  const Listings listing = OpenDirectory();
  source_.AwaitDone();
  EXPECT_EQ(LookUp("a").attributes.size, 1u);
  EXPECT_EQ(LookUp("b").attributes.kind, ObjectKind::kDirectory);
  EXPECT_TRUE(fs_->EntryOf(kRootNode, "c"));
  EXPECT_EQ(source_.stat_calls(), 0);
  source_.Put("later", 7);
  EXPECT_EQ(LookUp("later").attributes.size, 7u);
  EXPECT_EQ(source_.stat_calls(), 1) << "what has not come is asked for";
}

TEST_F(StreamedListingTest, NoNameIsShownBeforeItIsKnownWhatItIs) {
  Mount();
  source_.Give({"a", "b", "c"});
  const Listings listing = OpenDirectory();
  for (size_t row = 0; row < 2; ++row) {
    EXPECT_TRUE(fs_->EntryOf(kRootNode, AwaitNext(*listing, row)->name)) << row;
  }
  source_.AwaitDone();
  EXPECT_EQ(listing->NextFrom(2).code(), Code::kWouldBlock) << "c may be a directory";
  source_.Give({"c0"});
  EXPECT_EQ(AwaitNext(*listing, 2)->name, "c");
  EXPECT_TRUE(fs_->EntryOf(kRootNode, "c"));
  EXPECT_EQ(source_.stat_calls(), 0);
}

TEST_F(StreamedListingTest, AFileThatMayStillBeADirectoryIsAskedFor) {
  Mount();
  source_.Put("a/x", 1);
  source_.Give({"a", "a-b"});
  const Listings listing = OpenDirectory();
  source_.AwaitDone();
  EXPECT_FALSE(fs_->EntryOf(kRootNode, "a")) << "readdir gives the name without attributes";
  EXPECT_EQ(LookUp("a").attributes.kind, ObjectKind::kDirectory);
  EXPECT_EQ(source_.stat_calls(), 1);
  source_.Give({"a/", "a0"});
  source_.End();
  EXPECT_EQ(ReadAll(*listing), (Names{"a", "a-b", "a0"}));
  EXPECT_EQ(AwaitNext(*listing, 0)->kind, ObjectKind::kDirectory);
  EXPECT_TRUE(fs_->EntryOf(kRootNode, "a-b"));
  EXPECT_TRUE(fs_->EntryOf(kRootNode, "a0"));
  EXPECT_EQ(source_.stat_calls(), 1);
}

TEST_F(StreamedListingTest, AListingThatTakesLongerThanItsTimeToLiveServesItsLaterNames) {
  Mount();
  source_.Give({"a"});
  const Listings listing = OpenDirectory();
  source_.AwaitDone();
  clock_.Advance(kTtl);
  std::vector<ListedName> page(2, {"b", ObjectKind::kFile, {}});
  page[1].name = "c";
  for (ListedName& name : page) {
    name.version.length = 2;
    name.asked = clock_.Now();
  }
  source_.GiveListed(page);
  source_.End();
  EXPECT_EQ(ReadAll(*listing), (Names{"a", "b", "c"}));
  EXPECT_EQ(LookUp("b").ttl, kTtl);
  EXPECT_EQ(source_.stat_calls(), 0);
  source_.Put("a", 5);
  EXPECT_EQ(LookUp("a").attributes.size, 5u) << "it is too old by now";
  EXPECT_EQ(source_.stat_calls(), 1);
}

TEST_F(StreamedListingTest, DirectoriesAreListedAtTheSameTime) {
  Mount();
  constexpr int kDirectories = 20;
  std::vector<std::thread> threads;
  for (int i = 0; i < kDirectories; ++i) {
    const std::string name = "d" + std::to_string(i);
    source_.Put(name + "/x", 1);
    threads.emplace_back([this, node = LookUp(name).node] { EXPECT_EQ(List(node), Names{}); });
  }
  source_.AwaitUnderWay(kDirectories);
  for (int i = 0; i < kDirectories; ++i) source_.End();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace brimfs
