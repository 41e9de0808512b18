#include "tests/support/power_cut_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/oracle.h"

namespace brimfs {
namespace {

constexpr uint64_t kPage = PagedContent::kPage;

class PowerCutDiskTest : public testing::Test {
 protected:
  PowerCutDiskTest() {
    std::filesystem::create_directories(dir_ / "root/new");
    std::filesystem::create_directories(dir_ / "root/data");
    WriteFile(dir_ / "root/data/old", "old");
    new_ = OpenDirectory("new");
    data_ = OpenDirectory("data");
    disk_.emplace(dir_ / "root");
  }

  UniqueFd OpenDirectory(const std::string& name) {
    return UniqueFd(open((dir_ / "root/" + name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  UniqueFd Create(const UniqueFd& directory, const std::string& name) {
    int fd = -1;
    EXPECT_EQ(disk_->Create(directory.get(), name, &fd), 0);
    return UniqueFd(fd);
  }

  int Write(const UniqueFd& file, uint64_t offset, const std::string& text) {
    return disk_->Write(file.get(), offset, std::as_bytes(std::span(text)));
  }

  // What a file holds after the cut, "-" if there is none.
  std::string Left(const std::string& name,
                   PowerCutDisk::Unsynced unsynced = PowerCutDisk::Unsynced::kLost,
                   uint32_t seed = 0) {
    const std::string to = dir_ / std::to_string(++trees_);
    disk_->Materialise(to, unsynced, PowerCutDisk::Commits::kUntilTheCut, seed);
    const std::string left =
        std::filesystem::exists(to + "/" + name) ? ReadFile(to + "/" + name) : "-";
    std::filesystem::remove_all(to);
    return left;
  }

  TempDir dir_;
  UniqueFd new_;
  UniqueFd data_;
  std::optional<PowerCutDisk> disk_;
  int trees_ = 0;
};

TEST_F(PowerCutDiskTest, WhatWasThereBeforeStays) { EXPECT_EQ(Left("data/old"), "old"); }

TEST_F(PowerCutDiskTest, ANameAloneIsAnEmptyFile) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "text"), 0);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  EXPECT_EQ(Left("new/a"), "");
  EXPECT_EQ(ReadFile(dir_ / "root/new/a"), "text");
}

TEST_F(PowerCutDiskTest, BytesWithoutTheirNameAreLost) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "text"), 0);
  EXPECT_EQ(disk_->Sync(file.get()), 0);
  EXPECT_EQ(Left("new/a"), "-");
}

TEST_F(PowerCutDiskTest, AFileIsAsAtItsLastSync) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "text"), 0);
  EXPECT_EQ(disk_->Sync(file.get()), 0);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  EXPECT_EQ(Write(file, 2, "much more"), 0);
  EXPECT_EQ(disk_->Truncate(file.get(), 3), 0);
  EXPECT_EQ(disk_->Punch(file.get(), {0, 2}), 0);
  EXPECT_EQ(Left("new/a"), "text");
  EXPECT_EQ(disk_->Sync(file.get()), 0);
  EXPECT_EQ(Left("new/a"), std::string("\0\0m", 3));
  EXPECT_EQ(ReadFile(dir_ / "root/new/a"), std::string("\0\0m", 3));
}

TEST_F(PowerCutDiskTest, ARenameTakesBothDirectories) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "text"), 0);
  EXPECT_EQ(disk_->SyncFileSystem(file.get()), 0);
  EXPECT_EQ(disk_->Rename(new_.get(), "a", data_.get(), "b"), 0);
  EXPECT_EQ(disk_->SyncDirectory(data_.get()), 0);
  EXPECT_EQ(Left("new/a"), "text");
  EXPECT_EQ(Left("data/b"), "-");
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  EXPECT_EQ(Left("new/a"), "-");
  EXPECT_EQ(Left("data/b"), "text");
}

TEST_F(PowerCutDiskTest, AnUnlinkedNameIsBackUntilItsDirectoryIsSynced) {
  EXPECT_EQ(disk_->Unlink(data_.get(), "old"), 0);
  EXPECT_EQ(Left("data/old"), "old");
  EXPECT_EQ(disk_->SyncDirectory(data_.get()), 0);
  EXPECT_EQ(Left("data/old"), "-");
}

TEST_F(PowerCutDiskTest, ChangesOfOneNameKeepTheirOrder) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(disk_->Rename(new_.get(), "a", data_.get(), "a"), 0);
  EXPECT_EQ(disk_->Unlink(data_.get(), "a"), 0);
  EXPECT_EQ(disk_->SyncDirectory(data_.get()), 0);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  EXPECT_EQ(Left("data/a"), "-");
  EXPECT_EQ(Left("new/a"), "-");
}

TEST_F(PowerCutDiskTest, AfterTheCutNothingChanges) {
  const UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "text"), 0);
  disk_->CutAfter(3);
  EXPECT_FALSE(disk_->cut());
  EXPECT_EQ(disk_->SyncFileSystem(file.get()), 0);
  EXPECT_TRUE(disk_->cut());
  std::vector<std::byte> bytes(1);
  int fd = -1;
  EXPECT_EQ(Write(file, 0, "later"), EIO);
  EXPECT_EQ(disk_->Read(file.get(), 0, bytes), EIO);
  EXPECT_EQ(disk_->Truncate(file.get(), 0), EIO);
  EXPECT_EQ(disk_->Punch(file.get(), {0, 1}), EIO);
  EXPECT_EQ(disk_->Sync(file.get()), EIO);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), EIO);
  EXPECT_EQ(disk_->SyncFileSystem(file.get()), EIO);
  EXPECT_EQ(disk_->Rename(new_.get(), "a", data_.get(), "a"), EIO);
  EXPECT_EQ(disk_->Unlink(data_.get(), "old"), EIO);
  EXPECT_EQ(disk_->Create(new_.get(), "b", &fd), EIO);
  EXPECT_EQ(ReadFile(dir_ / "root/new/a"), "text");
  EXPECT_EQ(Left("new/a"), "text");
  EXPECT_EQ(Left("data/old"), "old");
}

TEST_F(PowerCutDiskTest, AnInodesNumberIsNotTakenForAnotherFile) {
  UniqueFd file = Create(new_, "a");
  EXPECT_EQ(Write(file, 0, "first"), 0);
  EXPECT_EQ(disk_->SyncFileSystem(file.get()), 0);
  EXPECT_EQ(disk_->Unlink(new_.get(), "a"), 0);
  file = UniqueFd();
  for (int i = 0; i < 10; ++i) {
    const UniqueFd other = Create(new_, std::to_string(i));
    EXPECT_EQ(Write(other, 0, "other"), 0);
    EXPECT_EQ(disk_->Sync(other.get()), 0);
  }
  EXPECT_EQ(Left("new/a"), "first");
}

TEST_F(PowerCutDiskTest, OfWhatWasNotSyncedSomePagesAreLeft) {
  const UniqueFd file = Create(new_, "a");
  constexpr uint64_t kLength = 16 * kPage;
  EXPECT_EQ(disk_->Write(file.get(), 0, OracleBytes(1, {0, kLength})), 0);
  EXPECT_EQ(disk_->SyncFileSystem(file.get()), 0);
  EXPECT_EQ(disk_->Write(file.get(), 0, OracleBytes(2, {0, kLength})), 0);
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 10; ++seed) {
    const std::string left = Left("new/a", PowerCutDisk::Unsynced::kSome, seed);
    ASSERT_EQ(left.size(), kLength);
    for (uint64_t at = 0; at < kLength; at += kPage) {
      const auto page = std::as_bytes(std::span(left).subspan(at, kPage));
      EXPECT_NE(FirstWrongByte(1, at, page).has_value(), FirstWrongByte(2, at, page).has_value());
    }
    seen.insert(left);
  }
  EXPECT_GT(seen.size(), 5);
}

TEST_F(PowerCutDiskTest, OfNamesThatWereNotSyncedTheFirstFewAreLeft) {
  for (const char* name : {"a", "b", "c"}) Create(new_, name);
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::string left;
    for (const char* name : {"a", "b", "c"}) {
      if (Left(std::string("new/") + name, PowerCutDisk::Unsynced::kSome, seed) != "-") {
        left += name;
      }
    }
    seen.insert(left);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "a", "ab", "abc"}));
}

class Database {
 public:
  explicit Database(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
  }
  ~Database() { sqlite3_close(db_); }

  void Run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }

  int Count() {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, "SELECT count(*) FROM t", -1, &statement, nullptr),
              SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const int count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return count;
  }

 private:
  sqlite3* db_ = nullptr;
};

TEST_F(PowerCutDiskTest, TheCatalogueIsAsAtTheCut) {
  Database database(dir_ / "root/catalogue.db");
  database.Run("PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  disk_->CutAfter(2);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  database.Run("INSERT INTO t VALUES (2)");
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), 0);
  database.Run("INSERT INTO t VALUES (3)");
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), EIO);
  database.Run("INSERT INTO t VALUES (4)");
  disk_->Materialise(dir_ / "before", PowerCutDisk::Unsynced::kLost,
                     PowerCutDisk::Commits::kBeforeTheLastCall);
  disk_->Materialise(dir_ / "until", PowerCutDisk::Unsynced::kLost,
                     PowerCutDisk::Commits::kUntilTheCut);
  EXPECT_EQ(Database(dir_ / "before/catalogue.db").Count(), 2);
  EXPECT_EQ(Database(dir_ / "until/catalogue.db").Count(), 3);
  EXPECT_EQ(database.Count(), 4);
}

// Whether another process finds the database in use.
bool InUse(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool asked = fcntl(fd, F_GETLK, &lock) == 0;
    _exit(asked && lock.l_type != F_UNLCK ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(PowerCutDiskTest, CopyingTheCatalogueTakesNoLockAway) {
  const std::string path = dir_ / "root/catalogue.db";
  Database database(path);
  database.Run("PRAGMA journal_mode=WAL; CREATE TABLE t(a)");
  ASSERT_TRUE(InUse(path));
  disk_->CutAfter(0);
  EXPECT_EQ(disk_->SyncDirectory(new_.get()), EIO);
  disk_->Materialise(dir_ / "left", PowerCutDisk::Unsynced::kLost,
                     PowerCutDisk::Commits::kUntilTheCut);
  EXPECT_TRUE(InUse(path));
}

}  // namespace
}  // namespace brimfs
