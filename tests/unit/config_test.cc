#include "fs/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fs/config_file.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kSource[] = "https://example.org/data/";

MountOptions Applied(std::string_view text, std::string_view source = kSource) {
  const Result<ConfigFile> file = ConfigFile::Parse(text, "brimfs.conf", "/home/me");
  EXPECT_TRUE(file.ok()) << file.status().message();
  MountOptions options;
  if (file.ok()) file->Apply(source, options);
  return options;
}

std::string Refused(std::string_view text) {
  const Result<ConfigFile> file = ConfigFile::Parse(text, "brimfs.conf", "/home/me");
  EXPECT_EQ(file.code(), Code::kInvalidArgument) << text;
  EXPECT_EQ(file.status().message().find('\n'), std::string::npos) << file.status().message();
  return file.status().message();
}

TEST(ConfigFileTest, KeysAreTheOptionsInTomlsOwnTypes) {
  const MountOptions options = Applied(
      "# for every source\n"
      "connections = 3\n"
      "readahead_kb = \"64\"\n"
      "memory = \"1G\"\n"
      "metadata_ttl = \"2m\"\n"
      "timeout = 7\n"
      "cache_free = \"10%\"\n"
      "intr = true\n"
      "driver = \"memory\"\n"
      "umask = 0o027\n"
      "dmask = \"077\"\n"
      "noexec = true\n");
  EXPECT_EQ(options.connections, 3);
  EXPECT_EQ(options.readahead_kb, 64);
  EXPECT_EQ(options.memory, 1u << 30);
  EXPECT_EQ(options.metadata_ttl, std::chrono::minutes(2));
  EXPECT_EQ(options.timeout, std::chrono::seconds(7));
  EXPECT_EQ(options.cache_free.share, 0.1);
  EXPECT_TRUE(options.intr);
  EXPECT_EQ(options.driver, DriverKind::kMemory);
  EXPECT_EQ(options.umask, mode_t{027});
  EXPECT_EQ(options.dmask, mode_t{077});
  EXPECT_THAT(options.kernel, ElementsAre("noexec"));
}

TEST(ConfigFileTest, EveryOptionOfTheTableIsAKeyButTheFileItself) {
  for (const OptionInfo& option : OptionTable()) {
    const std::string text =
        std::string(option.name) + " = " +
        (option.argument.empty() ? "true" : "\"surely = no, value / at: all\"");
    const Result<ConfigFile> file = ConfigFile::Parse(text, "brimfs.conf", "/");
    if (option.argument.empty()) {
      EXPECT_TRUE(file.ok()) << file.status().message();
    } else if (!file.ok()) {
      EXPECT_THAT(file.status().message(), Not(HasSubstr("unknown key"))) << text;
    }
  }
  EXPECT_THAT(Refused("config = \"/etc/other\""), HasSubstr("names no other"));
}

TEST(ConfigFileTest, FalseTakesAFlagBack) {
  const std::string text =
      "intr = true\nnoexec = true\nhard = true\n"
      "[\"https://example.org\"]\nintr = false\nnoexec = false\nhard = false\n";
  EXPECT_TRUE(Applied(text, "https://example.net/").intr);
  EXPECT_TRUE(Applied(text, "https://example.net/").hard);
  const MountOptions options = Applied(text);
  EXPECT_FALSE(options.intr);
  EXPECT_FALSE(options.hard);
  EXPECT_THAT(options.kernel, ElementsAre());
  EXPECT_FALSE(Applied("soft = false\n").hard);
}

TEST(ConfigFileTest, OfTheSectionsOfASourceTheMoreSpecificOneCounts) {
  const std::string text =
      "connections = 1\n"
      "[\"https://example.org/data/deep\"]\nconnections = 4\n"
      "[\"https://example.org/data/\"]\nconnections = 3\ntimeout = 5\n"
      "[\"https://\"]\nconnections = 2\ntimeout = 4\n"
      "[\"s3://\"]\nregion = \"eu-west-1\"\n";
  EXPECT_EQ(Applied(text, "http://example.org/").connections, 1);
  EXPECT_EQ(Applied(text, "https://example.org/").connections, 2);
  EXPECT_EQ(Applied(text).connections, 3);
  EXPECT_EQ(Applied(text).timeout, std::chrono::seconds(5));
  EXPECT_EQ(Applied(text).region, "");
  EXPECT_EQ(Applied(text, "https://example.org/data/deep/").connections, 4);
  EXPECT_EQ(Applied(text, "https://example.org/data/deep/").timeout, std::chrono::seconds(5));
  EXPECT_EQ(Applied(text, "s3://bucket").region, "eu-west-1");
}

TEST(ConfigFileTest, ASectionThatSaysWhoAsksTakesBackWhatWasSaidBefore) {
  const std::string text =
      "netrc = \"/etc/netrc\"\n"
      "[\"s3://\"]\nprofile = \"reader\"\n"
      "[\"s3://measurements\"]\ncredentials = \"/etc/keys\"\n"
      "[\"s3://public\"]\nanonymous = true\n";
  EXPECT_EQ(Applied(text, "https://example.org/").netrc, "/etc/netrc");
  EXPECT_EQ(Applied(text, "s3://other").profile, "reader");
  EXPECT_EQ(Applied(text, "s3://other").netrc, "");
  EXPECT_EQ(Applied(text, "s3://measurements").credentials, "/etc/keys");
  EXPECT_EQ(Applied(text, "s3://measurements").profile, "");
  EXPECT_EQ(Applied(text, "s3://public").profile, "");
  EXPECT_EQ(Applied("netrc = \"/etc/netrc\"\n", "s3://bucket").netrc, "") << "not for these";
}

TEST(ConfigFileTest, ASectionEndsWhereANameEnds) {
  EXPECT_TRUE(SourceBeginsWith("https://example.org/data/", "https://example.org/data"));
  EXPECT_TRUE(SourceBeginsWith("https://example.org/data", "https://example.org/data/"));
  EXPECT_TRUE(SourceBeginsWith("https://example.org/data?id=1", "https://example.org/data"));
  EXPECT_TRUE(SourceBeginsWith("HTTPS://Example.ORG/data/", "https://example.org/"));
  EXPECT_TRUE(SourceBeginsWith("s3://bucket", "s3://"));
  EXPECT_TRUE(SourceBeginsWith("/srv/data", "/srv"));
  EXPECT_TRUE(SourceBeginsWith("/srv/data", "/"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org/database/", "https://example.org/data"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org.evil.net/", "https://example.org"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org:8443/", "https://example.org"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org/Data/", "https://example.org/data/"));
  EXPECT_FALSE(SourceBeginsWith("http://example.org/", "https://"));
}

TEST(ConfigFileTest, ASchemeIsForAllThatHasIt) {
  EXPECT_TRUE(SourceBeginsWith("list:urls.txt", "list:"));
  EXPECT_TRUE(SourceBeginsWith("list:/etc/urls.txt", "list:"));
  EXPECT_FALSE(SourceBeginsWith("./list:urls.txt", "list:"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org/", "http:"));
  EXPECT_EQ(Applied("[\"list:\"]\nconnections = 3\n", "list:urls.txt").connections, 3);
}

TEST(ConfigFileTest, ALocalPathIsTheSameWithAndWithoutItsScheme) {
  EXPECT_TRUE(SourceBeginsWith("/srv/data", "file:///"));
  EXPECT_TRUE(SourceBeginsWith("/srv/data", "file:///srv"));
  EXPECT_TRUE(SourceBeginsWith("file:///srv/data", "/srv"));
  EXPECT_TRUE(SourceBeginsWith("file://localhost/srv/data", "file:/srv/"));
  EXPECT_TRUE(SourceBeginsWith("FILE:///srv/data", "/srv"));
  EXPECT_TRUE(SourceBeginsWith("/srv/data", "file:"));
  EXPECT_TRUE(SourceBeginsWith("file:///srv/data", "file://"));
  EXPECT_FALSE(SourceBeginsWith("/srv/data", "file:///srv/dat"));
  EXPECT_FALSE(SourceBeginsWith("https://example.org/", "file:///"));
  EXPECT_FALSE(SourceBeginsWith("list:/srv/urls.txt", "file:///"));
}

TEST(ConfigFileTest, AnUnknownKeyIsNamedWithItsLineAndTheNearestOne) {
  EXPECT_EQ(Refused("\nintr = true\nmetdata_ttl = 5\n"),
            "brimfs.conf:3: unknown key 'metdata_ttl': did you mean 'metadata_ttl'? See "
            "brimfs.conf(5)");
  EXPECT_THAT(Refused("[\"s3://\"]\nregoin = \"x\"\n"),
              StartsWith("brimfs.conf:2: unknown key 'regoin': did you mean 'region'?"));
}

TEST(ConfigFileTest, TheFirstMistakeOfTheFileIsTheOneThatIsSaid) {
  EXPECT_THAT(Refused("zzz = 1\naaa = 1\n"), StartsWith("brimfs.conf:1:"));
  EXPECT_THAT(Refused("[\"s3://z\"]\nx = 1\n[\"s3://a\"]\ny = 1\n"), StartsWith("brimfs.conf:2:"));
}

TEST(ConfigFileTest, ABadValueIsNamedWithWhatIsAccepted) {
  EXPECT_EQ(Refused("timeout = \"soon\""),
            "brimfs.conf:1: option timeout=soon: expected a time such as 90, 90s, 500ms, 2m or 1h");
  EXPECT_EQ(Refused("connections = 0"),
            "brimfs.conf:1: option connections=0: expected a number from 1 to 1024");
  EXPECT_EQ(Refused("intr = \"yes\""), "brimfs.conf:1: intr: expected true or false");
  EXPECT_EQ(Refused("intr = 1"), "brimfs.conf:1: intr: expected true or false");
  EXPECT_EQ(Refused("driver = true"),
            "brimfs.conf:1: driver: expected a string or a whole number: mmap|memory");
  EXPECT_THAT(Refused("timeout = 1.5"), HasSubstr("expected a string or a whole number"));
  EXPECT_THAT(Refused("timeout = [1]"), HasSubstr("expected a string or a whole number"));
  EXPECT_THAT(Refused("umask = 22"), HasSubstr("\"022\" or 0o022"));
  EXPECT_THAT(Refused("[\"https://a.example/\"]\nnested.key = 1\n"), HasSubstr("unknown key"));
}

TEST(ConfigFileTest, AMistakeCountsInASectionOfAnotherSourceToo) {
  EXPECT_THAT(Refused("[\"s3://other\"]\nconnections = 0\n"), StartsWith("brimfs.conf:2:"));
}

TEST(ConfigFileTest, WhatIsNoTomlIsNamedWithItsLine) {
  EXPECT_THAT(Refused("intr = true\ntimeout = = 5\n"), StartsWith("brimfs.conf:2: "));
  EXPECT_THAT(Refused("intr = true\nintr = false\n"), StartsWith("brimfs.conf:2: "));
  EXPECT_THAT(Refused("[\"s3://\"\n"), StartsWith("brimfs.conf:1: "));
}

TEST(ConfigFileTest, ASectionIsTheBeginningOfSources) {
  EXPECT_THAT(Refused("[s3]\nregion = \"x\"\n"), HasSubstr("expected how sources begin"));
  EXPECT_THAT(Refused("[\"\"]\nintr = true\n"), HasSubstr("expected how sources begin"));
}

TEST(ConfigFileTest, PathsAreAbsoluteOrBeginAtHome) {
  EXPECT_EQ(Applied("credentials = \"~/token\"").credentials, "/home/me/token");
  EXPECT_EQ(Applied("credentials = \"/etc/token\"").credentials, "/etc/token");
  EXPECT_THAT(Refused("credentials = \"token\""), EndsWith("begins with / or ~/"));
}

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { places_.files = {dir_ / "system", dir_ / "own"}; }

  void Write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(dir_ / name) << text;
    ASSERT_EQ(chmod((dir_ / name).c_str(), mode), 0);
  }
  MountOptions Options(const std::vector<std::string>& given = {}) const {
    const Result<MountOptions> options = OptionsFor(kSource, given, places_);
    EXPECT_TRUE(options.ok()) << options.status().message();
    return options.ok() ? *options : MountOptions();
  }
  Status Error(const std::vector<std::string>& given = {}) const {
    return OptionsFor(kSource, given, places_).status();
  }

  const TempDir dir_;
  ConfigPlaces places_;
};

TEST_F(ConfigTest, TheCommandLineCountsMoreThanTheUsersFileAndThatMoreThanTheSystems) {
  Write("system", "connections = 2\ntimeout = 2\nrate = \"2M\"\n");
  Write("own", "connections = 3\ntimeout = 3\n");
  const MountOptions options = Options({"connections=4", "soft"});
  EXPECT_EQ(options.connections, 4);
  EXPECT_EQ(options.timeout, std::chrono::seconds(3));
  EXPECT_EQ(options.rate, 2u << 20);
  EXPECT_EQ(options.memory, MountOptions().memory);
}

TEST_F(ConfigTest, AKeyOfTheUserCountsMoreThanASectionOfTheSystem) {
  Write("system", "[\"https://example.org/data/\"]\nconnections = 2\n");
  Write("own", "connections = 3\n");
  EXPECT_EQ(Options().connections, 3);
}

TEST_F(ConfigTest, WhoAsksIsSaidByTheCommandLineIfItSaysSo) {
  Write("system", "profile = \"reader\"\n");
  EXPECT_EQ(Options().profile, "reader");
  EXPECT_EQ(Options({"anonymous"}).profile, "");
  EXPECT_EQ(Options({"credentials=/etc/keys"}).profile, "");
}

TEST_F(ConfigTest, AnErrorSaysWhereTheOptionsStandThatItNames) {
  Write("system", "connections = 2\ncache = \"/srv/cache\"\nallow_other = true\n");
  const auto said = [&](const std::string& why, const std::vector<std::string>& given = {}) {
    return WithOrigins(Status(Code::kDenied, why), Options(given)).message();
  };
  const std::string at = " is set in " + (dir_ / "system");
  EXPECT_EQ(said("/srv/cache: Permission denied; choose another one with -o cache="),
            "/srv/cache: Permission denied; choose another one with -o cache= (cache" + at + ":2)");
  EXPECT_EQ(said("option allow_other only allowed if …"),
            "option allow_other only allowed if … (allow_other" + at + ":3)");
  EXPECT_EQ(said("the cache and its connections, cache_size= and ?cache=1"),
            "the cache and its connections, cache_size= and ?cache=1");
  EXPECT_EQ(said("with -o cache=", {"cache=/mine"}), "with -o cache=");
  EXPECT_EQ(said("with -o timeout="), "with -o timeout=");

  Write("own", "cache = \"/home/me/cache\"\n");
  EXPECT_EQ(said("-o cache="), "-o cache= (cache is set in " + (dir_ / "own") + ":1)");
}

TEST_F(ConfigTest, FilesThatAreNotThereAreNoError) {
  EXPECT_EQ(Options().connections, MountOptions().connections);
}

TEST_F(ConfigTest, AnotherFileTakesThePlaceOfBoth) {
  Write("system", "connections = 2\n");
  Write("own", "timeout = 3\n");
  Write("other", "rate = \"1M\"\n");
  const MountOptions options = Options({"config=" + (dir_ / "other")});
  EXPECT_EQ(options.connections, MountOptions().connections);
  EXPECT_EQ(options.timeout, MountOptions().timeout);
  EXPECT_EQ(options.rate, 1u << 20);
  EXPECT_EQ(Options({"config=none"}).connections, MountOptions().connections);
}

TEST_F(ConfigTest, AnotherFileHasToBeThere) {
  const Status error = Error({"config=" + (dir_ / "missing")});
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("missing: No such file"));
}

TEST_F(ConfigTest, AFileThatCannotBeReadIsAnError) {
  std::filesystem::create_directory(dir_ / "own");
  EXPECT_THAT(Error().message(), EndsWith("own: no configuration file"));
}

TEST_F(ConfigTest, AFileThatOthersMayWriteIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0664, 0646}) {
    Write("own", "intr = true\n", mode);
    EXPECT_EQ(Error().code(), Code::kDenied);
    EXPECT_THAT(Error().message(), HasSubstr("chmod go-w " + (dir_ / "own")));
  }
}

TEST_F(ConfigTest, AFileOfAnybodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Write("own", "intr = true\n");
  ASSERT_EQ(chown((dir_ / "own").c_str(), 12345, 12345), 0);
  EXPECT_EQ(Error().code(), Code::kDenied);
}

TEST_F(ConfigTest, AWrongCommandLineIsSaidFirst) {
  Write("own", "zzz = true\n");
  EXPECT_THAT(Error({"yyy"}).message(), HasSubstr("unknown option 'yyy'"));
}

TEST_F(ConfigTest, RootsFileDoesNotComeFromTheEnvironment) {
  setenv("XDG_CONFIG_HOME", dir_.path().c_str(), 1);
  const ConfigPlaces places = ConfigPlaces::OfThisUser();
  unsetenv("XDG_CONFIG_HOME");
  EXPECT_EQ(places.files.front(), "/etc/brimfs/brimfs.conf");
  ASSERT_EQ(places.files.size(), 2u);
  if (geteuid() == 0) {
    EXPECT_EQ(places.files[1], places.home + "/.config/brimfs/brimfs.conf");
  } else {
    EXPECT_EQ(places.files[1], dir_ / "brimfs/brimfs.conf");
  }
}

}  // namespace
}  // namespace brimfs
