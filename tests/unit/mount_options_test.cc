#include "fs/mount_options.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>

#include <set>
#include <sstream>

namespace brimfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

MountOptions Parsed(std::string_view text) {
  MountOptions options;
  const Status status = ParseMountOptions(text, options);
  EXPECT_TRUE(status.ok()) << text << ": " << status.ToString();
  return options;
}

std::string Refused(std::string_view text) {
  MountOptions options;
  const Status status = ParseMountOptions(text, options);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
  return status.message();
}

TEST(MountOptionsTest, EveryOptionReachesItsField) {
  const MountOptions options = Parsed(
      "driver=memory,cache=/c,memory=1G,passthrough=off,intr,metadata_ttl=2m,negative_ttl=500ms,"
      "timeout=90,first_byte_timeout=3s,connections=4,readahead_kb=128,cacert=/ca.pem,uid=7,gid=8,"
      "umask=027,fmask=0137,dmask=077,debug,cache_size=2G,cache_free=10%,offline");
  EXPECT_EQ(options.driver, DriverKind::kMemory);
  EXPECT_EQ(options.cache, "/c");
  EXPECT_EQ(options.memory, 1ull << 30);
  EXPECT_FALSE(options.passthrough);
  EXPECT_TRUE(options.intr);
  EXPECT_EQ(options.metadata_ttl, seconds(120));
  EXPECT_EQ(options.negative_ttl, milliseconds(500));
  EXPECT_EQ(options.timeout, seconds(90));
  EXPECT_EQ(options.first_byte_timeout, seconds(3));
  EXPECT_EQ(options.connections, 4);
  EXPECT_EQ(options.readahead_kb, 128);
  EXPECT_EQ(options.cacert, "/ca.pem");
  EXPECT_EQ(options.uid, 7u);
  EXPECT_EQ(options.gid, 8u);
  EXPECT_EQ(options.umask, 027u);
  EXPECT_EQ(options.fmask, 0137u);
  EXPECT_EQ(options.dmask, 077u);
  EXPECT_TRUE(options.debug);
  EXPECT_EQ(options.cache_size.bytes, 2ull << 30);
  EXPECT_EQ(options.cache_free.share, 0.1);
  EXPECT_TRUE(options.offline);
}

TEST(MountOptionsTest, EveryWordThatTheTableOffersIsAccepted) {
  const auto is_word = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == text.npos;
  };
  std::set<std::string> accepted;
  for (const OptionInfo& option : OptionTable()) {
    std::istringstream words{std::string(option.argument)};
    for (std::string word; std::getline(words, word, '|');) {
      if (!is_word(word)) continue;
      Parsed(std::string(option.name) + "=" + word);
      accepted.insert(std::string(option.name) + "=" + word);
    }
    // The default, too, if it is a word.
    if (option.argument.find('|') == std::string_view::npos) continue;
    if (is_word(std::string(option.fallback))) {
      EXPECT_TRUE(accepted.contains(std::string(option.name) + "=" + std::string(option.fallback)))
          << option.name;
    }
  }
  EXPECT_TRUE(accepted.contains("addressing=auto"));
}

TEST(MountOptionsTest, TheCachesLimitsAreSizesOrSharesOfTheDisk) {
  const MountOptions fallback = Parsed("");
  EXPECT_EQ(fallback.cache_size.Of(1000), std::nullopt);
  EXPECT_EQ(fallback.cache_free.Of(1000), 50u);
  EXPECT_EQ(Parsed("cache_size=80%").cache_size.Of(1000), 800u);
  EXPECT_EQ(Parsed("cache_size=100%").cache_size.share, 1.0);
  EXPECT_EQ(Parsed("cache_size=16M").cache_size.Of(1000), 16u << 20);
  EXPECT_EQ(Parsed("cache_free=0").cache_free.Of(1000), 0u);
  EXPECT_EQ(Parsed("cache_free=0%").cache_free.Of(1000), 0u);
  // The last one counts, whole.
  EXPECT_EQ(Parsed("cache_free=5%,cache_free=1G").cache_free.Of(1000), 1u << 30);
}

TEST(MountOptionsTest, ALimitOfTheCacheThatIsNoneIsRefusedWithWhatWouldDo) {
  for (const char* const bad :
       {"cache_size=", "cache_size=big", "cache_size=101%", "cache_size=-1%", "cache_size=%",
        "cache_size=5.5%", "cache_free=5 %", "cache_free=x%"}) {
    EXPECT_THAT(Refused(bad), HasSubstr("a share such as 80%")) << bad;
  }
  EXPECT_THAT(Refused("cache_size=15M"), HasSubstr("at least 16M"));
  EXPECT_THAT(Refused("cache_size=0%"), HasSubstr("at least 16M, or 1%"));
  EXPECT_THAT(Refused("offline=yes"), HasSubstr("offline"));
}

TEST(MountOptionsTest, TheWayToAServerReachesItsFields) {
  const MountOptions options = Parsed(
      "credentials=/who,netrc=/netrc,headers=/headers,cert=/c.pem,key=/k.pem,cacert=/ca.pem,"
      "capath=/ca,proxy=socks5h://proxy:1080,proxy_credentials=/proxy,"
      "no_proxy=localhost\\,example.org,unix_socket=/run/http");
  EXPECT_EQ(options.credentials, "/who");
  EXPECT_EQ(options.netrc, "/netrc");
  EXPECT_EQ(options.headers, "/headers");
  EXPECT_EQ(options.cert, "/c.pem");
  EXPECT_EQ(options.key, "/k.pem");
  EXPECT_EQ(options.cacert, "/ca.pem");
  EXPECT_EQ(options.capath, "/ca");
  EXPECT_EQ(options.proxy, "socks5h://proxy:1080");
  EXPECT_EQ(options.proxy_credentials, "/proxy");
  EXPECT_EQ(options.no_proxy, "localhost,example.org");
  EXPECT_EQ(options.unix_socket, "/run/http");
}

TEST(MountOptionsTest, NoExceptionsFromTheProxyAreNotThoseOfTheEnvironment) {
  EXPECT_EQ(Parsed("").no_proxy, std::nullopt);
  EXPECT_EQ(Parsed("no_proxy=").no_proxy, "");
}

TEST(MountOptionsTest, TheTableNamesEveryOptionOnceWithHelp) {
  std::set<std::string_view> names;
  for (const OptionInfo& option : OptionTable()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_TRUE(!option.argument.empty() || option.fallback.empty()) << option.name;
  }
  EXPECT_GE(names.size(), 29u);
}

TEST(MountOptionsTest, WithoutMasksFilesAreReadAndDirectoriesSearchedByAll) {
  EXPECT_EQ(Parsed("").FileMode(), 0444u);
  EXPECT_EQ(Parsed("").DirectoryMode(), 0555u);
}

TEST(MountOptionsTest, UmaskLeavesWhatItDoesNotNameExceptForWriting) {
  EXPECT_EQ(Parsed("umask=0").FileMode(), 0555u);
  EXPECT_EQ(Parsed("umask=027").FileMode(), 0550u);
  EXPECT_EQ(Parsed("umask=027").DirectoryMode(), 0550u);
}

TEST(MountOptionsTest, FmaskAndDmaskWinOverUmaskWhereverTheyStand) {
  for (const char* const text : {"umask=077,fmask=0133,dmask=022", "fmask=0133,dmask=022,umask=077",
                                 "fmask=0133,umask=077,dmask=022"}) {
    EXPECT_EQ(Parsed(text).FileMode(), 0444u) << text;
    EXPECT_EQ(Parsed(text).DirectoryMode(), 0555u) << text;
  }
  EXPECT_EQ(Parsed("umask=077,fmask=0133").DirectoryMode(), 0500u);
  EXPECT_EQ(Parsed("dmask=077").FileMode(), 0444u);
}

TEST(MountOptionsTest, OwnersAreNumbersOrNames) {
  EXPECT_EQ(Parsed("uid=root,gid=root").uid, 0u);
  EXPECT_EQ(Parsed("uid=daemon").uid, getpwnam("daemon")->pw_uid);
  EXPECT_EQ(Parsed("gid=daemon").gid, getgrnam("daemon")->gr_gid);
  EXPECT_EQ(Parsed("uid=12345,gid=54321").uid, 12345u) << "known to nobody";
  EXPECT_THAT(Refused("uid=no such user"), HasSubstr("uid=no such user: expected a user's name"));
  EXPECT_THAT(Refused("gid=no such group"), HasSubstr("expected a group's name or number"));
  EXPECT_THAT(Refused("uid="), HasSubstr("uid="));
  EXPECT_THAT(Refused("gid=-1"), HasSubstr("gid=-1"));
}

TEST(MountOptionsTest, ABackslashKeepsACommaInAValue) {
  EXPECT_EQ(Parsed("cache=/a\\,b,intr").cache, "/a,b");
  EXPECT_EQ(Parsed("cache=/a\\\\,intr").cache, "/a\\");
  EXPECT_EQ(Parsed("cache=/a\\b").cache, "/a\\b");
}

TEST(MountOptionsTest, QuotesAroundAValueKeepItsCommasAndStay) {
  MountOptions options;
  ASSERT_TRUE(ParseMountOptions(R"(context="u:r:t:s0:c1,c2",intr)", options).ok());
  EXPECT_EQ(options.kernel, std::vector<std::string>{R"(context="u:r:t:s0:c1,c2")"});
  EXPECT_TRUE(options.intr);
}

TEST(MountOptionsTest, BesideRemountNothingElseCounts) {
  MountOptions options;
  ASSERT_TRUE(ParseMountOptions("rw,user_id=0,remount,timeout=soon", options).ok());
  EXPECT_TRUE(options.remount);
}

TEST(MountOptionsTest, EmptyItemsAreNothing) {
  EXPECT_TRUE(Parsed("").kernel.empty());
  EXPECT_TRUE(Parsed(",,intr,").intr);
}

TEST(MountOptionsTest, TheLastOfTwoValuesCounts) {
  EXPECT_EQ(Parsed("connections=1,connections=2").connections, 2);
}

TEST(MountOptionsTest, HardWaitsForEverAndTheLastWordCounts) {
  EXPECT_EQ(Parsed("timeout=5").Patience(), seconds(5));
  EXPECT_EQ(Parsed("hard,timeout=5").Patience(), Duration::max());
  EXPECT_EQ(Parsed("hard,soft,timeout=5").Patience(), seconds(5));
}

TEST(MountOptionsTest, RateAndReadaheadAreSizes) {
  EXPECT_EQ(Parsed("").rate, 0u);
  EXPECT_EQ(Parsed("rate=2M").rate, 2u << 20);
  EXPECT_THAT(Refused("rate=63k"), HasSubstr("at least 64k"));
  EXPECT_THAT(Refused("rate=0"), HasSubstr("at least 64k"));
  EXPECT_EQ(Parsed("readahead=0").readahead, 0u);
  EXPECT_EQ(Parsed("readahead=1G").readahead, 1u << 30);
}

TEST(MountOptionsTest, WhatTheKernelIsToKnowIsKeptAsGiven) {
  EXPECT_THAT(Parsed("allow_other,noexec,nosuid").kernel,
              ElementsAre("allow_other", "noexec", "nosuid"));
  EXPECT_THAT(Parsed("allow_other,allow_other").kernel, ElementsAre("allow_other"));
  EXPECT_TRUE(Parsed("allow_root").HasKernel("allow_root"));
  EXPECT_TRUE(Parsed("default_permissions").kernel.empty()) << "always so";
}

TEST(MountOptionsTest, WhatMountPassesAlongIsAcceptedWithoutEffect) {
  EXPECT_TRUE(Parsed("rw,ro,_netdev,nofail,noauto,user,relatime,x-systemd.automount,x-gvfs-show,"
                     "comment=from fstab,defaults")
                  .kernel.empty());
  for (const std::string_view name : OptionsWithoutEffect()) {
    EXPECT_TRUE(Parsed(name).kernel.empty()) << name;
  }
}

TEST(MountOptionsTest, AnUnknownNameIsAnsweredWithTheNearestKnownOne) {
  EXPECT_THAT(Refused("metadata_tll=3"), HasSubstr("'metadata_ttl'"));
  EXPECT_THAT(Refused("alow_other"), HasSubstr("'allow_other'"));
  EXPECT_THAT(Refused("DRIVER=mmap"), HasSubstr("'DRIVER'"));
}

TEST(MountOptionsTest, AValueWhereNoneBelongsIsRefusedAndTheOtherWayRound) {
  EXPECT_THAT(Refused("intr=yes"), HasSubstr("takes no value"));
  EXPECT_THAT(Refused("timeout"), HasSubstr("needs a value"));
  EXPECT_THAT(Refused("allow_other=1"), HasSubstr("allow_other"));
}

TEST(MountOptionsTest, AValueOutOfItsRangeSaysWhatIsAccepted) {
  EXPECT_THAT(Refused("connections=0"), HasSubstr("from 1 to 1024"));
  EXPECT_THAT(Refused("connections=1025"), HasSubstr("from 1 to 1024"));
  EXPECT_THAT(Refused("connections=4x"), HasSubstr("connections=4x"));
  EXPECT_THAT(Refused("connections=-1"), HasSubstr("from 1"));
  EXPECT_THAT(Refused("umask=1777"), HasSubstr("octal"));
  EXPECT_THAT(Refused("umask=08"), HasSubstr("octal"));
  EXPECT_THAT(Refused("uid=4294967295"), HasSubstr("uid"));
  EXPECT_THAT(Refused("driver=disk"), HasSubstr("mmap|memory"));
  EXPECT_THAT(Refused("passthrough=on"), HasSubstr("auto|off"));
  EXPECT_THAT(Refused("memory=15M"), HasSubstr("at least 16M"));
  EXPECT_THAT(Refused("cache="), HasSubstr("a path"));
  EXPECT_THAT(Refused("timeout=0"), HasSubstr("more than no time"));
  EXPECT_THAT(Refused("first_byte_timeout=0ms"), HasSubstr("more than no time"));
  EXPECT_EQ(Parsed("metadata_ttl=0").metadata_ttl, Duration::zero());
}

TEST(MountOptionsTest, DurationsHaveUnits) {
  EXPECT_EQ(*ParseDuration("90"), seconds(90));
  EXPECT_EQ(*ParseDuration("90s"), seconds(90));
  EXPECT_EQ(*ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("2m"), seconds(120));
  EXPECT_EQ(*ParseDuration("1h"), seconds(3600));
  EXPECT_EQ(*ParseDuration("0"), seconds(0));
  for (const char* const bad : {"", "s", "-1", "1.5s", "1 s", "1d", "99999999h",
                                "18446744073709551616", "18446744073709551615ms"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(MountOptionsTest, SizesAreInPowersOf1024) {
  EXPECT_EQ(*ParseSize("4096"), 4096u);
  EXPECT_EQ(*ParseSize("64k"), 65536u);
  EXPECT_EQ(*ParseSize("64K"), 65536u);
  EXPECT_EQ(*ParseSize("1M"), 1u << 20);
  EXPECT_EQ(*ParseSize("2G"), 2ull << 30);
  EXPECT_EQ(*ParseSize("1T"), 1ull << 40);
  EXPECT_EQ(*ParseSize("9223372036854775807"), kMaxOffset);
  for (const char* const bad : {"", "k", "-1", "1.5G", "1kb", "9223372036854775808", "8388608T"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace brimfs
