#include "core/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/stored_entries.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kProcess = Catalogue::Durability::kProcess;
constexpr auto kPower = Catalogue::Durability::kPower;
constexpr uint64_t kMega = 1 << 20;

bool SameBlocks(const std::vector<StoredBlock>& a, const std::vector<StoredBlock>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const StoredBlock& x, const StoredBlock& y) {
                      return x.number == y.number && x.checksum == y.checksum;
                    });
}

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() { Open(); }

  void Open() {
    catalogue_.reset();
    auto opened = Catalogue::Open(directory_.path());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    catalogue_ = std::move(*opened);
  }

  // What was applied, with its id and bytes.
  StoredEntry Apply(CatalogueChange change, Catalogue::Durability durability = kProcess) {
    std::vector<CatalogueChange> changes{std::move(change)};
    const Status status = catalogue_->Apply(changes, durability);
    EXPECT_TRUE(status.ok()) << status.message();
    taken_ = changes[0].taken;
    return changes[0].entry;
  }

  std::vector<StoredEntry> Find(const std::string& key = "key") {
    auto found = catalogue_->Find("https://example.org/", key);
    EXPECT_TRUE(found.ok()) << found.status().message();
    return found.ok() ? *found : std::vector<StoredEntry>();
  }

  std::vector<Range> Blocks(const StoredEntry& entry) {
    auto blocks = catalogue_->Blocks(entry);
    EXPECT_TRUE(blocks.ok()) << blocks.status().message();
    return blocks->Ranges();
  }

  std::vector<StoredEntry> All() {
    std::vector<StoredEntry> all;
    const Status status =
        catalogue_->ForEach([&](const StoredEntry& entry) { all.push_back(entry); });
    EXPECT_TRUE(status.ok()) << status.message();
    return all;
  }

  std::string Database() const { return directory_ / "catalogue.db"; }

  TempDir directory_;
  std::unique_ptr<Catalogue> catalogue_;
  bool taken_ = false;
};

// --- Round trips

TEST_F(CatalogueTest, EveryFieldComesBackAfterAReopening) {
  StoredEntry entry = Entry(1);
  entry.version.last_modified = absl::FromUnixNanos(1234567890123456789);
  entry.version.precision = absl::Nanoseconds(1);
  entry.kernels = true;
  entry.pinned = true;
  const StoredEntry stored = Apply(Change(entry, {{0, 7}, {2, 9}}));
  EXPECT_NE(stored.id, 0);
  EXPECT_EQ(stored.bytes, 2 * kFillBlock - 1);
  Open();
  EXPECT_THAT(Find(), ElementsAre(IsEntry(stored)));
  auto got = catalogue_->Get(stored.id);
  ASSERT_TRUE(got.ok() && *got);
  EXPECT_THAT(**got, IsEntry(stored));
  EXPECT_THAT(Blocks(stored),
              ElementsAre(Range{0, kFillBlock}, Range{2 * kFillBlock, 3 * kFillBlock - 1}));
  EXPECT_EQ(*catalogue_->TotalBytes(), 2 * kFillBlock - 1);
  EXPECT_EQ(*catalogue_->CountEntries(), 1U);
}

TEST_F(CatalogueTest, TimesOutsideOfWhatIsUsualComeBack) {
  uint64_t number = 0;
  for (const absl::Time time :
       {absl::InfinitePast(), absl::InfiniteFuture(), absl::UnixEpoch(),
        absl::UnixEpoch() - absl::Nanoseconds(1), absl::FromUnixSeconds(-62135596800),
        absl::FromUnixSeconds(253402300799) + absl::Nanoseconds(999999999)}) {
    ++number;
    StoredEntry entry = Entry(number, "key" + std::to_string(number));
    entry.version.etag.clear();
    entry.version.last_modified = time;
    entry.version.precision = absl::Minutes(1);
    entry.last_use = absl::InfinitePast();
    entry.checked = absl::InfinitePast();
    const StoredEntry stored = Apply(Change(entry));
    EXPECT_THAT(Find(entry.key), ElementsAre(IsEntry(stored)));
    EXPECT_EQ(stored.version.last_modified, time);
  }
}

TEST_F(CatalogueTest, KeysAndPathsAreAnyBytes) {
  const std::string hostile[] = {
      std::string("a\0b", 3),  "a", std::string("\xff\xfe\x80'\"%_*", 8), "", "A",
      std::string(100000, 'x')};
  uint64_t number = 0;
  std::vector<StoredEntry> stored;
  for (const std::string& key : hostile) stored.push_back(Apply(Change(Entry(++number, key))));
  for (size_t i = 0; i < std::size(hostile); ++i) {
    EXPECT_THAT(Find(hostile[i]), ElementsAre(IsEntry(stored[i])));
    auto at = catalogue_->AtPath("https://example.org/", hostile[i]);
    ASSERT_TRUE(at.ok() && *at);
    EXPECT_THAT(**at, IsEntry(stored[i]));
  }
}

TEST_F(CatalogueTest, SourcesAreApart) {
  StoredEntry other = Entry(2);
  other.source = "https://example.org/other/";
  const StoredEntry first = Apply(Change(Entry(1)));
  const StoredEntry second = Apply(Change(other));
  EXPECT_THAT(Find(), ElementsAre(IsEntry(first)));
  EXPECT_THAT(*catalogue_->Find(other.source, "key"), ElementsAre(IsEntry(second)));
  EXPECT_THAT(*catalogue_->Find("unknown", "key"), IsEmpty());
}

TEST_F(CatalogueTest, TheMostRecentlyUsedVersionComesFirst) {
  for (const uint64_t number : {2, 3, 1}) Apply(Change(Entry(number)));
  std::vector<std::string> files;
  for (const StoredEntry& entry : Find()) files.push_back(entry.file);
  EXPECT_THAT(files, ElementsAre(FileName(3), FileName(2), FileName(1)));
}

// --- Changing

TEST_F(CatalogueTest, ARowOfTheSameVersionIsTaken) {
  const StoredEntry first = Apply(Change(Entry(1)));
  StoredEntry same = Entry(2);
  same.version.etag = Entry(1).version.etag;
  const StoredEntry second = Apply(Change(same, {{0, 1}}));
  EXPECT_TRUE(taken_);
  EXPECT_EQ(second.id, 0);
  EXPECT_THAT(Find(), ElementsAre(IsEntry(first)));
  EXPECT_EQ(*catalogue_->TotalBytes(), 0U);
}

TEST_F(CatalogueTest, AFileHasOneEntry) {
  Apply(Change(Entry(1)));
  StoredEntry other = Entry(2, "other");
  other.file = FileName(1);
  Apply(Change(other));
  EXPECT_TRUE(taken_);
  EXPECT_TRUE(*catalogue_->HasFile(FileName(1)));
  EXPECT_FALSE(*catalogue_->HasFile(FileName(2)));
}

TEST_F(CatalogueTest, ARowThatIsGoneIsTaken) {
  const StoredEntry stored = Apply(Change(Entry(1)));
  Apply(Drop(stored));
  EXPECT_FALSE(taken_);
  Apply(Drop(stored));
  EXPECT_FALSE(taken_);
  Apply(Change(stored, {{0, 1}}));
  EXPECT_TRUE(taken_);
  EXPECT_THAT(All(), IsEmpty());
  EXPECT_EQ(*catalogue_->TotalBytes(), 0U);
}

TEST_F(CatalogueTest, AChangeBecomesTheRowExceptForItsPin) {
  StoredEntry entry = Apply(Change(Entry(1), {{0, 1}}));
  ASSERT_TRUE(catalogue_->SetPinned(entry.id, true).ok());
  entry.path = "elsewhere";
  entry.version.etag = "\"merged\"";
  entry.kernels = true;
  entry.last_use += absl::Hours(1);
  entry.checked += absl::Hours(2);
  Apply(Change(entry, {{1, 2}}));
  entry.pinned = true;
  entry.bytes = 2 * kFillBlock;
  EXPECT_THAT(Find(), ElementsAre(IsEntry(entry)));
  EXPECT_FALSE(*catalogue_->AtPath(entry.source, "key"));
  EXPECT_TRUE(*catalogue_->AtPath(entry.source, "elsewhere"));
}

TEST_F(CatalogueTest, WhatTheKernelHadStaysTheKernels) {
  StoredEntry entry = Entry(1);
  entry.kernels = true;
  entry = Apply(Change(entry));
  entry.kernels = false;
  Apply(Change(entry));
  EXPECT_TRUE(Find().front().kernels);
  entry.file = FileName(2);
  Apply(Change(entry));
  EXPECT_FALSE(Find().front().kernels);
}

TEST_F(CatalogueTest, AnotherFileBeginsWithoutBlocks) {
  StoredEntry entry = Apply(Change(Entry(1), {{0, 1}, {1, 2}}));
  entry.file = FileName(2);
  entry = Apply(Change(entry, {{2, 3}}));
  EXPECT_THAT(Blocks(entry), ElementsAre(Range{2 * kFillBlock, 3 * kFillBlock - 1}));
  EXPECT_EQ(*catalogue_->TotalBytes(), kFillBlock - 1);
  EXPECT_FALSE(*catalogue_->HasFile(FileName(1)));
}

TEST_F(CatalogueTest, ForgettingTakesEveryBlockThatIsTouched) {
  StoredEntry entry = Entry(1);
  entry.version.length = 10 * kFillBlock;
  std::vector<StoredBlock> all;
  for (uint64_t i = 0; i < 10; ++i) all.push_back({i, i});
  entry = Apply(Change(entry, all));
  entry = Apply(
      Change(entry, {}, {{kFillBlock - 1, kFillBlock + 1}, {5 * kFillBlock, 6 * kFillBlock}}));
  EXPECT_THAT(Blocks(entry), ElementsAre(Range{2 * kFillBlock, 5 * kFillBlock},
                                         Range{6 * kFillBlock, 10 * kFillBlock}));
  EXPECT_EQ(entry.bytes, 7 * kFillBlock);
}

TEST_F(CatalogueTest, BlocksBehindTheLengthArePassedOver) {
  const StoredEntry entry = Apply(Change(Entry(1), {{3, 1}, {1000000, 2}, {uint64_t{1} << 63, 3}}));
  EXPECT_THAT(Blocks(entry), IsEmpty());
  EXPECT_EQ(entry.bytes, 0U);
}

TEST_F(CatalogueTest, ChecksumsAreThoseOfTheBlocksThatAreTouched) {
  StoredEntry entry = Entry(1);
  entry.version.length = 3000 * kFillBlock;
  entry = Apply(Change(entry, {{1023, 1}, {1024, 2}, {1026, 3}, {2999, ~uint64_t{0}}}));
  Apply(Change(entry, {{1024, 4}}));
  const auto near = *catalogue_->Checksums(entry, {1023 * kFillBlock + 5, 1026 * kFillBlock});
  EXPECT_TRUE(SameBlocks(near, {{1023, 1}, {1024, 4}}));
  EXPECT_THAT(*catalogue_->Checksums(entry, {1025 * kFillBlock, 1026 * kFillBlock}), IsEmpty());
  EXPECT_THAT(*catalogue_->Checksums(entry, {7, 7}), IsEmpty());
  const auto all = *catalogue_->Checksums(entry, {0, kMaxOffset});
  EXPECT_TRUE(SameBlocks(all, {{1023, 1}, {1024, 4}, {1026, 3}, {2999, ~uint64_t{0}}}));
}

TEST_F(CatalogueTest, AnEmptyObjectIsAnEntryWithoutBlocks) {
  StoredEntry entry = Entry(1);
  entry.version.length = 0;
  entry = Apply(Change(entry, {{0, 1}}, {{0, 5}}));
  EXPECT_THAT(Find(), ElementsAre(IsEntry(entry)));
  EXPECT_THAT(Blocks(entry), IsEmpty());
}

TEST_F(CatalogueTest, ABatchIsAppliedWholeOrNotAtAll) {
  StoredEntry wrong = Entry(2, "wrong");
  wrong.file = "../escape";
  std::vector<CatalogueChange> changes{Change(Entry(1)), Change(wrong)};
  EXPECT_EQ(catalogue_->Apply(changes, kPower).code(), Code::kInvalidArgument);
  EXPECT_EQ(changes[0].entry.id, 0);
  EXPECT_THAT(All(), IsEmpty());
}

TEST_F(CatalogueTest, PinningWhatIsGoneIsNotFound) {
  EXPECT_EQ(catalogue_->SetPinned(1, true).code(), Code::kNotFound);
}

TEST_F(CatalogueTest, ASettingIsWhatTheFirstOneSaid) {
  EXPECT_EQ(*catalogue_->SettingOr("limit", ~uint64_t{0}), ~uint64_t{0});
  EXPECT_EQ(*catalogue_->SettingOr("limit", 5), ~uint64_t{0});
  EXPECT_EQ(*catalogue_->SettingOr("bytes", 7), 7U);
  EXPECT_EQ(*catalogue_->TotalBytes(), 0U);
}

// --- Offline

TEST_F(CatalogueTest, AtAPathTheMostRecentlyCheckedVersionLies) {
  StoredEntry old = Entry(2);
  StoredEntry current = Entry(1);
  current.checked += absl::Seconds(1);
  Apply(Change(old));
  current = Apply(Change(current));
  auto at = catalogue_->AtPath(current.source, "key");
  ASSERT_TRUE(at.ok() && *at);
  EXPECT_THAT(**at, IsEntry(current));
  const auto children = *catalogue_->Children(current.source, "");
  ASSERT_THAT(children, SizeIs(1));
  EXPECT_THAT(*children[0].entry, IsEntry(current));
}

TEST_F(CatalogueTest, ADirectoryHasEachNameOnce) {
  uint64_t number = 0;
  for (const std::string path : {"a", "a/b", "a/c/d", "a/c/e", "a/c!", "a/c0", "a!/x", "a0",
                                 "b/x/y", "a/both", "a/both/x", "a/both!"}) {
    Apply(Change(Entry(++number, path)));
  }
  const auto names = [&](const std::string& path) {
    std::vector<std::string> result;
    const auto children = *catalogue_->Children("https://example.org/", path);
    for (const auto& child : children) {
      result.push_back(child.name + (child.entry ? "" : "/"));
    }
    return result;
  };
  EXPECT_THAT(names(""), ElementsAre("a/", "a!/", "a0", "b/"));
  EXPECT_THAT(names("a"), ElementsAre("b", "both/", "both!", "c/", "c!", "c0"));
  EXPECT_THAT(names("b"), ElementsAre("x/"));
  EXPECT_THAT(names("nothing"), IsEmpty());
}

// --- Eviction

TEST_F(CatalogueTest, ColdestComesInPagesAndWithoutThePinned) {
  std::vector<CatalogueChange> changes;
  for (uint64_t i = 0; i < 100; ++i) {
    StoredEntry entry = Entry(i, "key" + std::to_string(i));
    entry.last_use = absl::FromUnixSeconds(static_cast<int64_t>(i / 10));  // ten of each
    entry.pinned = i % 4 == 0;
    changes.push_back(Change(entry));
  }
  std::shuffle(changes.begin(), changes.end(), std::mt19937(1));
  ASSERT_TRUE(catalogue_->Apply(changes, kProcess).ok());
  std::vector<StoredEntry> expected;
  for (const CatalogueChange& change : changes) {
    if (!change.entry.pinned) expected.push_back(change.entry);
  }
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return std::pair(a.last_use, a.id) < std::pair(b.last_use, b.id);
  });
  for (const size_t page : {1, 3, 7, 1000}) {
    std::vector<StoredEntry> found;
    for (;;) {
      auto more = catalogue_->Coldest(page, found.empty() ? nullptr : &found.back());
      ASSERT_TRUE(more.ok());
      if (more->empty()) break;
      EXPECT_LE(more->size(), page);
      found.insert(found.end(), more->begin(), more->end());
    }
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_THAT(found[i], IsEntry(expected[i]));
  }
}

// --- Threads

TEST_F(CatalogueTest, ThreadsLookAndWriteAtOnce) {
  constexpr uint64_t kThreads = 8;
  constexpr uint64_t kEach = 20;
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const uint64_t number = thread * kEach + i;
        const std::string key = "key" + std::to_string(number);
        std::vector<CatalogueChange> changes{Change(Entry(number, key), {{0, number}})};
        EXPECT_TRUE(catalogue_->Apply(changes, kProcess).ok());
        EXPECT_THAT(Find(key), SizeIs(1));
        EXPECT_TRUE(catalogue_->Coldest(3).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(All(), SizeIs(kThreads * kEach));
  EXPECT_EQ(*catalogue_->TotalBytes(), kThreads * kEach * kFillBlock);
  EXPECT_EQ(catalogue_->generation(), 0U);
}

// --- Against a model

TEST_F(CatalogueTest, RandomChangesAreWhatAModelSays) {
  struct Model {
    StoredEntry entry;
    std::map<uint64_t, uint64_t> blocks;
  };
  std::mt19937_64 random(42);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  std::map<int64_t, Model> model;
  uint64_t next = 0;
  const auto size = [](const Model& m) {
    uint64_t bytes = 0;
    for (const auto& [number, sum] : m.blocks) {
      bytes += std::min(kFillBlock, *m.entry.version.length - number * kFillBlock);
    }
    return bytes;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<CatalogueChange> changes;
    std::vector<Model> after;
    std::vector<int64_t> used;
    for (uint64_t i = 0; i < 1 + below(4); ++i) {
      Model m;
      if (model.empty() || below(4) == 0) {
        m.entry = Entry(++next, "key" + std::to_string(below(20)));
        m.entry.version.length = 1 + below(200 * kMega);
      } else {
        m = std::next(model.begin(), static_cast<int64_t>(below(model.size())))->second;
        if (std::count(used.begin(), used.end(), m.entry.id) > 0) continue;
        used.push_back(m.entry.id);
      }
      const uint64_t count = (*m.entry.version.length + kFillBlock - 1) / kFillBlock;
      CatalogueChange change = Change(m.entry);
      if (m.entry.id != 0 && below(6) == 0) {
        change.drop = true;
      } else {
        if (below(2) == 0) {
          const uint64_t begin = below(*m.entry.version.length);
          const Range range{begin, begin + 1 + below(100 * kMega)};
          change.forget.push_back(range);
          m.blocks.erase(m.blocks.lower_bound(range.begin / kFillBlock),
                         m.blocks.lower_bound((range.end + kFillBlock - 1) / kFillBlock));
        }
        for (uint64_t add = below(50); add > 0; --add) {
          change.add.push_back({below(count), random()});
          m.blocks[change.add.back().number] = change.add.back().checksum;
        }
      }
      changes.push_back(change);
      after.push_back(m);
    }
    ASSERT_TRUE(catalogue_->Apply(changes, below(2) == 0 ? kProcess : kPower).ok());
    for (size_t i = 0; i < changes.size(); ++i) {
      ASSERT_FALSE(changes[i].taken);
      if (changes[i].drop) {
        model.erase(changes[i].entry.id);
        continue;
      }
      after[i].entry.id = changes[i].entry.id;
      after[i].entry.bytes = size(after[i]);
      model[changes[i].entry.id] = after[i];
    }
    uint64_t total = 0;
    for (const auto& [id, m] : model) total += m.entry.bytes;
    ASSERT_EQ(*catalogue_->TotalBytes(), total) << "round " << round;
    ASSERT_EQ(*catalogue_->CountEntries(), model.size());
    if (round % 50 == 0) Open();
  }
  ASSERT_GT(model.size(), 3U);
  std::vector<StoredEntry> all = All();
  ASSERT_EQ(all.size(), model.size());
  for (const StoredEntry& entry : all) {
    const Model& m = model.at(entry.id);
    EXPECT_THAT(entry, IsEntry(m.entry));
    std::vector<StoredBlock> blocks;
    RangeSet ranges;
    for (const auto& [number, sum] : m.blocks) {
      blocks.push_back({number, sum});
      ranges.Add(Intersect({number * kFillBlock, (number + 1) * kFillBlock},
                           {0, *m.entry.version.length}));
    }
    EXPECT_TRUE(SameBlocks(*catalogue_->Checksums(entry, {0, kMaxOffset}), blocks));
    EXPECT_EQ(Blocks(entry), ranges.Ranges());
  }
  EXPECT_TRUE(*catalogue_->Verify());
}

}  // namespace
}  // namespace brimfs
