#include "fs/directory.h"

#include <map>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace brimfs {
namespace {

using std::chrono::seconds;

constexpr Duration kTtl = seconds(60);
constexpr Duration kNegativeTtl = seconds(5);

Version V(std::string etag, std::optional<uint64_t> length = 100) {
  Version version;
  version.etag = std::move(etag);
  version.last_modified = absl::FromUnixSeconds(1'700'000'000);
  version.length = length;
  return version;
}

ListedName File(std::string name, Version version) {
  return {std::move(name), ObjectKind::kFile, std::move(version)};
}

class DirectoryTest : public testing::Test {
 protected:
  void List(std::vector<ListedName> names) {
    directory_.SetListing(MakeListing(std::move(names), "", "", clock_.Now()));
  }
  void RememberFile(const std::string& name, Version version) {
    directory_.Remember(name, {ObjectInfo{ObjectKind::kFile, std::move(version)}, clock_.Now()});
  }
  void RememberAbsent(const std::string& name) {
    directory_.Remember(name, {Status(Code::kNotFound), clock_.Now()});
  }
  // The ETag of what is known, "absent", or "unknown".
  std::string Look(const std::string& name) {
    const std::optional<Known> known = directory_.Find(name);
    if (!known) return "unknown";
    return known->info.ok() ? known->info->version.etag : "absent";
  }

  FakeClock clock_;
  Directory directory_{clock_, kTtl, kNegativeTtl};
};

TEST_F(DirectoryTest, NothingIsKnownAtFirst) { EXPECT_EQ(Look("a"), "unknown"); }

TEST_F(DirectoryTest, WhatExistsIsBelievedForItsTimeToLive) {
  RememberFile("a", V("\"1\""));
  clock_.Advance(kTtl - seconds(1));
  EXPECT_EQ(Look("a"), "\"1\"");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Look("a"), "unknown");
}

TEST_F(DirectoryTest, WhatDoesNotExistIsBelievedForTheNegativeTimeToLive) {
  RememberAbsent("a");
  clock_.Advance(kNegativeTtl - seconds(1));
  EXPECT_EQ(Look("a"), "absent");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Look("a"), "unknown");
}

TEST_F(DirectoryTest, TheLastAnswerCounts) {
  RememberFile("a", V("\"1\""));
  RememberAbsent("a");
  EXPECT_EQ(Look("a"), "absent");
  RememberFile("a", V("\"2\""));
  EXPECT_EQ(Look("a"), "\"2\"");
}

TEST_F(DirectoryTest, WithATimeToLiveOfZeroNothingIsBelieved) {
  Directory forgetful(clock_, Duration::zero(), Duration::zero());
  forgetful.Remember("a", {ObjectInfo{ObjectKind::kFile, V("\"1\"")}, clock_.Now()});
  forgetful.Remember("b", {Status(Code::kNotFound), clock_.Now()});
  forgetful.SetListing(MakeListing({}, "", "", clock_.Now()));
  EXPECT_FALSE(forgetful.Find("a"));
  EXPECT_FALSE(forgetful.Find("b"));
  EXPECT_EQ(forgetful.listing(), nullptr);
}

TEST_F(DirectoryTest, AListingWithLengthsAnswersForItsNamesOnly) {
  List({File("a", V("", 7))});
  const std::optional<Known> known = directory_.Find("a");
  ASSERT_TRUE(known && known->info.ok());
  EXPECT_EQ(known->info->version.length, 7);
  EXPECT_EQ(known->as_of, clock_.Now());
  EXPECT_EQ(Look("unlisted"), "unknown");
}

TEST_F(DirectoryTest, AListingWithoutALengthSaysNothingOfAFileButAllOfADirectory) {
  List({File("a", V("", std::nullopt)), {"d", ObjectKind::kDirectory, {}}});
  EXPECT_EQ(Look("a"), "unknown");
  const std::optional<Known> known = directory_.Find("d");
  ASSERT_TRUE(known && known->info.ok());
  EXPECT_EQ(known->info->kind, ObjectKind::kDirectory);
}

TEST_F(DirectoryTest, AnOldListingIsDroppedWhenItIsTouched) {
  List({File("a", V("", 7))});
  std::weak_ptr<const Listing> held = directory_.listing();
  ASSERT_FALSE(held.expired());
  clock_.Advance(kTtl);
  EXPECT_EQ(directory_.listing(), nullptr);
  EXPECT_TRUE(held.expired());
}

TEST_F(DirectoryTest, AnOldListingIsDroppedWhenANameIsForgotten) {
  List({File("a", V("", 7))});
  std::weak_ptr<const Listing> held = directory_.listing();
  clock_.Advance(kTtl);
  directory_.Forget("a");
  EXPECT_TRUE(held.expired());
}

TEST_F(DirectoryTest, TheNewerOfAnswerAndListingCounts) {
  List({File("a", V("", 7))});
  RememberFile("a", V("\"1\"", 8));
  EXPECT_EQ(directory_.Find("a")->info->version.length, 8) << "asked last";
  clock_.Advance(seconds(1));
  List({File("a", V("", 9))});
  EXPECT_EQ(directory_.Find("a")->info->version.length, 9) << "listed last";
}

TEST_F(DirectoryTest, ANewerListingOfTheSameVersionRefreshesTheAnswerAndKeepsItsEtag) {
  RememberFile("a", V("\"1\""));
  clock_.Advance(seconds(30));
  List({File("a", V(""))});
  const std::optional<Known> known = directory_.Find("a");
  ASSERT_TRUE(known && known->info.ok());
  EXPECT_EQ(known->info->version.etag, "\"1\"");
  EXPECT_EQ(known->as_of, clock_.Now());
}

TEST_F(DirectoryTest, ANewerListingWithoutLengthsLeavesTheAnswerAsItIs) {
  const TimePoint asked = clock_.Now();
  RememberFile("a", V("\"1\""));
  clock_.Advance(seconds(30));
  List({File("a", V("", std::nullopt))});
  const std::optional<Known> known = directory_.Find("a");
  ASSERT_TRUE(known && known->info.ok());
  EXPECT_EQ(known->info->version.etag, "\"1\"");
  EXPECT_EQ(known->as_of, asked);
}

TEST_F(DirectoryTest, ANewerListingRefutesAnOlderNotFound) {
  RememberAbsent("a");
  RememberAbsent("b");
  clock_.Advance(seconds(1));
  List({File("a", V("", std::nullopt)), File("b", V("", 3))});
  EXPECT_EQ(Look("a"), "unknown") << "it exists, but its length has to be asked for";
  EXPECT_EQ(directory_.Find("b")->info->version.length, 3);
}

TEST_F(DirectoryTest, ADistrustedNameIsAskedForUntilANewerListing) {
  List({File("a", V("", 7)), File("b", V("", 8))});
  RememberFile("a", V("\"1\"", 7));
  directory_.Distrust("a");
  EXPECT_EQ(Look("a"), "unknown");
  EXPECT_TRUE(directory_.Find("b")) << "another name is not concerned";

  RememberFile("a", V("\"2\"", 9));
  EXPECT_EQ(Look("a"), "\"2\"") << "what is asked afterwards is believed";
  directory_.Forget("a");
  EXPECT_EQ(Look("a"), "unknown") << "the listing still is not";

  clock_.Advance(seconds(1));
  List({File("a", V("", 9))});
  EXPECT_EQ(directory_.Find("a")->info->version.length, 9);
}

TEST_F(DirectoryTest, AListingThatWasUnderWayWhenTheNameWasDistrustedIsNotBelieved) {
  List({File("a", V("", 7))});
  auto late = MakeListing({File("a", V("", 7))}, "", "", clock_.Now());
  clock_.Advance(seconds(1));
  directory_.Distrust("a");
  directory_.SetListing(std::move(late));
  EXPECT_EQ(Look("a"), "unknown");
}

TEST_F(DirectoryTest, WhatHasComeOfAListingIsBelievedWhileTheRestIsToCome) {
  RememberAbsent("a");
  clock_.Advance(seconds(1));
  const auto growing = std::make_shared<GrowingListing>("", "", clock_.Now());
  directory_.SetGrowing(growing);
  EXPECT_EQ(Look("a"), "absent");
  growing->Add(File("a", V("\"1\"")));
  growing->Add(File("b", V("\"2\"")));
  EXPECT_EQ(Look("a"), "\"1\"");
  EXPECT_EQ(Look("c"), "unknown");
  EXPECT_EQ(directory_.listing(), nullptr) << "a part is not the whole";
  directory_.DropGrowing(*growing);
  EXPECT_EQ(Look("b"), "unknown");
  EXPECT_EQ(Look("a"), "absent") << "as before";
}

TEST_F(DirectoryTest, OfTwoListingsTheNewerWordCounts) {
  List({File("a", V("\"1\"")), File("b", V("\"1\""))});
  clock_.Advance(seconds(1));
  const auto growing = std::make_shared<GrowingListing>("", "", clock_.Now());
  directory_.SetGrowing(growing);
  growing->Add(File("a", V("\"2\"")));
  growing->Add(File("aa", V("\"2\"")));
  EXPECT_EQ(Look("a"), "\"2\"");
  EXPECT_EQ(Look("b"), "\"1\"") << "not come yet";
}

TEST_F(DirectoryTest, AListingThatWasBegunEarlierDoesNotReplaceALaterOne) {
  auto late = MakeListing({File("a", V("\"1\""))}, "", "", clock_.Now());
  clock_.Advance(seconds(1));
  List({File("a", V("\"2\""))});
  directory_.SetListing(std::move(late));
  EXPECT_EQ(Look("a"), "\"2\"");
}

TEST_F(DirectoryTest, ADistrustedNameIsNotBelievedWhenItComesOfAListingThatWasUnderWay) {
  const auto growing = std::make_shared<GrowingListing>("", "", clock_.Now());
  directory_.SetGrowing(growing);
  clock_.Advance(seconds(1));
  directory_.Distrust("a");
  directory_.Distrust("b");
  growing->Add(File("a", V("\"1\"")));
  ListedName of_a_later_page = File("b", V("\"1\""));
  clock_.Advance(seconds(1));
  of_a_later_page.asked = clock_.Now();
  growing->Add(of_a_later_page);
  growing->Add(File("c", V("\"1\"")));
  EXPECT_EQ(Look("a"), "unknown");
  EXPECT_EQ(Look("b"), "\"1\"");
}

TEST_F(DirectoryTest, TheNamesOfALaterPageAreBelievedLonger) {
  GrowingListing growing("", "", clock_.Now());
  growing.Add(File("a", V("\"1\"")));
  clock_.Advance(kTtl - seconds(1));
  ListedName of_a_later_page = File("b", V("\"1\""));
  of_a_later_page.asked = clock_.Now();
  growing.Add(of_a_later_page);
  directory_.SetListing(growing.Seal());
  EXPECT_EQ(Look("a"), "\"1\"");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Look("a"), "unknown");
  EXPECT_EQ(Look("b"), "\"1\"");
  EXPECT_EQ(directory_.listing(), nullptr) << "part of it is too old to show";
}

TEST_F(DirectoryTest, LookupsInARowShowTheFilesToAskForAhead) {
  List({File("a", V("", std::nullopt)),
        File("b", V("", std::nullopt)),
        {"c", ObjectKind::kDirectory, {}},
        File("d", V("", std::nullopt)),
        File("e", V("", std::nullopt)),
        File("f", V("", std::nullopt))});
  RememberFile("e", V("\"1\""));
  EXPECT_TRUE(directory_.OnLookUp("a").names.empty());
  EXPECT_THAT(directory_.OnLookUp("b").names, testing::Contains("d"));
  const std::vector<std::string> more = directory_.OnLookUp("c").names;
  EXPECT_THAT(more, testing::Not(testing::Contains("e"))) << "known already";
  EXPECT_FALSE(directory_.OnLookUp("d").random);
  EXPECT_TRUE(directory_.OnLookUp("unlisted").names.empty());
}

TEST_F(DirectoryTest, AListingGuidesOnBeyondItsTimeToLiveWhileItIsGoneThrough) {
  std::vector<ListedName> names;
  for (int i = 100; i < 400; ++i) names.push_back(File(std::to_string(i), V("", std::nullopt)));
  List(std::move(names));
  for (int i = 100; i < 300; ++i) {
    const bool first = i == 100;
    EXPECT_NE(directory_.OnLookUp(std::to_string(i)).names.empty(), !first) << i;
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(directory_.listing(), nullptr) << "it is not believed";
  clock_.Advance(kTtl);
  EXPECT_TRUE(directory_.OnLookUp("300").names.empty()) << "after a rest it is gone";
}

TEST_F(DirectoryTest, AnExactListingLeavesNothingToAskForAhead) {
  List({File("a", V("", 1)), File("b", V("", 2)), File("c", V("", 3))});
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_TRUE(directory_.OnLookUp(name).names.empty());
  }
}

TEST_F(DirectoryTest, OneThatHasBecomeTooOldShowsWhatToAskForAgain) {
  std::vector<ListedName> names;
  for (int i = 100; i < 200; ++i) names.push_back(File(std::to_string(i), V("", 1)));
  List(std::move(names));
  (void)directory_.OnLookUp("100");
  clock_.Advance(kTtl - seconds(1));
  (void)directory_.OnLookUp("101");
  clock_.Advance(seconds(1));
  EXPECT_THAT(directory_.OnLookUp("102").names, testing::Contains("106"));
}

// A program that goes through a listing without lengths.
class PassTest : public DirectoryTest {
 protected:
  static constexpr int kNames = 200;

  PassTest() {
    std::vector<ListedName> names;
    for (int i = 0; i < kNames; ++i) names.push_back(File(Name(i), V("", std::nullopt)));
    List(std::move(names));
  }
  static std::string Name(int i) { return std::to_string(1000 + i); }

  // What is asked for when `name` is looked up, ahead and if need be itself; all is answered.
  void LookUp(const std::string& name) {
    const bool known = directory_.Find(name).has_value();
    for (const std::string& next : directory_.OnLookUp(name).names) {
      ++asked_[next];
      directory_.RememberAhead(next, {ObjectInfo{ObjectKind::kFile, V("\"1\"")}, clock_.Now()});
    }
    if (known || directory_.Peek(name)) return;
    ++asked_[name];
    RememberFile(name, V("\"1\""));
  }
  void ForgetAll() {
    for (int i = 0; i < kNames; ++i) directory_.Forget(Name(i));
  }
  std::vector<std::string> AskedTwice() const {
    std::vector<std::string> twice;
    for (const auto& [name, times] : asked_) {
      if (times > 1) twice.push_back(name);
    }
    return twice;
  }

  std::map<std::string, int> asked_;
};

TEST_F(PassTest, WhatTheKernelForgetsBehindAProgramIsNotAskedForAgain) {
  for (int i = 0; i < kNames; ++i) {
    LookUp(Name(i));
    for (int behind = 0; behind <= i; ++behind) directory_.Forget(Name(behind));
  }
  EXPECT_THAT(AskedTwice(), testing::IsEmpty());
}

TEST_F(PassTest, NorWhatOneOfTwoStreamsHasGonePast) {
  for (int i = 0; i < kNames / 2; ++i) {
    LookUp(Name(i));
    LookUp(Name(kNames / 2 + i));
    for (int behind = 0; behind <= i; ++behind) {
      directory_.Forget(Name(behind));
      directory_.Forget(Name(kNames / 2 + behind));
    }
  }
  EXPECT_THAT(AskedTwice(), testing::IsEmpty());
}

TEST_F(PassTest, NorWhatWasGivenWithTheListing) {
  for (int i = 0; i < kNames; i += 2) {
    RememberFile(Name(i), V("\"1\""));
    directory_.OnGiven(Name(i));
    directory_.Forget(Name(i));
  }
  for (int i = 1; i < kNames; i += 2) LookUp(Name(i));
  for (int i = 0; i < kNames; ++i) EXPECT_EQ(asked_.count(Name(i)), i % 2) << Name(i);
}

TEST_F(PassTest, ANewPassHasWhatWasForgottenAskedForAhead) {
  for (int i = 0; i < kNames; ++i) LookUp(Name(i));
  ForgetAll();
  (void)directory_.OnLookUp(Name(0));
  (void)directory_.OnLookUp(Name(1));
  EXPECT_THAT(directory_.OnLookUp(Name(2)).names, testing::Contains(Name(5)));
}

TEST_F(PassTest, TheSameNameOnceMoreIsNoNewPass) {
  for (int i = 0; i < kNames; ++i) {
    LookUp(Name(i));
    for (int behind = 0; behind <= i; ++behind) directory_.Forget(Name(behind));
    LookUp(Name(i));
  }
  for (int i = 0; i < kNames; ++i) EXPECT_EQ(asked_[Name(i)], 2) << Name(i);
}

TEST_F(DirectoryTest, FilesReadInARowShowThoseToFetchAheadWithTheVersionsThatAreKnown) {
  std::vector<ListedName> names;
  for (int i = 100; i < 200; ++i) names.push_back(File(std::to_string(i), V("", 10)));
  List(std::move(names));
  RememberFile("103", V("\"1\"", 10));
  EXPECT_TRUE(directory_.OnRead("100", 10, 10, 1000).files.empty());
  EXPECT_TRUE(directory_.OnRead("101", 10, 10, 1000).files.empty());
  const Directory::Siblings next = directory_.OnRead("102", 10, 10, 1000);
  ASSERT_FALSE(next.files.empty());
  EXPECT_EQ(next.files[0].name, "103");
  EXPECT_EQ(next.files[0].version.etag, "\"1\"");
  EXPECT_EQ(next.files[0].version.length, 10u);
  EXPECT_EQ(next.files[0].bytes, 10u);
  EXPECT_TRUE(directory_.OnRead("unlisted", 10, 10, 1000).files.empty());
}

TEST_F(DirectoryTest, WhatWouldNeedARequestIsNotFetchedAhead) {
  std::vector<ListedName> names;
  for (int i = 100; i < 200; ++i) names.push_back(File(std::to_string(i), V("", std::nullopt)));
  List(std::move(names));
  for (int i = 100; i < 120; ++i) {
    EXPECT_TRUE(directory_.OnRead(std::to_string(i), 10, 10, 1000).files.empty());
  }
}

TEST_F(DirectoryTest, WhatWasAskedForAheadAndNotLookedUpIsBoundedInNumber) {
  const Known known{ObjectInfo{ObjectKind::kFile, V("\"1\"")}, clock_.Now()};
  for (size_t i = 0; i < 2 * Directory::kMaxAhead; ++i) {
    directory_.RememberAhead(std::to_string(i), known);
    if (i >= 10) continue;
    EXPECT_EQ(Look(std::to_string(i)), "\"1\"");
  }
  EXPECT_EQ(directory_.remembered(), Directory::kMaxAhead + 10);
  EXPECT_EQ(Look("0"), "\"1\"") << "looked up: the kernel holds it";
  EXPECT_EQ(Look("10"), "unknown");
  EXPECT_TRUE(directory_.Peek(std::to_string(2 * Directory::kMaxAhead - 1)));
}

TEST_F(DirectoryTest, AForgottenNameLeavesNothingBehind) {
  for (int i = 0; i < 1000; ++i) RememberFile(std::to_string(i), V("\"1\""));
  EXPECT_EQ(directory_.remembered(), 1000u);
  for (int i = 0; i < 1000; ++i) directory_.Forget(std::to_string(i));
  EXPECT_EQ(directory_.remembered(), 0u);
}

TEST_F(DirectoryTest, NamesThatDoNotExistAreBoundedInNumber) {
  for (size_t i = 0; i < 3 * Directory::kMaxAbsent; ++i) RememberAbsent(std::to_string(i));
  EXPECT_LE(directory_.remembered(), Directory::kMaxAbsent);
  EXPECT_EQ(Look(std::to_string(3 * Directory::kMaxAbsent - 1)), "absent");
}

TEST_F(DirectoryTest, NamesThatDoNotExistArePurgedWhenTheyAreOld) {
  for (int i = 0; i < 64; ++i) RememberAbsent("old " + std::to_string(i));
  clock_.Advance(kNegativeTtl);
  RememberAbsent("new");
  EXPECT_EQ(directory_.remembered(), 1u);
}

}  // namespace
}  // namespace brimfs
