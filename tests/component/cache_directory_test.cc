#include "core/cache_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CacheDirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<CacheDirectory> Open() {
    Result<std::unique_ptr<CacheDirectory>> opened = CacheDirectory::Open(path_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  // Of the files in data/ and in new/.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const char* const place : {"/data", "/new"}) {
      for (const auto& entry : std::filesystem::directory_iterator(path_ + place)) {
        names.push_back(entry.path().filename());
      }
    }
    return names;
  }

  // A name as Create makes it.
  static std::string Name(char digit) { return std::string(32, digit); }

  // A child that holds `names` until it is killed.
  pid_t ForkHolder(const std::vector<std::string>& names) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
      Result<std::unique_ptr<CacheDirectory>> opened = CacheDirectory::Open(path_);
      std::vector<CacheDirectory::Claim> claims;
      bool all = opened.ok();
      for (const std::string& name : names) {
        std::optional<CacheDirectory::Claim> claim = (*opened)->TryClaimNow(name);
        all = all && claim;
        if (claim) claims.push_back(std::move(*claim));
      }
      const char answer = all ? 'y' : 'n';
      if (write(ready[1], &answer, 1) == 1) pause();
      _exit(1);
    }
    close(ready[1]);
    char answer = 0;
    EXPECT_EQ(read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    close(ready[0]);
    return child;
  }
  static void Kill(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }

  TempDir temp_;
  const std::string path_ = temp_ / "deep/cache";
};

TEST_F(CacheDirectoryTest, IsMadeForItsOwnerAlone) {
  ASSERT_NE(Open(), nullptr);
  for (const std::string& made : {path_, path_ + "/data", path_ + "/new"}) {
    struct stat info;
    ASSERT_EQ(stat(made.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u) << made;
  }
}

TEST_F(CacheDirectoryTest, ANewFileIsPrivateAndItsNameSaysNothing) {
  const auto directory = Open();
  const Result<CacheDirectory::NewFile> file = directory->Create();
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(CacheDirectory::IsFileName(file->name));
  struct stat info;
  ASSERT_EQ(stat((path_ + "/new/" + file->name).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_NE(directory->Create()->name, file->name);
}

TEST_F(CacheDirectoryTest, OnlyWhatCreateMakesIsAFileName) {
  EXPECT_TRUE(CacheDirectory::IsFileName(Name('a')));
  for (const std::string& other : {std::string(), std::string("../../etc/passwd"), Name('g'),
                                   Name('A'), Name('a') + "a", std::string(31, 'a')}) {
    EXPECT_FALSE(CacheDirectory::IsFileName(other)) << other;
  }
}

TEST_F(CacheDirectoryTest, AKeptFileIsFoundAndARemovedOneIsNot) {
  const auto directory = Open();
  const Result<CacheDirectory::NewFile> file = directory->Create();
  ASSERT_EQ(pwrite(file->fd.get(), "x", 1, 0), 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(directory->OpenFile(file->name, CacheDirectory::Access::kRead).ok());
    EXPECT_TRUE(directory->Keep(file->name).ok());
    EXPECT_EQ(ReadFile(path_ + "/data/" + file->name), "x");
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(directory->Remove(file->name).ok());
    EXPECT_EQ(directory->OpenFile(file->name, CacheDirectory::Access::kRead).code(),
              Code::kNotFound);
  }
  EXPECT_EQ(pwrite(file->fd.get(), "x", 1, 0), 1) << "the descriptor outlives the name";
}

TEST_F(CacheDirectoryTest, AFileWithoutANameLeavesNothing) {
  const auto directory = Open();
  const Result<UniqueFd> fd = directory->CreateUnnamed();
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), 1);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(CacheDirectoryTest, WhatIsNoFileOfOursIsNotOpened) {
  const auto directory = Open();
  const std::string at = path_ + "/data/" + Name('a');
  const auto refused = [&] {
    const bool ok = directory->OpenFile(Name('a'), CacheDirectory::Access::kRead).ok();
    EXPECT_TRUE(directory->Remove(Name('a')).ok());
    EXPECT_THAT(Names(), IsEmpty());
    return !ok;
  };
  WriteFile(temp_ / "elsewhere", "secret");
  ASSERT_EQ(chmod((temp_ / "elsewhere").c_str(), 0600), 0);
  ASSERT_EQ(symlink((temp_ / "elsewhere").c_str(), at.c_str()), 0);
  EXPECT_TRUE(refused());
  ASSERT_EQ(link((temp_ / "elsewhere").c_str(), at.c_str()), 0);
  EXPECT_TRUE(refused()) << "another name of it is out of our hands";
  ASSERT_EQ(mkfifo(at.c_str(), 0600), 0);
  EXPECT_TRUE(refused());
  ASSERT_EQ(mkdir(at.c_str(), 0700), 0);
  EXPECT_TRUE(refused());
  WriteFile(at, "others may write this");
  ASSERT_EQ(chmod(at.c_str(), 0666), 0);
  EXPECT_TRUE(refused());
  EXPECT_EQ(ReadFile(temp_ / "elsewhere"), "secret");
}

TEST_F(CacheDirectoryTest, TwoOfThemExcludeEachOtherFileByFile) {
  const auto a = Open();
  const auto b = Open();
  {
    const auto of_a = a->TryClaim(Name('1'));
    EXPECT_TRUE(of_a.has_value());
    EXPECT_FALSE(b->TryClaim(Name('1')).has_value());
    EXPECT_TRUE(b->TryClaim(Name('2')).has_value());
  }
  EXPECT_TRUE(b->TryClaim(Name('1')).has_value());
}

TEST_F(CacheDirectoryTest, AClaimOfThisProcessIsWaitedFor) {
  const auto directory = Open();
  std::optional<CacheDirectory::Claim> first = directory->TryClaim(Name('1'));
  EXPECT_FALSE(directory->TryClaimNow(Name('1')).has_value());
  std::atomic<bool> got{false};
  std::thread second([&] { got = directory->TryClaim(Name('1')).has_value(); });
  first.reset();
  second.join();
  EXPECT_TRUE(got);
}

TEST_F(CacheDirectoryTest, KillingTheHolderFreesItsClaims) {
  const std::vector<std::string> names = {Name('a'), Name('b'), Name('c')};
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ForkHolder(names);
    const auto directory = Open();
    for (const std::string& name : names) EXPECT_FALSE(directory->TryClaim(name).has_value());
    Kill(child);
    for (const std::string& name : names) EXPECT_TRUE(directory->TryClaim(name).has_value());
  }
}

TEST_F(CacheDirectoryTest, WhoeverLeavesIsSeenByThoseWhoWantWhatItHasUntilItIsGone) {
  const auto stays = Open();
  {
    const auto leaves = Open();
    const auto claim = leaves->TryClaim(Name('1'));
    EXPECT_FALSE(stays->HolderLeaves(Name('1')));
    leaves->Leave();
    EXPECT_TRUE(stays->HolderLeaves(Name('1')));
    EXPECT_FALSE(stays->HolderLeaves(Name('2')));
  }
  EXPECT_FALSE(stays->HolderLeaves(Name('1')));
}

TEST_F(CacheDirectoryTest, IsRefusedIfOthersMayEnter) {
  std::filesystem::create_directories(path_);
  ASSERT_EQ(chmod(path_.c_str(), 0750), 0);
  const auto opened = CacheDirectory::Open(path_);
  ASSERT_EQ(opened.code(), Code::kDenied);
  EXPECT_THAT(opened.status().message(), HasSubstr("chmod 700 " + path_));
}

TEST_F(CacheDirectoryTest, IsRefusedIfItIsAnotherUsers) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  std::filesystem::create_directories(path_);
  ASSERT_EQ(chmod(path_.c_str(), 0700), 0);
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  const auto opened = CacheDirectory::Open(path_);
  ASSERT_EQ(opened.code(), Code::kDenied);
  EXPECT_THAT(opened.status().message(), HasSubstr("-o cache="));
}

TEST_F(CacheDirectoryTest, NothingBelowItMayBeASymbolicLink) {
  for (const char* name : {"data", "new", "claims"}) {
    std::filesystem::remove_all(path_);
    Open();
    std::filesystem::remove_all(path_ + "/" + name);
    std::filesystem::create_directories(temp_ / "elsewhere");
    ASSERT_EQ(symlink((temp_ / "elsewhere").c_str(), (path_ + "/" + name).c_str()), 0);
    EXPECT_FALSE(CacheDirectory::Open(path_).ok()) << name;
  }
}

TEST_F(CacheDirectoryTest, AFileInItsPlaceIsAnErrorThatNamesIt) {
  WriteFile(path_, "not a directory");
  const auto opened = CacheDirectory::Open(path_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.status().message(), HasSubstr(path_));
}

TEST_F(CacheDirectoryTest, OfManyThreadsOneHasTheClaim) {
  const auto a = Open();
  const auto b = Open();
  std::atomic<int> holders{0};
  std::atomic<bool> twice{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto claim = (t % 2 == 0 ? a : b)->TryClaimNow(Name('1'));
        if (!claim) continue;
        if (holders.fetch_add(1) != 0) twice = true;
        holders.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(twice);
}

}  // namespace
}  // namespace brimfs
