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
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class CacheDirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<CacheDirectory> Open() {
    Result<std::unique_ptr<CacheDirectory>> opened = CacheDirectory::Open(path_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_ + "/data")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // A child that holds `names` until it is killed.
  pid_t ForkHolder(const std::vector<std::string>& names) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
      Result<std::unique_ptr<CacheDirectory>> opened = CacheDirectory::Open(path_);
      std::vector<CacheDirectory::Entry> entries;
      bool all = opened.ok();
      for (const std::string& name : names) {
        Result<CacheDirectory::Entry> entry = (*opened)->Create(name);
        all = all && entry.ok() && entry->claimed();
        entries.push_back(std::move(*entry));
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
  for (const std::string& made : {path_, path_ + "/data"}) {
    struct stat info;
    ASSERT_EQ(stat(made.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u) << made;
  }
}

TEST_F(CacheDirectoryTest, AnEntryIsAPrivateFileThatIsGoneAtItsEnd) {
  const auto directory = Open();
  {
    const Result<CacheDirectory::Entry> entry = directory->Create("one");
    ASSERT_TRUE(entry.ok());
    EXPECT_TRUE(entry->claimed());
    EXPECT_THAT(Names(), UnorderedElementsAre("one"));
    struct stat info;
    ASSERT_EQ(stat((path_ + "/data/one").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(CacheDirectoryTest, TheDescriptorOutlivesTheEntry) {
  const auto directory = Open();
  UniqueFd fd;
  {
    Result<CacheDirectory::Entry> entry = directory->Create("one");
    fd = entry->TakeFd();
  }
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 0), 1);
}

TEST_F(CacheDirectoryTest, ASecondClaimOfOneProcessGetsAFileWithoutAName) {
  const auto directory = Open();
  const Result<CacheDirectory::Entry> first = directory->Create("one");
  {
    Result<CacheDirectory::Entry> second = directory->Create("one");
    ASSERT_TRUE(second.ok());
    EXPECT_FALSE(second->claimed());
    EXPECT_TRUE(second->TakeFd().valid());
    EXPECT_THAT(Names(), UnorderedElementsAre("one"));
  }
  EXPECT_THAT(Names(), UnorderedElementsAre("one"));  // the end of the second hurts the first not
  EXPECT_FALSE(directory->Create("one")->claimed());
}

TEST_F(CacheDirectoryTest, TwoOfThemExcludeEachOtherEntryByEntry) {
  const auto a = Open();
  const auto b = Open();
  {
    const Result<CacheDirectory::Entry> of_a = a->Create("one");
    EXPECT_TRUE(of_a->claimed());
    EXPECT_FALSE(b->Create("one")->claimed());
    EXPECT_TRUE(b->Create("two")->claimed());
  }
  EXPECT_TRUE(b->Create("one")->claimed());
}

TEST_F(CacheDirectoryTest, WhatIsLeftOverIsSweptAndWhatIsHeldIsNot) {
  const auto holder = Open();
  const Result<CacheDirectory::Entry> held = holder->Create("held");
  WriteFile(path_ + "/data/left", "over");
  Open();
  EXPECT_THAT(Names(), UnorderedElementsAre("held"));
}

TEST_F(CacheDirectoryTest, ALeftoverIsReplacedAndNeverTruncated) {
  const auto directory = Open();
  WriteFile(path_ + "/data/one", "the kernel may still map this");
  const std::string keeps = temp_ / "keeps";
  ASSERT_EQ(link((path_ + "/data/one").c_str(), keeps.c_str()), 0);
  const Result<CacheDirectory::Entry> entry = directory->Create("one");
  EXPECT_EQ(ReadFile(path_ + "/data/one"), "");
  EXPECT_EQ(ReadFile(keeps), "the kernel may still map this");
}

TEST_F(CacheDirectoryTest, KillingTheHolderFreesItsClaims) {
  const std::vector<std::string> names = {"a", "b", "c"};
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ForkHolder(names);
    const auto directory = Open();
    for (const std::string& name : names) EXPECT_FALSE(directory->Create(name)->claimed());
    EXPECT_THAT(Names(), UnorderedElementsAre("a", "b", "c"));
    Kill(child);
    for (const std::string& name : names) EXPECT_TRUE(directory->Create(name)->claimed());
    EXPECT_THAT(Names(), IsEmpty());
  }
}

TEST_F(CacheDirectoryTest, WhatAKilledProcessLeftIsSweptByTheNext) {
  Kill(ForkHolder({"a", "b"}));
  EXPECT_THAT(Names(), UnorderedElementsAre("a", "b"));
  Open();
  EXPECT_THAT(Names(), IsEmpty());
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
  for (const char* name : {"data", "claims"}) {
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
        const Result<CacheDirectory::Entry> entry = (t % 2 == 0 ? a : b)->Create("one");
        if (!entry.ok() || !entry->claimed()) continue;
        if (holders.fetch_add(1) != 0) twice = true;
        holders.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(twice);
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace brimfs
