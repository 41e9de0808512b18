// brimfs.conf(5) behind a mount: by hand, by mount(8) and fstab(5), and of an ordinary user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/e2e/command_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/account.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kSize = 100'000;
constexpr char kSystemFile[] = "/etc/brimfs/brimfs.conf";

// /etc is the test's own.
class ConfigFileTest : public InstalledTest {
 protected:
  void SetUp() override {
    InstalledTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize);
    std::filesystem::create_directories("/etc/brimfs");
  }

  static void Write(const std::string& path, const std::string& text, mode_t mode = 0644) {
    WriteFile(path, text);
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }

  void ExpectMounted(const Ran& ran) const {
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(CheckOracleFile(File("file"), kSize), "");
  }

  void ExpectRefused(const Ran& ran, const std::string& said) const {
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, StartsWith("brimfs: "));
    EXPECT_THAT(ran.err, HasSubstr(said));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_FALSE(Mounted());
    EXPECT_TRUE(AwaitDaemonsEnd());
    EXPECT_EQ(origin_->counters().requests, 0u);
  }

  std::unique_ptr<Origin> origin_;
};

TEST_F(ConfigFileTest, TheSystemsFileIsBehindEveryMount) {
  Write(kSystemFile, "fmask = \"0337\"\n[\"" + origin_->url() + "\"]\ncache = \"" +
                         (dir_ / "elsewhere") + "\"\n");
  ExpectMounted(RunCommand(Arguments(origin_->url())));
  EXPECT_EQ(ModeOf(File("file")), 0440u);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "elsewhere/catalogue.db"));
}

TEST_F(ConfigFileTest, ASectionOfAnotherSourceChangesNothing) {
  Write(kSystemFile, "[\"https://example.org/\"]\nfmask = \"0337\"\n");
  ExpectMounted(Brimfs(origin_->url()));
  EXPECT_EQ(ModeOf(File("file")), 0444u);
}

TEST_F(ConfigFileTest, TheCommandLineCountsMore) {
  Write(kSystemFile, "fmask = \"0337\"\n");
  ExpectMounted(Brimfs(origin_->url(), {"-o", "fmask=0377"}));
  EXPECT_EQ(ModeOf(File("file")), 0400u);
}

TEST_F(ConfigFileTest, AFileThatIsNamedTakesThePlaceOfTheOthers) {
  Write(kSystemFile, "this is no TOML\n");
  Write(dir_ / "mine.conf", "fmask = \"0377\"\n");
  ExpectMounted(Brimfs(origin_->url(), {"-o", "config=" + (dir_ / "mine.conf")}));
  EXPECT_EQ(ModeOf(File("file")), 0400u);
}

TEST_F(ConfigFileTest, NoneReadsNone) {
  Write(kSystemFile, "this is no TOML\n");
  ExpectMounted(Brimfs(origin_->url(), {"-o", "config=none"}));
}

TEST_F(ConfigFileTest, ItIsBehindMountAndFstabToo) {
  Write(kSystemFile, "fmask = \"0337\"\n");
  WriteFile("/etc/fstab",
            origin_->url() + " " + mountpoint_ + " brimfs " + CacheOption() + ",_netdev 0 0\n");
  ExpectMounted(RunCommand({"mount", mountpoint_}));
  EXPECT_EQ(ModeOf(File("file")), 0440u);
}

TEST_F(ConfigFileTest, WithoutTheSourceItsOptionsAreTheSame) {
  Write(kSystemFile, "offline = true\n");
  const Ran ran = Brimfs(origin_->url());
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(access(File("file").c_str(), F_OK), -1);
  EXPECT_EQ(origin_->counters().requests, 0u);
}

TEST_F(ConfigFileTest, ABadLineIsOneLineAndNothingIsMounted) {
  Write(kSystemFile, "intr = true\nmetdata_ttl = 5\n");
  ExpectRefused(Brimfs(origin_->url()),
                "/etc/brimfs/brimfs.conf:2: unknown key 'metdata_ttl': did you mean "
                "'metadata_ttl'?");
  Write(kSystemFile, "\n\nconnections = 0\n");
  ExpectRefused(Brimfs(origin_->url()),
                "/etc/brimfs/brimfs.conf:3: option connections=0: expected a number from 1");
  Write(kSystemFile, "connections = = 1\n");
  ExpectRefused(Brimfs(origin_->url()), "/etc/brimfs/brimfs.conf:1: ");
}

TEST_F(ConfigFileTest, AFileThatOthersMayWriteIsRefused) {
  Write(kSystemFile, "intr = true\n", 0666);
  ExpectRefused(Brimfs(origin_->url()), "others may write it; chmod go-w /etc/brimfs/brimfs.conf");
}

TEST_F(ConfigFileTest, WhatSuitsRootAloneIsSaidWithItsPlaceAndIsTheUsersToTakeBack) {
  const std::string home = dir_ / "home";
  const Account account("reader", home);
  ASSERT_NE(account.uid(), 0u);
  std::filesystem::create_directories(home + "/.config/brimfs");
  WriteFile("/etc/fuse.conf", "");
  for (const std::string& path : {home, mountpoint_}) {
    ASSERT_EQ(chown(path.c_str(), account.uid(), account.gid()), 0);
  }
  const auto mount = [&] {
    return account.Shell("brimfs \"$1\" \"$2\"", {origin_->url(), mountpoint_});
  };

  Write(kSystemFile, "# of root\ncache = \"/root/cache\"\n");
  Ran ran = mount();
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("(cache is set in /etc/brimfs/brimfs.conf:2)\n"));

  Write(kSystemFile, "cache = \"~/cache\"\nallow_other = true\n");
  ran = mount();
  EXPECT_EQ(ran.code, 32);
  EXPECT_THAT(ran.err, HasSubstr("(allow_other is set in /etc/brimfs/brimfs.conf:2)\n"));

  Write(home + "/.config/brimfs/brimfs.conf", "allow_other = false\n");
  ran = mount();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(Mounted());
  EXPECT_TRUE(std::filesystem::exists(home + "/cache/catalogue.db"));
}

TEST_F(ConfigFileTest, AUsersOwnFileCountsMoreThanTheSystems) {
  const std::string home = dir_ / "home";
  const Account account("reader");
  ASSERT_NE(account.uid(), 0u);
  std::filesystem::create_directories(home + "/.config/brimfs");
  ASSERT_EQ(chown(home.c_str(), account.uid(), account.gid()), 0);
  origin_->SetIndex(Origin::Index::kHtml);
  Write(kSystemFile, "connections = 2\nzzz = 1\n");
  Ran ran = account.Shell("HOME=$2 brimfs ls \"$1\"", {origin_->url(), home});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("brimfs.conf:2: unknown key 'zzz'"));

  Write(kSystemFile, "fmask = \"0337\"\nmetadata_ttl = \"1h\"\n");
  const std::string own = home + "/.config/brimfs/brimfs.conf";
  Write(own, "timeout = \"never\"\n");
  ran = account.Shell("HOME=$2 brimfs ls \"$1\"", {origin_->url(), home});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr(own + ":1: option timeout=never"));
  // Not a home that is somebody else's, and root's own mount is not concerned.
  ASSERT_EQ(chown(home.c_str(), 0, 0), 0);
  ran = account.Shell("HOME=$2 brimfs ls \"$1\"", {origin_->url(), home});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "file\n");
  ExpectMounted(Brimfs(origin_->url()));
}

}  // namespace
}  // namespace brimfs
