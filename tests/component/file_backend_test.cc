// What is particular to local directories; the rest is in backend_conformance_test.cc.
#include "backends/file_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "backends/registry.h"
#include "tests/support/body_collector.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::UnorderedElementsAre;

class FileBackendTest : public testing::Test {
 protected:
  FileBackendTest() {
    WriteFile(temp_ / "outside", "secret");
    WriteFile(temp_ / "root/file", "content");
    WriteFile(temp_ / "root/dir/inner", "content");
    std::filesystem::create_symlink("file", temp_ / "root/link");
    std::filesystem::create_symlink("dir", temp_ / "root/dirlink");
    std::filesystem::create_symlink("../outside", temp_ / "root/escape");
    std::filesystem::create_symlink("nowhere", temp_ / "root/dangling");
    EXPECT_EQ(mkfifo((temp_ / "root/fifo").c_str(), 0600), 0);
    auto opened = OpenSource(temp_ / "root", {}, {});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    opened_ = std::move(*opened);
  }

  Result<ObjectInfo> Stat(const std::string& path) { return opened_.backend->Stat(path, {}); }

  TempDir temp_;
  OpenedSource opened_;
};

TEST_F(FileBackendTest, LinksInsideAreFollowedOthersAndSpecialFilesAreNotThere) {
  std::vector<std::string> names;
  ASSERT_TRUE(opened_.backend
                  ->List(
                      "", [&](const ListedName& name) { names.push_back(name.name); }, [] {}, {})
                  .ok());
  EXPECT_THAT(names, UnorderedElementsAre("file", "dir", "link", "dirlink"));
  EXPECT_EQ(Stat("link")->version.length, 7u);
  EXPECT_EQ(Stat("dirlink")->kind, ObjectKind::kDirectory);
  EXPECT_EQ(Stat("dirlink/inner")->kind, ObjectKind::kFile);
  EXPECT_EQ(Stat("escape").code(), Code::kDenied);
  EXPECT_EQ(Stat("dangling").code(), Code::kNotFound);
  EXPECT_EQ(Stat("fifo").code(), Code::kNotFound);
}

TEST_F(FileBackendTest, WhatWasModifiedLongAgoIsSettledAndWhatWasModifiedNowIsRacy) {
  const auto modified = [&](std::chrono::file_clock::time_point when) {
    std::filesystem::last_write_time(temp_ / "root/file", when);
  };
  const auto now = std::chrono::file_clock::now();
  modified(now - std::chrono::hours(1));
  EXPECT_FALSE(Stat("file")->version.racy);
  modified(now);
  EXPECT_TRUE(Stat("file")->version.racy);
  modified(now + std::chrono::hours(1));
  EXPECT_TRUE(Stat("file")->version.racy);
}

TEST_F(FileBackendTest, ADirectoryHasItsOwnTime) {
  struct stat st = {};
  ASSERT_EQ(stat((temp_ / "root/dir").c_str(), &st), 0);
  EXPECT_EQ(Stat("dir")->version.last_modified, absl::TimeFromTimespec(st.st_mtim));
}

TEST_F(FileBackendTest, AFileThatBecomesAFifoIsStaleAndDoesNotBlock) {
  const Version version = Stat("file")->version;
  std::filesystem::rename(temp_ / "root/fifo", temp_ / "root/file");
  BodyCollector sink;
  EXPECT_EQ(opened_.backend->Connect()->Fetch({"file", {0, 7}, version}, sink, {}).code(),
            Code::kStale);
}

TEST_F(FileBackendTest, AChangeWhileReadingIsStaleBeforeTheBytesCount) {
  WriteFile(temp_ / "root/file", std::string(4 << 20, 'a'));
  const Version version = Stat("file")->version;
  BodyCollector sink;
  sink.on_bytes = [this] {
    WriteFile(temp_ / "root/file", std::string(5 << 20, 'b'));
    return OkStatus();
  };
  EXPECT_EQ(opened_.backend->Connect()->Fetch({"file", {0, 4 << 20}, version}, sink, {}).code(),
            Code::kStale);
  EXPECT_EQ(sink.bytes.find('b'), std::string::npos);
}

TEST_F(FileBackendTest, EveryWayToWriteASourceIsTheSameSource) {
  for (const std::string& source :
       {temp_ / "root/", "file://" + (temp_ / "root"), "file:" + (temp_ / "root"),
        "file://localhost" + (temp_ / "root/"), temp_ / "root/../root", temp_ / "root/dir/.."}) {
    const auto opened = OpenSource(source, {}, {});
    ASSERT_TRUE(opened.ok()) << source;
    EXPECT_EQ(opened->identity, opened_.identity) << source;
  }
}

TEST_F(FileBackendTest, TheUsersOwnLinkToASourceIsFollowed) {
  std::filesystem::create_directory_symlink(temp_ / "root", temp_ / "way");
  EXPECT_EQ(OpenSource(temp_ / "way", {}, {})->identity, opened_.identity);
}

}  // namespace
}  // namespace brimfs
