// The catalogue when its files are damaged, replaced or shared, and when the disk is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue.h"
#include "tests/support/stored_entries.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kProcess = Catalogue::Durability::kProcess;
constexpr auto kPower = Catalogue::Durability::kPower;
const char* const kSource = "https://example.org/";

std::unique_ptr<Catalogue> OpenIn(const std::string& directory) {
  auto opened = Catalogue::Open(directory);
  EXPECT_TRUE(opened.ok()) << opened.status().message();
  return opened.ok() ? std::move(*opened) : nullptr;
}

StoredEntry Add(Catalogue& catalogue, CatalogueChange change) {
  std::vector<CatalogueChange> changes{std::move(change)};
  const Status status = catalogue.Apply(changes, kProcess);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_FALSE(changes[0].taken);
  return changes[0].entry;
}

bool Has(Catalogue& catalogue, const std::string& key) {
  auto found = catalogue.Find(kSource, key);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found.ok() && !found->empty();
}

std::vector<StoredEntry> All(Catalogue& catalogue) {
  std::vector<StoredEntry> all;
  const Status status = catalogue.ForEach([&](const StoredEntry& entry) { all.push_back(entry); });
  EXPECT_TRUE(status.ok()) << status.message();
  return all;
}

// Runs `work` in another process; its locks and descriptors are its own.
pid_t Start(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  work();
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

void ExpectSuccess(pid_t child) {
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

void InAnotherProcess(const std::function<void()>& work) { ExpectSuccess(Start(work)); }

// A new file with `content`.
void Place(const std::string& path, const std::string& content) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << content;
}

// The same file with other bytes; while it is open here, only another process may do that.
void Overwrite(const std::string& path, const std::string& content) {
  InAnotherProcess([&] {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file << content;
  });
}

class CatalogueDamageTest : public ::testing::Test {
 protected:
  // In memory if we may mount: the rounds are many, and each one syncs.
  CatalogueDamageTest()
      : mounted_(mount("brimfs-test", directory_.path().c_str(), "tmpfs", 0,
                       "size=256m,mode=700") == 0) {}
  ~CatalogueDamageTest() override {
    if (mounted_) umount2(directory_.path().c_str(), MNT_DETACH);
  }

  std::string Database() const { return directory_ / "catalogue.db"; }

  void RemoveAll() {
    for (const auto& file : fs::directory_iterator(directory_.path())) fs::remove_all(file);
  }

  // Whatever the catalogue says must be what was stored.
  void ReadEverything(Catalogue& catalogue, const std::vector<StoredEntry>& stored) {
    const auto check = [&](const StoredEntry& entry) {
      EXPECT_TRUE(std::any_of(stored.begin(), stored.end(), [&](const StoredEntry& one) {
        return SameEntry(entry, one);
      })) << entry.key;
      auto blocks = catalogue.Blocks(entry);
      ASSERT_TRUE(blocks.ok()) << blocks.status().message();
      EXPECT_TRUE(RangeSetWithin(*blocks, *entry.version.length));
      EXPECT_TRUE(catalogue.Checksums(entry, {0, kMaxOffset}).ok());
    };
    for (const StoredEntry& entry : All(catalogue)) {
      if (!entry.file.empty()) check(entry);
    }
    for (const StoredEntry& entry : stored) {
      auto found = catalogue.Find(entry.source, entry.key);
      ASSERT_TRUE(found.ok()) << found.status().message();
      for (const StoredEntry& one : *found) {
        EXPECT_EQ(one.key, entry.key);
        check(one);
      }
      auto at = catalogue.AtPath(entry.source, entry.path);
      ASSERT_TRUE(at.ok()) << at.status().message();
      if (*at) check(**at);
    }
    auto children = catalogue.Children(kSource, "");
    ASSERT_TRUE(children.ok()) << children.status().message();
    for (const auto& child : *children) {
      if (child.entry) check(*child.entry);
    }
    auto coldest = catalogue.Coldest(1000);
    ASSERT_TRUE(coldest.ok()) << coldest.status().message();
    for (const StoredEntry& entry : *coldest) check(entry);
    EXPECT_TRUE(catalogue.TotalBytes().ok());
  }

  static bool RangeSetWithin(const RangeSet& set, uint64_t length) {
    const std::vector<Range> ranges = set.Ranges();
    return ranges.empty() || ranges.back().end <= length;
  }

  std::vector<StoredEntry> Fill(Catalogue& catalogue, uint64_t count) {
    std::vector<CatalogueChange> changes;
    for (uint64_t i = 0; i < count; ++i) {
      StoredEntry entry = Entry(i, "key" + std::to_string(i));
      entry.pinned = i % 3 == 0;
      changes.push_back(Change(entry, {{0, i}, {i % 3, i + 1}}));
    }
    const Status status = catalogue.Apply(changes, kProcess);
    EXPECT_TRUE(status.ok()) << status.message();
    std::vector<StoredEntry> stored;
    for (const CatalogueChange& change : changes) stored.push_back(change.entry);
    return stored;
  }

  TempDir directory_;
  const bool mounted_;
};

// --- Damage

TEST_F(CatalogueDamageTest, FlippedBitsNeverMakeAWrongRow) {
  std::vector<StoredEntry> stored;
  {
    auto catalogue = OpenIn(directory_.path());
    stored = Fill(*catalogue, 60);
  }
  const std::string base = ReadFile(Database());
  ASSERT_GT(base.size(), 20000U);
  std::mt19937_64 random(7);
  int losses = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::string damaged = base;
    for (uint64_t flips = 1 + random() % 8; flips > 0; --flips) {
      // Half of them where the pages have their headers.
      uint64_t at = random() % damaged.size();
      if (random() % 2 == 0) at = at / 4096 * 4096 + at % 64;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    RemoveAll();
    Place(Database(), damaged);
    auto catalogue = OpenIn(directory_.path());
    ASSERT_NE(catalogue, nullptr);
    ReadEverything(*catalogue, stored);
    // It works as any other does.
    StoredEntry fresh = Entry(1000, "fresh");
    std::vector<CatalogueChange> changes{Change(fresh, {{0, 1}}), Change(stored[5], {{1, 1}}),
                                         Drop(stored[6])};
    const Status applied = catalogue->Apply(changes, kProcess);
    ASSERT_TRUE(applied.ok()) << applied.message();
    EXPECT_TRUE(Has(*catalogue, "fresh"));
    auto verified = catalogue->Verify();
    ASSERT_TRUE(verified.ok()) << verified.status().message();
    auto again = catalogue->Verify();
    ASSERT_TRUE(again.ok()) << again.status().message();
    losses += !*verified || All(*catalogue).size() < 60;
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(losses, 50);
}

TEST_F(CatalogueDamageTest, FlippedBitsUnderARunningOneNeverMakeAWrongRow) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    RemoveAll();
    std::vector<StoredEntry> stored;
    {
      auto first = OpenIn(directory_.path());
      stored = Fill(*first, 30);
    }
    auto catalogue = OpenIn(directory_.path());
    Add(*catalogue, Drop(stored.back()));
    const std::string victim = round % 2 == 0 ? Database() : Database() + "-wal";
    const uint64_t size = fs::file_size(victim);
    InAnotherProcess([&] {
      std::fstream file(victim, std::ios::binary | std::ios::in | std::ios::out);
      for (int flips = 0; flips < 64; ++flips) {
        file.seekp(static_cast<std::streamoff>(random() % size));
        file.put(static_cast<char>(random()));
      }
    });
    random.discard(200);
    ReadEverything(*catalogue, stored);
    Add(*catalogue, Change(Entry(1000, "fresh")));
    ReadEverything(*catalogue, [&] {
      stored.push_back(catalogue->Find(kSource, "fresh")->front());
      return stored;
    }());
    EXPECT_TRUE(catalogue->Verify().ok());
    if (testing::Test::HasFailure()) break;
  }
}

TEST_F(CatalogueDamageTest, ATruncatedOneIsBegunAnew) {
  std::vector<StoredEntry> stored;
  {
    auto catalogue = OpenIn(directory_.path());
    stored = Fill(*catalogue, 60);
  }
  const std::string base = ReadFile(Database());
  for (uint64_t size = 0; size < base.size(); size += 1777) {
    SCOPED_TRACE("size " + std::to_string(size));
    RemoveAll();
    Place(Database(), base.substr(0, size));
    auto catalogue = OpenIn(directory_.path());
    ASSERT_NE(catalogue, nullptr);
    ReadEverything(*catalogue, stored);
    EXPECT_TRUE(catalogue->Verify().ok());
    Add(*catalogue, Change(Entry(1000, "fresh")));
    EXPECT_TRUE(Has(*catalogue, "fresh"));
  }
}

TEST_F(CatalogueDamageTest, WhatIsNoCatalogueIsMovedAway) {
  TempDir other;
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open((other / "foreign.db").c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(foreign);
  OpenIn(other.path());
  std::string another_format = ReadFile(other / "catalogue.db");
  another_format[63] = 77;  // user_version

  for (const std::string& content : {ReadFile(other / "foreign.db"), std::string(100000, 'x'),
                                     std::string("hello"), another_format}) {
    RemoveAll();
    Place(Database(), content);
    auto catalogue = OpenIn(directory_.path());
    ASSERT_NE(catalogue, nullptr);
    EXPECT_THAT(All(*catalogue), IsEmpty());
    Add(*catalogue, Change(Entry(1)));
    EXPECT_EQ(ReadFile(directory_ / "catalogue.damaged"), content);
  }
}

TEST_F(CatalogueDamageTest, NoSymbolicLinkIsFollowed) {
  TempDir elsewhere;
  OpenIn(elsewhere.path());
  const std::string before = ReadFile(elsewhere / "catalogue.db");
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    RemoveAll();
    fs::create_symlink(elsewhere / "catalogue.db", Database() + suffix);
    auto catalogue = OpenIn(directory_.path());
    ASSERT_NE(catalogue, nullptr);
    Add(*catalogue, Change(Entry(1)));
    EXPECT_FALSE(fs::is_symlink(Database() + suffix));
    EXPECT_EQ(ReadFile(elsewhere / "catalogue.db"), before);
  }
  RemoveAll();
  Place(directory_ / "other", before);
  fs::create_hard_link(directory_ / "other", Database());
  Add(*OpenIn(directory_.path()), Change(Entry(1)));
  EXPECT_EQ(ReadFile(directory_ / "other"), before);
}

TEST_F(CatalogueDamageTest, TheWayToTheDirectoryMayBeALink) {
  TempDir elsewhere;
  fs::create_directory_symlink(directory_.path(), elsewhere / "link");
  Add(*OpenIn(elsewhere / "link"), Change(Entry(1)));
  EXPECT_TRUE(Has(*OpenIn(directory_.path()), "key"));
}

TEST_F(CatalogueDamageTest, OthersCannotReadIt) {
  auto catalogue = OpenIn(directory_.path());
  Add(*catalogue, Change(Entry(1)));
  for (const auto& file : fs::directory_iterator(directory_.path())) {
    EXPECT_EQ(file.status().permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << file.path();
  }
}

TEST_F(CatalogueDamageTest, WhoOnlyLooksReplacesNothing) {
  EXPECT_EQ(Catalogue::Open(directory_.path(), Catalogue::OnDamage::kReport).code(),
            Code::kNotFound);
  Place(Database(), "hello");
  EXPECT_EQ(Catalogue::Open(directory_.path(), Catalogue::OnDamage::kReport).code(), Code::kIo);
  EXPECT_EQ(ReadFile(Database()), "hello");
}

// --- Numbers that are wrong

TEST_F(CatalogueDamageTest, VerifyPutsNumbersRight) {
  StoredEntry entry;
  {
    auto catalogue = OpenIn(directory_.path());
    entry = Add(*catalogue, Change(Entry(1), {{0, 1}}));
    EXPECT_TRUE(*catalogue->Verify());
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(Database().c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database, "DELETE FROM segment; INSERT INTO segment VALUES(1, 77, 0, x'', x'')",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  {
    auto looking = Catalogue::Open(directory_.path(), Catalogue::OnDamage::kReport);
    ASSERT_TRUE(looking.ok());
    EXPECT_FALSE(*(*looking)->Verify());
    EXPECT_EQ(*(*looking)->TotalBytes(), kFillBlock);
  }
  auto catalogue = OpenIn(directory_.path());
  EXPECT_EQ(*catalogue->TotalBytes(), kFillBlock);
  EXPECT_FALSE(*catalogue->Verify());
  EXPECT_EQ(catalogue->generation(), 0U);
  EXPECT_EQ(*catalogue->TotalBytes(), 0U);
  EXPECT_EQ(catalogue->Find(kSource, "key")->front().bytes, 0U);
  EXPECT_TRUE(*catalogue->Verify());
}

TEST_F(CatalogueDamageTest, ARowThatIsNotSoundLeavesWithTheNextBatch) {
  {
    auto catalogue = OpenIn(directory_.path());
    Fill(*catalogue, 3);
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(Database().c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database, "UPDATE entry SET salt = salt + 1 WHERE key = CAST('key1' AS BLOB)",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  auto catalogue = OpenIn(directory_.path());
  EXPECT_FALSE(Has(*catalogue, "key1"));
  EXPECT_TRUE(Has(*catalogue, "key2"));
  std::vector<std::string> files;
  for (const StoredEntry& entry : All(*catalogue)) files.push_back(entry.file);
  EXPECT_THAT(files, testing::UnorderedElementsAre(FileName(0), "", FileName(2)));
  std::vector<CatalogueChange> none;
  ASSERT_TRUE(catalogue->Apply(none, kProcess).ok());
  ASSERT_THAT(All(*catalogue), SizeIs(2));
  EXPECT_EQ(*catalogue->TotalBytes(), All(*catalogue)[0].bytes + All(*catalogue)[1].bytes);
  EXPECT_EQ(*catalogue->CountEntries(), 2U);
  EXPECT_TRUE(*catalogue->Verify());
}

// --- Several at once

TEST_F(CatalogueDamageTest, WhatOneReplacesTheOtherFollows) {
  auto one = OpenIn(directory_.path());
  auto other = OpenIn(directory_.path());
  Add(*one, Change(Entry(1, "old")));
  EXPECT_TRUE(Has(*other, "old"));
  Overwrite(Database(), std::string(fs::file_size(Database()), 'x'));
  fs::remove(Database() + "-wal");
  one = OpenIn(directory_.path());
  EXPECT_FALSE(Has(*one, "old"));
  Add(*other, Change(Entry(2, "new")));
  EXPECT_EQ(other->generation(), 1U);
  EXPECT_TRUE(Has(*one, "new"));
  EXPECT_FALSE(Has(*other, "old"));
  other.reset();
  Add(*one, Change(Entry(3, "newer")));
  EXPECT_TRUE(Has(*OpenIn(directory_.path()), "newer"));
}

TEST_F(CatalogueDamageTest, AnOlderCopyThatIsPutBackIsUsed) {
  StoredEntry old;
  {
    auto catalogue = OpenIn(directory_.path());
    old = Add(*catalogue, Change(Entry(1, "old")));
  }
  const std::string copy = ReadFile(Database());
  auto one = OpenIn(directory_.path());
  auto other = OpenIn(directory_.path());
  const StoredEntry recent = Add(*one, Change(Entry(2, "recent"), {{0, 1}}));
  EXPECT_TRUE(Has(*other, "recent"));
  Place(directory_ / "copy", copy);
  fs::rename(directory_ / "copy", Database());
  EXPECT_TRUE(Has(*one, "old"));
  EXPECT_FALSE(Has(*one, "recent"));
  EXPECT_EQ(one->generation(), 1U);
  std::vector<CatalogueChange> changes{Change(recent, {{1, 1}})};
  ASSERT_TRUE(other->Apply(changes, kPower).ok());
  EXPECT_TRUE(changes[0].taken);
  Add(*other, Change(Entry(3, "newest")));
  EXPECT_TRUE(Has(*one, "newest"));
  EXPECT_TRUE(*one->Verify());
}

TEST_F(CatalogueDamageTest, OneThatIsRemovedUnderARunningOneIsBegunAnew) {
  auto catalogue = OpenIn(directory_.path());
  Add(*catalogue, Change(Entry(1, "old")));
  RemoveAll();
  Add(*catalogue, Change(Entry(2, "new")));
  EXPECT_FALSE(Has(*catalogue, "old"));
  EXPECT_TRUE(Has(*catalogue, "new"));
  EXPECT_TRUE(Has(*OpenIn(directory_.path()), "new"));
}

TEST_F(CatalogueDamageTest, ProcessesThatFindTheDamageTogetherEndInOneDatabase) {
  for (int round = 0; round < 20; ++round) {
    RemoveAll();
    Place(Database(), std::string(50000, 'x'));
    std::vector<pid_t> children;
    for (uint64_t i = 0; i < 4; ++i) {
      children.push_back(Start(
          [&] { Add(*OpenIn(directory_.path()), Change(Entry(i, "key" + std::to_string(i)))); }));
    }
    for (const pid_t child : children) ExpectSuccess(child);
    EXPECT_THAT(All(*OpenIn(directory_.path())), SizeIs(4));
  }
}

TEST_F(CatalogueDamageTest, ProcessesWriteAtOnce) {
  constexpr uint64_t kProcesses = 4;
  constexpr uint64_t kEach = 100;
  std::vector<pid_t> children;
  for (uint64_t process = 0; process < kProcesses; ++process) {
    children.push_back(Start([&] {
      auto catalogue = OpenIn(directory_.path());
      for (uint64_t i = 0; i < kEach; ++i) {
        const uint64_t number = process * kEach + i;
        const StoredEntry entry =
            Add(*catalogue, Change(Entry(number, "key" + std::to_string(number)), {{0, number}}));
        if (i % 2 == 0) Add(*catalogue, Change(entry, {{1, number}}));
      }
    }));
  }
  for (const pid_t child : children) ExpectSuccess(child);
  auto catalogue = OpenIn(directory_.path());
  EXPECT_THAT(All(*catalogue), SizeIs(kProcesses * kEach));
  EXPECT_EQ(*catalogue->TotalBytes(), kProcesses * kEach * kFillBlock * 3 / 2);
  EXPECT_TRUE(*catalogue->Verify());
}

TEST_F(CatalogueDamageTest, WhatWasAppliedOutlivesAKill) {
  std::mt19937 random(3);
  uint64_t last = 0;
  for (int round = 0; round < 30; ++round) {
    int says[2];
    ASSERT_EQ(pipe(says), 0);
    const pid_t child = Start([&] {
      auto catalogue = OpenIn(directory_.path());
      for (uint64_t number = last + 1;; ++number) {
        Add(*catalogue, Change(Entry(number, "key" + std::to_string(number)), {{0, number}}));
        if (write(says[1], &number, sizeof(number)) < 0) break;
      }
    });
    close(says[1]);
    uint64_t number = 0;
    for (uint64_t wanted = 1 + random() % 10; wanted > 0; --wanted) {
      ASSERT_EQ(read(says[0], &number, sizeof(number)), ssize_t{sizeof(number)});
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(says[0], &number, sizeof(number)) > 0) {
    }
    close(says[0]);
    auto catalogue = OpenIn(directory_.path());
    for (uint64_t i = last + 1; i <= number; ++i) {
      EXPECT_TRUE(Has(*catalogue, "key" + std::to_string(i)));
    }
    EXPECT_EQ(catalogue->generation(), 0U);
    EXPECT_TRUE(*catalogue->Verify());
    last = *catalogue->CountEntries();  // one more may have come without being said
    EXPECT_LE(last - number, 1U);
  }
}

// --- The disk

TEST_F(CatalogueDamageTest, AFullDiskIsNoSpaceUntilThereIsSpace) {
  if (!mounted_) GTEST_SKIP() << "mounting takes root";
  ASSERT_EQ(mount("", directory_.path().c_str(), "", MS_REMOUNT, "size=1m"), 0);
  {
    auto catalogue = OpenIn(directory_.path());
    Add(*catalogue, Change(Entry(1)));
    std::ofstream(directory_ / "ballast") << std::string(1 << 20, 'x');
    const auto store = [&](uint64_t number) {
      StoredEntry entry = Entry(number, std::string(5000, 'k') + std::to_string(number));
      std::vector<CatalogueChange> changes{Change(entry)};
      return catalogue->Apply(changes, kPower);
    };
    Status status;
    uint64_t stored = 1;
    for (uint64_t number = 2; status.ok() && number < 1000; ++number) {
      status = store(number);
      stored += status.ok();
    }
    EXPECT_EQ(status.code(), Code::kNoSpace) << status.message();
    EXPECT_THAT(All(*catalogue), SizeIs(stored));
    EXPECT_EQ(store(2000).code(), Code::kNoSpace);
    fs::remove(directory_ / "ballast");
    EXPECT_TRUE(store(2001).ok());
    EXPECT_THAT(All(*catalogue), SizeIs(stored + 1));
    EXPECT_EQ(catalogue->generation(), 0U);
    EXPECT_TRUE(*catalogue->Verify());

    std::ofstream(directory_ / "ballast") << std::string(1 << 20, 'x');
    catalogue.reset();
    RemoveAll();
    std::ofstream(directory_ / "ballast") << std::string(1 << 20, 'x');
    EXPECT_EQ(Catalogue::Open(directory_.path()).code(), Code::kNoSpace);
    fs::remove(directory_ / "ballast");
    EXPECT_TRUE(Catalogue::Open(directory_.path()).ok());
    ASSERT_EQ(mount("", directory_.path().c_str(), "", MS_REMOUNT | MS_RDONLY, ""), 0);
    EXPECT_EQ(Catalogue::Open(directory_.path()).code(), Code::kReadOnly);
  }
}

// --- Size

// Bytes that this process has read by system calls.
uint64_t BytesRead() {
  std::istringstream text(ReadFile("/proc/self/io"));
  std::string name;
  uint64_t bytes = 0;
  text >> name >> bytes;
  EXPECT_EQ(name, "rchar:");
  return bytes;
}

TEST_F(CatalogueDamageTest, NothingDependsOnHowMuchThereIs) {
  constexpr uint64_t kEntries = 100000;
  constexpr uint64_t kBatch = 10000;
  {
    auto catalogue = OpenIn(directory_.path());
    for (uint64_t begin = 0; begin < kEntries; begin += kBatch) {
      std::vector<CatalogueChange> changes;
      for (uint64_t i = begin; i < begin + kBatch; ++i) {
        StoredEntry entry = Entry(i, "big/" + std::to_string(i % 3) + "/" + std::to_string(i));
        entry.last_use = absl::UnixEpoch();  // all at once: the worst case
        changes.push_back(Change(entry, {{0, i}}));
      }
      ASSERT_TRUE(catalogue->Apply(changes, kProcess).ok());
    }
  }
  ASSERT_GT(fs::file_size(Database()), uint64_t{20} << 20);
  constexpr uint64_t kLittle = 512 * 1024;
  const auto reads = [](const std::function<void()>& work) {
    const uint64_t before = BytesRead();
    work();
    return BytesRead() - before;
  };
  std::unique_ptr<Catalogue> catalogue;
  EXPECT_LT(reads([&] { catalogue = OpenIn(directory_.path()); }), kLittle);
  EXPECT_LT(reads([&] { EXPECT_EQ(*catalogue->TotalBytes(), kEntries * kFillBlock); }), kLittle);
  EXPECT_LT(reads([&] { EXPECT_EQ(*catalogue->CountEntries(), kEntries); }), kLittle);
  EXPECT_LT(reads([&] { EXPECT_TRUE(Has(*catalogue, "big/2/77777")); }), kLittle);
  EXPECT_LT(reads([&] {
              EXPECT_THAT(*catalogue->Children(kSource, ""), SizeIs(1));
              EXPECT_THAT(*catalogue->Children(kSource, "big"), SizeIs(3));
            }),
            kLittle);
  std::vector<StoredEntry> coldest;
  EXPECT_LT(reads([&] { coldest = *catalogue->Coldest(20); }), kLittle);
  EXPECT_LT(reads([&] { coldest = *catalogue->Coldest(20, &coldest.back()); }), kLittle);
  EXPECT_THAT(coldest, SizeIs(20));
  EXPECT_LT(reads([&] { Add(*catalogue, Drop(coldest[0])); }), kLittle);
  EXPECT_THAT(All(*catalogue), SizeIs(kEntries - 1));
}

// 100 GB.
TEST_F(CatalogueDamageTest, TheBlocksOfAVeryLargeFileAreReadWithoutTheirChecksums) {
  StoredEntry entry = Entry(1);
  entry.version.length = uint64_t{100} << 30;
  std::vector<StoredBlock> blocks;
  for (uint64_t i = 0; i < *entry.version.length / kFillBlock; ++i) blocks.push_back({i, i});
  {
    auto catalogue = OpenIn(directory_.path());
    entry = Add(*catalogue, Change(entry, blocks));
    EXPECT_EQ(entry.bytes, *entry.version.length);
  }
  auto catalogue = OpenIn(directory_.path());
  const uint64_t before = BytesRead();
  EXPECT_THAT(catalogue->Blocks(entry)->Ranges(), ElementsAre(Range{0, *entry.version.length}));
  EXPECT_LT(BytesRead() - before, uint64_t{4} << 20);
}

}  // namespace
}  // namespace brimfs
