// Directories whose listing is still on its way.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/unique_fd.h"
#include "tests/e2e/e2e_test.h"

namespace brimfs {
namespace {

using Names = std::vector<std::string>;

constexpr int kFiles = 2000;
constexpr uint64_t kGate = 64 << 10;  // bytes of the index page; about a third of it

struct DirCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};
using OpenDir = std::unique_ptr<DIR, DirCloser>;

struct PipeCloser {
  void operator()(FILE* pipe) const { pclose(pipe); }
};

class StreamedDirectoryTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    for (int i = 0; i < kFiles; ++i) {
      origin_->PutOracle("d/" + Name(i), static_cast<uint64_t>(i));
      all_.insert(Name(i));
    }
    origin_->CloseGate("d/", kGate);
  }
  void TearDown() override {
    if (origin_) origin_->OpenGate("d/");
    E2eTest::TearDown();
  }

  static std::string Name(int i) { return "a name of about " + std::to_string(100'000 + i); }

  OpenDir Open(const Mount& mount) const {
    OpenDir directory(opendir(mount.File("d").c_str()));
    EXPECT_NE(directory, nullptr) << strerror(errno);
    return directory;
  }
  // Without "." and "..".
  static std::string Next(DIR* directory) {
    for (;;) {
      const dirent* const entry = readdir(directory);
      if (entry == nullptr) return "";
      const std::string name = entry->d_name;
      if (name != "." && name != "..") return name;
    }
  }
  static Names Rest(DIR* directory, size_t count = SIZE_MAX) {
    Names names;
    while (names.size() < count) {
      names.push_back(Next(directory));
      if (names.back().empty()) {
        names.pop_back();
        break;
      }
    }
    return names;
  }
  void ExpectAll(const Names& names) const {
    EXPECT_EQ(names.size(), all_.size());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), all_);
  }
  // That nothing was asked but for the listing, so often.
  void ExpectListed(size_t times) const {
    size_t listed = 0;
    for (const Origin::Seen& seen : origin_->seen()) {
      if (seen.path == "d/" && seen.method == "GET") ++listed;
      EXPECT_FALSE(seen.path.starts_with("d/a")) << seen.method << " " << seen.path;
    }
    EXPECT_EQ(listed, times);
  }

  std::unique_ptr<Origin> origin_;
  std::set<std::string> all_;
};

TEST_F(StreamedDirectoryTest, LsGivesTheFirstNameBeforeTheRestHasCome) {
  Mount& mount = Attach(origin_->url());
  const std::string line = "ls -U '" + mount.File("d") + "' | head -1";
  const std::unique_ptr<FILE, PipeCloser> ls(popen(line.c_str(), "r"));
  char name[300] = "";
  ASSERT_NE(fgets(name, sizeof name, ls.get()), nullptr);
  EXPECT_EQ(name, Name(0) + "\n");
  EXPECT_EQ(origin_->WaitingAtGate("d/"), 1u);
  // ls itself may wait for more; it ends when it writes again.
  origin_->OpenGate("d/");
}

TEST_F(StreamedDirectoryTest, LsWithAttributesCostsNothingMoreThanTheListing) {
  origin_->OpenGate("d/");
  Mount& mount = Attach(origin_->url());
  const Ran ls = Shell("ls -l \"$1\" | awk 'NR > 1 { n++; sum += $5 } END { print n, sum }'",
                       {mount.File("d")});
  EXPECT_EQ(ls.out,
            std::to_string(kFiles) + " " + std::to_string(kFiles * (kFiles - 1) / 2) + "\n");
  const Ran find = Shell("find \"$1\" -type f -size +0 | wc -l", {mount.File("d")});
  EXPECT_EQ(find.out, std::to_string(kFiles - 1) + "\n");
  Detach(mount);
  ExpectListed(1);
}

TEST_F(StreamedDirectoryTest, WhatHasComeIsServedWithoutAsking) {
  Mount& mount = Attach(origin_->url());
  const OpenDir directory = Open(mount);
  const Names first = Rest(directory.get(), 100);
  for (const std::string& name : first) {
    struct stat stat;
    ASSERT_EQ(lstat(mount.File("d/" + name).c_str(), &stat), 0) << name;
    EXPECT_EQ("d/" + Name(static_cast<int>(stat.st_size)), "d/" + name);
  }
  ExpectListed(1);
  origin_->OpenGate("d/");
}

TEST_F(StreamedDirectoryTest, SmallBuffersGiveEachNameOnce) {
  Mount& mount = Attach(origin_->url());
  const UniqueFd fd(open(mount.File("d").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_TRUE(fd.valid());
  Names names;
  for (;;) {
    char buffer[200];
    const long got = syscall(SYS_getdents64, fd.get(), buffer, sizeof buffer);
    ASSERT_GE(got, 0) << strerror(errno);
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      at += entry->d_reclen;
    }
    if (names.size() > 100) origin_->OpenGate("d/");
  }
  ExpectAll(names);
  ExpectListed(1);
}

TEST_F(StreamedDirectoryTest, RewoundAndSoughtInTheMiddleItGivesWhatBelongsThere) {
  Mount& mount = Attach(origin_->url());
  const OpenDir directory = Open(mount);
  const Names first = Rest(directory.get(), 100);
  const long place = telldir(directory.get());
  const Names second = Rest(directory.get(), 100);
  rewinddir(directory.get());
  EXPECT_EQ(Rest(directory.get(), 100), first);
  seekdir(directory.get(), place);
  EXPECT_EQ(Rest(directory.get(), 100), second);
  origin_->OpenGate("d/");
  seekdir(directory.get(), place);
  Names all = Rest(directory.get());
  EXPECT_EQ(Names(all.begin(), all.begin() + 100), second);
  all.insert(all.end(), first.begin(), first.end());
  ExpectAll(all);
  rewinddir(directory.get());
  ExpectAll(Rest(directory.get()));
  ExpectListed(1);
}

TEST_F(StreamedDirectoryTest, TwoWhoReadItShareOneFetch) {
  Mount& mount = Attach(origin_->url());
  const OpenDir one = Open(mount);
  Names ones = Rest(one.get(), 100);
  const OpenDir other = Open(mount);
  Names others = Rest(other.get(), 10);
  std::thread reader([&] {
    for (const std::string& name : Rest(one.get())) ones.push_back(name);
  });
  origin_->OpenGate("d/");
  for (const std::string& name : Rest(other.get())) others.push_back(name);
  reader.join();
  ExpectAll(ones);
  ExpectAll(others);
  ExpectListed(1);
}

TEST_F(StreamedDirectoryTest, WhoeverWaitsForNamesCanBeKilled) {
  Mount& mount = Attach(origin_->url());
  Process find({"find", mount.File("d")});
  origin_->AwaitAtGate("d/", 1);
  find.Signal(SIGTERM);
  EXPECT_EQ(find.Wait(std::chrono::seconds(30)), 128 + SIGTERM);
}

TEST_F(StreamedDirectoryTest, OneThatBreaksOffAndIsBegunAnewGivesEachNameOnce) {
  Mount& mount = Attach(origin_->url());
  const OpenDir directory = Open(mount);
  Names names = Rest(directory.get(), 100);
  origin_->AwaitAtGate("d/", 1);
  origin_->Stop();
  origin_->OpenGate("d/");
  ASSERT_TRUE(origin_->Start().ok());
  for (const std::string& name : Rest(directory.get())) names.push_back(name);
  ExpectAll(names);
  ExpectListed(2);
}

TEST_F(StreamedDirectoryTest, OneThatBreaksOffForGoodIsAnErrorAndNotAnEnd) {
  Mount& mount = Attach(origin_->url(), {"timeout=2"});
  const OpenDir directory = Open(mount);
  (void)Rest(directory.get(), 100);
  origin_->AwaitAtGate("d/", 1);
  origin_->Stop();
  errno = 0;
  (void)Rest(directory.get());
  EXPECT_EQ(errno, ETIMEDOUT);
}

TEST_F(StreamedDirectoryTest, AnUnmountEndsTheFetch) {
  Mount& mount = Attach(origin_->url());
  {
    const OpenDir directory = Open(mount);
    (void)Rest(directory.get(), 10);
    origin_->AwaitAtGate("d/", 1);
  }
  Detach(mount);
}

TEST_F(StreamedDirectoryTest, OneThatIsClosedEarlyIsFetchedNoFurther) {
  Mount& mount = Attach(origin_->url());
  {
    const OpenDir directory = Open(mount);
    (void)Rest(directory.get(), 10);
    origin_->AwaitAtGate("d/", 1);
  }
  // It is cut at the gate.
  while (origin_->WaitingAtGate("d/") > 0) std::this_thread::yield();
  origin_->OpenGate("d/");
  ExpectAll(Rest(Open(mount).get()));
  ExpectListed(2);
}

}  // namespace
}  // namespace brimfs
