#include "core/cache_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/block_checksum.h"
#include "tests/support/stored_entries.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kLength = 5 * kFillBlock - 100;

class CacheCheckTest : public ::testing::Test {
 protected:
  CacheCheckTest() {
    directory_ = std::move(*CacheDirectory::Open(path_.path()));
    catalogue_ = std::move(*Catalogue::Open(path_.path()));
  }

  // An entry with the blocks 0, 1, 3 and 4 of its file.
  StoredEntry Store(uint64_t number, bool kernels = false) {
    auto file = directory_->Create();
    EXPECT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(ftruncate(file->fd.get(), kLength), 0);
    StoredEntry entry = Entry(number, "key" + std::to_string(number));
    entry.file = file->name;
    entry.version.length = kLength;
    entry.kernels = kernels;
    CatalogueChange change = Change(entry);
    for (const uint64_t block : {0, 1, 3, 4}) {
      const Range range{block * kFillBlock, std::min((block + 1) * kFillBlock, kLength)};
      const std::vector<std::byte> bytes(range.size(), static_cast<std::byte>(number + block));
      EXPECT_EQ(io_.Write(file->fd.get(), range.begin, bytes), 0);
      change.add.push_back({block, BlockChecksum(entry.salt, block, bytes)});
    }
    std::vector<CatalogueChange> changes{change};
    EXPECT_TRUE(catalogue_->Apply(changes, Catalogue::Durability::kProcess).ok());
    EXPECT_TRUE(directory_->Keep(entry.file).ok());
    return changes[0].entry;
  }

  std::string PathOf(const StoredEntry& entry) { return path_ / ("data/" + entry.file); }

  void Damage(const StoredEntry& entry, uint64_t offset) {
    std::fstream file(PathOf(entry), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put('!');
  }

  CacheCheckResult Check(bool repair = true) {
    lines_.clear();
    CacheCheckOptions options;
    options.repair = repair;
    auto result = CheckCache(*directory_, *catalogue_, io_, options,
                             [&](const std::string& line) { lines_.push_back(line); });
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *result : CacheCheckResult();
  }

  // The entry as it is now.
  std::optional<StoredEntry> Now(const StoredEntry& entry) { return *catalogue_->Get(entry.id); }

  std::vector<Range> Blocks(const StoredEntry& entry) {
    return catalogue_->Blocks(entry)->Ranges();
  }

  size_t Files() {
    size_t count = 0;
    for (const char* const place : {"new", "data"}) {
      for ([[maybe_unused]] const auto& file : fs::directory_iterator(path_ / place)) ++count;
    }
    return count;
  }

  TempDir path_;
  FileIo& io_ = FileIo::System();
  std::unique_ptr<CacheDirectory> directory_;
  std::unique_ptr<Catalogue> catalogue_;
  std::vector<std::string> lines_;
};

TEST_F(CacheCheckTest, WhatIsRightStaysAsItIs) {
  const StoredEntry entry = Store(1);
  Store(2, /*kernels=*/true);
  const CacheCheckResult result = Check();
  EXPECT_EQ(result.entries, 2U);
  EXPECT_EQ(result.bytes, 2 * (4 * kFillBlock - 100));
  EXPECT_EQ(result.corrected + result.left + result.in_use, 0U);
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_THAT(*Now(entry), IsEntry(entry));
}

TEST_F(CacheCheckTest, DamagedBlocksAreForgottenAndPunched) {
  const StoredEntry entry = Store(1);
  Damage(entry, kFillBlock + 7);
  Damage(entry, kLength - 1);
  const CacheCheckResult result = Check();
  EXPECT_EQ(result.corrected, 1U);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("key1: " + std::to_string(2 * kFillBlock - 100) +
                                            " bytes are damaged")));
  EXPECT_THAT(Blocks(entry),
              ElementsAre(Range{0, kFillBlock}, Range{3 * kFillBlock, 4 * kFillBlock}));
  EXPECT_EQ(ReadFile(PathOf(entry)).substr(kFillBlock, kFillBlock), std::string(kFillBlock, '\0'));
  EXPECT_EQ(*catalogue_->TotalBytes(), 2 * kFillBlock);
  EXPECT_EQ(Check().corrected, 0U);
}

TEST_F(CacheCheckTest, OfAFileThatTheKernelHadANewOneIsMade) {
  const StoredEntry entry = Store(1, /*kernels=*/true);
  Damage(entry, 3 * kFillBlock);
  const std::string before = ReadFile(PathOf(entry));
  const int kernels = open(PathOf(entry).c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(Check().corrected, 1U);
  const std::optional<StoredEntry> now = Now(entry);
  ASSERT_TRUE(now);
  EXPECT_NE(now->file, entry.file);
  EXPECT_FALSE(now->kernels);
  EXPECT_FALSE(fs::exists(PathOf(entry)));
  EXPECT_THAT(Blocks(*now), ElementsAre(Range{0, 2 * kFillBlock}, Range{4 * kFillBlock, kLength}));
  EXPECT_EQ(ReadFile(PathOf(*now)).substr(0, 2 * kFillBlock), before.substr(0, 2 * kFillBlock));
  // Whoever has the old one mapped still reads what was in it.
  std::string held(before.size(), '\0');
  EXPECT_EQ(pread(kernels, held.data(), held.size(), 0), static_cast<ssize_t>(held.size()));
  EXPECT_EQ(held, before);
  close(kernels);
  EXPECT_EQ(Files(), 1U);
  const CacheCheckResult again = Check();
  EXPECT_EQ(again.corrected, 0U);
  EXPECT_EQ(again.bytes, 3 * kFillBlock - 100);
}

TEST_F(CacheCheckTest, EntriesWithoutTheirFileLeave) {
  const StoredEntry missing = Store(1);
  const StoredEntry cut = Store(2);
  const StoredEntry link = Store(3);
  const StoredEntry twice = Store(4);
  const StoredEntry directory = Store(5);
  const StoredEntry good = Store(6);
  fs::remove(PathOf(missing));
  fs::resize_file(PathOf(cut), kLength - 1);
  fs::rename(PathOf(link), path_ / "elsewhere");
  fs::create_symlink(path_ / "elsewhere", PathOf(link));
  fs::create_hard_link(PathOf(twice), path_ / "another");
  fs::remove(PathOf(directory));
  fs::create_directory(PathOf(directory));
  EXPECT_EQ(Check().corrected, 5U);
  for (const StoredEntry& entry : {missing, cut, link, twice, directory}) {
    EXPECT_FALSE(Now(entry)) << entry.key;
    EXPECT_FALSE(fs::exists(fs::symlink_status(PathOf(entry)))) << entry.key;
  }
  EXPECT_TRUE(Now(good));
  EXPECT_EQ(ReadFile(path_ / "elsewhere").size(), kLength);
  EXPECT_EQ(ReadFile(path_ / "another").size(), kLength);
  EXPECT_EQ(Check().corrected, 0U);
}

TEST_F(CacheCheckTest, SwappedFilesAreFoundOut) {
  const StoredEntry one = Store(1);
  const StoredEntry other = Store(2);
  fs::rename(PathOf(one), path_ / "between");
  fs::rename(PathOf(other), PathOf(one));
  fs::rename(path_ / "between", PathOf(other));
  EXPECT_EQ(Check().corrected, 2U);
  EXPECT_THAT(Blocks(one), IsEmpty());
  EXPECT_THAT(Blocks(other), IsEmpty());
}

TEST_F(CacheCheckTest, FilesOfNobodyAreRemoved) {
  const StoredEntry entry = Store(1);
  std::ofstream(path_ / ("data/" + FileName(77))) << "lost";
  std::ofstream(path_ / ("new/" + FileName(78))) << "never finished";
  std::ofstream(path_ / "data/notes.txt") << "somebody's";
  const auto unfinished = directory_->Create();
  ASSERT_TRUE(unfinished.ok());
  const CacheCheckResult result = Check();
  EXPECT_EQ(result.corrected, 2U);
  EXPECT_EQ(result.left, 1U);
  EXPECT_THAT(lines_, Contains(HasSubstr("notes.txt")));
  EXPECT_FALSE(fs::exists(path_ / ("data/" + FileName(77))));
  EXPECT_FALSE(fs::exists(path_ / ("new/" + FileName(78))));
  EXPECT_TRUE(fs::exists(path_ / ("new/" + unfinished->name)));
  EXPECT_TRUE(fs::exists(path_ / "data/notes.txt"));
  EXPECT_TRUE(fs::exists(PathOf(entry)));
}

TEST_F(CacheCheckTest, WhatIsInUseIsLeftAloneAndSaid) {
  const StoredEntry entry = Store(1);
  Damage(entry, 0);
  auto claim = directory_->TryClaimNow(entry.file);
  ASSERT_TRUE(claim);
  CacheCheckResult result = Check();
  EXPECT_EQ(result.in_use, 1U);
  EXPECT_EQ(result.entries + result.corrected, 0U);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("key1: in use")));
  EXPECT_THAT(*Now(entry), IsEntry(entry));
  claim.reset();
  result = Check();
  EXPECT_EQ(result.in_use, 0U);
  EXPECT_EQ(result.corrected, 1U);
}

TEST_F(CacheCheckTest, OnlyLookingChangesNothing) {
  const StoredEntry damaged = Store(1);
  const StoredEntry kernels = Store(2, /*kernels=*/true);
  const StoredEntry missing = Store(3);
  Damage(damaged, 0);
  Damage(kernels, 0);
  fs::remove(PathOf(missing));
  std::ofstream(path_ / ("data/" + FileName(77))) << "lost";
  catalogue_ = std::move(*Catalogue::Open(path_.path(), Catalogue::OnDamage::kReport));
  const CacheCheckResult result = Check(/*repair=*/false);
  EXPECT_EQ(result.left, 4U);
  EXPECT_EQ(result.corrected, 0U);
  for (const StoredEntry& entry : {damaged, kernels, missing}) {
    EXPECT_THAT(*Now(entry), IsEntry(entry));
  }
  EXPECT_EQ(Files(), 3U);
  catalogue_ = std::move(*Catalogue::Open(path_.path()));
  EXPECT_EQ(Check().corrected, 4U);
}

// --- Rebuilding

// Fails the Nth call that changes something.
class FailingFileIo : public FileIo {
 public:
  int Create(int directory, const std::string& name, int* fd) override {
    return Fails() ? EIO : real_.Create(directory, name, fd);
  }
  int Write(int fd, uint64_t offset, std::span<const std::byte> data) override {
    return Fails() ? ENOSPC : real_.Write(fd, offset, data);
  }
  int Read(int fd, uint64_t offset, std::span<std::byte> out) override {
    return real_.Read(fd, offset, out);
  }
  int Truncate(int fd, uint64_t length) override {
    return Fails() ? EIO : real_.Truncate(fd, length);
  }
  int Punch(int fd, const Range& range) override { return Fails() ? EIO : real_.Punch(fd, range); }
  int Sync(int fd) override { return Fails() ? EIO : real_.Sync(fd); }
  int SyncDirectory(int fd) override { return Fails() ? EIO : real_.SyncDirectory(fd); }
  int SyncFileSystem(int fd) override { return Fails() ? EIO : real_.SyncFileSystem(fd); }
  int Rename(int from, const std::string& old_name, int to, const std::string& new_name) override {
    return Fails() ? EIO : real_.Rename(from, old_name, to, new_name);
  }
  int Unlink(int directory, const std::string& name) override {
    return Fails() ? EIO : real_.Unlink(directory, name);
  }

  int fail_at = 0;  // 0: never
  int calls = 0;

 private:
  bool Fails() { return ++calls == fail_at; }
  FileIo& real_ = FileIo::System();
};

TEST_F(CacheCheckTest, ARebuildingThatFailsAnywhereLosesNothing) {
  bool failed = true;
  int fail_at = 0;
  for (; failed && fail_at < 100; ++fail_at) {
    SCOPED_TRACE("call " + std::to_string(fail_at + 1));
    const StoredEntry entry = Store(static_cast<uint64_t>(fail_at), /*kernels=*/true);
    FailingFileIo failing;
    failing.fail_at = fail_at + 1;
    {
      auto directory = std::move(*CacheDirectory::Open(path_.path(), failing));
      const auto claim = directory->TryClaimNow(entry.file);
      ASSERT_TRUE(claim);
      failed = !RebuildFile(*directory, *catalogue_, failing, entry).ok();
      failed |= failing.calls >= failing.fail_at;
    }
    const CacheCheckResult after = Check();
    EXPECT_EQ(after.left, 0U);
    const std::optional<StoredEntry> now = Now(entry);
    ASSERT_TRUE(now);
    EXPECT_EQ(now->bytes, 4 * kFillBlock - 100);
    EXPECT_EQ(Check().corrected, 0U);
    EXPECT_EQ(Files(), static_cast<size_t>(fail_at) + 1);
  }
  EXPECT_GT(fail_at, 8);
  EXPECT_FALSE(failed);
}

TEST_F(CacheCheckTest, RebuildingWhatIsGoneIsNotFound) {
  const StoredEntry entry = Store(1, /*kernels=*/true);
  CatalogueChange drop = Drop(entry);
  std::vector<CatalogueChange> changes{drop};
  ASSERT_TRUE(catalogue_->Apply(changes, Catalogue::Durability::kProcess).ok());
  EXPECT_EQ(RebuildFile(*directory_, *catalogue_, io_, entry).code(), Code::kNotFound);
  EXPECT_EQ(Files(), 1U);
}

}  // namespace
}  // namespace brimfs
