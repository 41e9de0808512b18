#include "fs/growing_listing.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <latch>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sanitized.h"

namespace brimfs {
namespace {

using Names = std::vector<std::string>;

ListedName File(std::string name, uint64_t length = 1) {
  ListedName listed{std::move(name), ObjectKind::kFile, {}};
  listed.version.length = length;
  return listed;
}

ListedName Directory(std::string name) { return {std::move(name), ObjectKind::kDirectory, {}}; }

class GrowingListingTest : public testing::Test {
 protected:
  // Files, unless their names end in '/'.
  void Add(const Names& names) {
    for (const std::string& name : names) {
      const bool directory = name.ends_with('/');
      listing_.Add(directory ? Directory(name.substr(0, name.size() - 1)) : File(name));
    }
  }
  void Complete() {
    (void)listing_.Seal();
    listing_.End(OkStatus());
  }
  // What there is from `row` on.
  Names Read(size_t row = 0) const {
    Names names;
    for (;;) {
      const Result<std::optional<Shown>> next = listing_.NextFrom(row);
      if (!next.ok() || !*next) return names;
      names.push_back((*next)->name);
      row = (*next)->row + 1;
    }
  }
  std::optional<uint64_t> LengthOf(const std::string& name) const {
    const std::optional<Listed> listed = listing_.Find(name);
    return listed ? listed->info.version.length : std::nullopt;
  }

  FakeClock clock_;
  GrowingListing listing_{"dir", "fake://dir", clock_.Now()};
};

TEST_F(GrowingListingTest, IsReadAsFarAsItHasCome) {
  EXPECT_FALSE(listing_.begun());
  EXPECT_EQ(listing_.NextFrom(0).code(), Code::kWouldBlock);
  Add({"b", "a"});
  EXPECT_TRUE(listing_.begun());
  EXPECT_EQ(Read(), (Names{"b", "a"}));
  EXPECT_EQ(listing_.NextFrom(2).code(), Code::kWouldBlock);
  Complete();
  EXPECT_TRUE(listing_.NextFrom(2).ok());
  EXPECT_EQ(Read(), (Names{"b", "a"}));
  EXPECT_EQ(Read(1), (Names{"a"}));
}

TEST_F(GrowingListingTest, NamesThatComeTogetherWakeThoseWhoWaitOnce) {
  int calls = 0;
  listing_.WhenThereIsMore(0, [&] { ++calls; });
  for (const char* const name : {"b", "a"}) {
    ListedName listed = File(name);
    listed.others_follow = true;
    listing_.Add(listed);
  }
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(Read(), (Names{"b", "a"})) << "though whoever looks sees them";
  Add({"c"});
  EXPECT_EQ(calls, 1);
}

TEST_F(GrowingListingTest, NobodyHearsOfItsEndBeforeItHasOne) {
  Add({"a/"});
  const auto listing = listing_.Seal();
  EXPECT_EQ(listing->size(), 1u);
  EXPECT_EQ(Read(), Names{"a"});
  EXPECT_TRUE(listing_.Find("a"));
  EXPECT_EQ(listing_.NextFrom(1).code(), Code::kWouldBlock);
  EXPECT_FALSE(listing_.ended());
  listing_.End(OkStatus());
  EXPECT_TRUE(listing_.ended());
  EXPECT_EQ(*listing_.NextFrom(1), std::nullopt);
}

TEST_F(GrowingListingTest, AFailureComesAfterTheNamesThatThereAre) {
  Add({"a/", "b/"});
  listing_.End(Status(Code::kDenied));
  EXPECT_EQ(Read(), (Names{"a", "b"}));
  EXPECT_EQ(listing_.NextFrom(2).code(), Code::kDenied);
  EXPECT_EQ(listing_.AwaitBegun(clock_, kNever, {}).code(), Code::kDenied);
}

TEST_F(GrowingListingTest, EachNameIsThereOnceAndADirectoryGoesBeforeAFile) {
  listing_.Add(File("a", 1));
  listing_.Add(File("a", 2));
  listing_.Add(Directory("b"));
  listing_.Add(File("b"));
  listing_.Add(File("c"));
  listing_.Add(Directory("c"));
  EXPECT_EQ(Read(), (Names{"a", "b", "c"}));
  EXPECT_EQ(LengthOf("a"), 1u) << "the first";
  for (const char* const name : {"b", "c"}) {
    EXPECT_EQ(listing_.Find(name)->info.kind, ObjectKind::kDirectory);
  }
  EXPECT_EQ((*listing_.NextFrom(2))->kind, ObjectKind::kDirectory);
}

TEST_F(GrowingListingTest, WhatMayStillBeADirectoryIsNoFileYet) {
  Add({"a", "a-b", "a.c"});
  EXPECT_FALSE(listing_.Find("a"));
  EXPECT_EQ(Read(), (Names{"a", "a-b"})) << "the last is not shown before the next has come";
  listing_.Add(Directory("a"));
  EXPECT_EQ(listing_.Find("a")->info.kind, ObjectKind::kDirectory);
  EXPECT_TRUE(listing_.Find("a-b"));
  Add({"a0"});
  EXPECT_FALSE(listing_.Find("a0"));
  Complete();
  EXPECT_TRUE(listing_.Find("a0")) << "nothing follows";
}

TEST_F(GrowingListingTest, NamesInNoOrderAreTakenForWhatTheyAre) {
  Add({"b", "a"});
  EXPECT_TRUE(listing_.Find("a"));
  EXPECT_TRUE(listing_.Find("b"));
}

TEST_F(GrowingListingTest, BegunAnewItKeepsTheRowsOfNamesAndNothingElse) {
  listing_.Add(File("a", 1));
  listing_.Add(File("b", 1));
  listing_.Add(File("gone", 1));
  listing_.BeginAnew();
  EXPECT_EQ(listing_.NextFrom(0).code(), Code::kWouldBlock);
  EXPECT_FALSE(listing_.Find("a"));
  listing_.Add(File("z", 2));
  listing_.Add(File("b", 2));
  EXPECT_EQ(listing_.NextFrom(0).code(), Code::kWouldBlock);
  EXPECT_EQ(Read(1), Names{"b"}) << "the next has not come again";
  listing_.Add(Directory("a"));
  EXPECT_EQ(Read(), (Names{"a", "b"}));
  EXPECT_EQ(LengthOf("b"), 2u);
  EXPECT_EQ((*listing_.NextFrom(0))->kind, ObjectKind::kDirectory);
  Complete();
  EXPECT_EQ(Read(), (Names{"a", "b", "z"}));
  EXPECT_FALSE(listing_.Find("gone"));
}

TEST_F(GrowingListingTest, ItCanBeBegunAnewAnyNumberOfTimes) {
  for (int i = 0; i < 1000; ++i) {
    Add({"a", std::to_string(1000 + i)});
    listing_.BeginAnew();
    ASSERT_EQ(Read(), Names{}) << i;
  }
  Add({"last"});
  Complete();
  EXPECT_EQ(Read(), Names{"last"});
}

TEST_F(GrowingListingTest, WhoWaitsIsCalledOnceWhenThereIsMore) {
  int calls = 0;
  (void)listing_.WhenThereIsMore(1, [&] { ++calls; });
  Add({"a/"});
  EXPECT_EQ(calls, 0) << "it is the next that is waited for";
  Add({"b/"});
  EXPECT_EQ(calls, 1);
  Add({"c/"});
  EXPECT_EQ(calls, 1);
  (void)listing_.WhenThereIsMore(2, [&] { ++calls; });
  EXPECT_EQ(calls, 2) << "at once";
  (void)listing_.WhenThereIsMore(3, [&] { ++calls; });
  const uint64_t forgotten = listing_.WhenThereIsMore(3, [&] { ADD_FAILURE(); });
  listing_.Forget(forgotten);
  listing_.End(Status(Code::kIo));
  EXPECT_EQ(calls, 3);
}

TEST_F(GrowingListingTest, ItsBeginningIsAwaitedUntilItTheDeadlineOrAStop) {
  using std::chrono::seconds;
  std::thread late([&] {
    EXPECT_EQ(listing_.AwaitBegun(clock_, clock_.Now() + seconds(1), {}).code(), Code::kTimedOut);
  });
  clock_.AwaitSleepers(1);
  clock_.Advance(seconds(1));
  late.join();
  std::stop_source stop;
  std::thread stopped([&] {
    EXPECT_EQ(listing_.AwaitBegun(clock_, kNever, stop.get_token()).code(), Code::kInterrupted);
  });
  clock_.AwaitSleepers(1);
  stop.request_stop();
  stopped.join();
  std::thread first([&] { EXPECT_TRUE(listing_.AwaitBegun(clock_, kNever, {}).ok()); });
  clock_.AwaitSleepers(1);
  Add({"a"});
  first.join();
}

TEST_F(GrowingListingTest, ManyReadItWhileItGrowsAndIsBegunAnew) {
  constexpr int kNames = kSanitized ? 2000 : 20'000;
  Names names;
  for (int i = 0; i < kNames; ++i) names.push_back(std::to_string(i));
  const auto read = [&] {
    std::multiset<std::string> seen;
    for (size_t row = 0;;) {
      const Result<std::optional<Shown>> next = listing_.NextFrom(row);
      if (next.code() == Code::kWouldBlock) {
        std::latch more{1};
        (void)listing_.WhenThereIsMore(row, [&] { more.count_down(); });
        more.wait();
        continue;
      }
      ASSERT_TRUE(next.ok());
      if (!*next) break;
      seen.insert((*next)->name);
      (void)listing_.Find((*next)->name);
      row = (*next)->row + 1;
    }
    EXPECT_EQ(seen.size(), names.size());
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), names.size());
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  std::mt19937 random(1);
  for (const size_t part : {names.size() / 3, names.size() / 2, names.size()}) {
    listing_.BeginAnew();
    for (size_t i = 0; i < part; ++i) listing_.Add(File(names[i]));
    if (part == names.size()) break;
    std::shuffle(names.begin(), names.begin() + static_cast<ptrdiff_t>(part), random);
  }
  Complete();
  for (std::thread& reader : readers) reader.join();
}

// Names, ETags and times as object stores have them.
std::vector<ListedName> Objects(size_t count, std::mt19937_64& random) {
  std::vector<ListedName> objects(count);
  for (size_t i = 0; i < count; ++i) {
    ListedName& listed = objects[i];
    const std::string number = std::to_string(10'000'000 + i);
    listed.name = number + std::string("-2026-11-21T15-00-00-log.json.gz").substr(random() % 20);
    listed.version.length = random() % (1 << 30);
    listed.version.last_modified =
        absl::FromUnixMillis(1'700'000'000'000 + random() % 1'000'000'000);
    listed.version.etag = "\"";
    for (int digit = 0; digit < 32; ++digit) {
      listed.version.etag += "0123456789abcdef"[random() % 16];
    }
    listed.version.etag += '"';
  }
  return objects;
}

// What is allocated now, in all arenas and in maps of its own.
size_t Allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void ExpectLittleMemory(size_t count, bool sorted) {
  std::mt19937_64 random(1);
  std::vector<ListedName> objects = Objects(count, random);
  if (!sorted) std::shuffle(objects.begin(), objects.end(), random);

  const size_t before = Allocated();
  const auto start = std::chrono::steady_clock::now();
  auto growing = std::make_shared<GrowingListing>("dir", "", TimePoint());
  for (const ListedName& object : objects) growing->Add(object);
  const size_t grown = Allocated() - before;
  const auto added = std::chrono::steady_clock::now();
  const std::shared_ptr<const Listing> listing = growing->Seal();
  const auto sealed = std::chrono::steady_clock::now();
  growing->End(OkStatus());
  growing = nullptr;
  const size_t complete = Allocated() - before;

  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::cout << count << (sorted ? " sorted" : " shuffled") << " names: " << grown / count
            << " bytes each while it grows, " << complete / count << " complete; added in "
            << Milliseconds(added - start).count() << " ms, sorted in "
            << Milliseconds(sealed - added).count() << " ms\n";
  EXPECT_EQ(listing->size(), count);
  EXPECT_EQ(listing->Find(objects[count / 2].name)->info.version.etag,
            objects[count / 2].version.etag);
  if (kSanitized) return;  // which have their own allocator
  EXPECT_LT(grown, 120 * count);
  EXPECT_LT(complete, 120 * count);
}

// Counted is what a listing takes of its own, with all that guides by it but the 4 bytes a name of
// a ListingPass; not the nodes that the kernel holds.
TEST(ListingMemoryTest, OfAHundredThousandObjects) { ExpectLittleMemory(100'000, true); }

TEST(ListingMemoryTest, OfAMillionObjects) {
  ExpectLittleMemory(kSanitized ? 100'000 : 1'000'000, true);
}

TEST(ListingMemoryTest, OfAMillionObjectsInNoOrder) {
  ExpectLittleMemory(kSanitized ? 100'000 : 1'000'000, false);
}

}  // namespace
}  // namespace brimfs
