#include "fs/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<CommandLine> Parse(std::vector<const char*> arguments, const char* name = "brimfs") {
  arguments.insert(arguments.begin(), name);
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), "1.2.3");
}

Result<CommandLine> ParseHelper(const std::vector<const char*>& arguments) {
  return Parse(arguments, "/sbin/mount.brimfs");
}

TEST(CliTest, SourceAndMountpointAreTheTwoPlainArguments) {
  const auto line = Parse({"http://host/dir/", "/mnt"});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->source, "http://host/dir/");
  EXPECT_EQ(line->mountpoint, "/mnt");
  EXPECT_FALSE(line->foreground);
}

TEST(CliTest, OptionsMayStandAnywhereAndBeRepeated) {
  const auto line = Parse({"-o", "intr", "/srv/", "/mnt", "-o", "connections=3,timeout=5"});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->mountpoint, "/mnt");
  EXPECT_TRUE(line->options.intr);
  EXPECT_EQ(line->options.connections, 3);
  EXPECT_EQ(line->options.timeout, std::chrono::seconds(5));
}

TEST(CliTest, WhatMountHandsToItsHelpersIsAccepted) {
  const auto line = ParseHelper({"/srv/", "/mnt", "-s", "-f", "-n", "-v", "-N", "/proc/1/ns/mnt",
                                 "-o", "rw,unheard_of", "-t", "brimfs.sub"});
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_TRUE(line->fake);
  EXPECT_TRUE(line->verbose);
  EXPECT_FALSE(line->foreground);
  EXPECT_EQ(line->mount_namespace, "/proc/1/ns/mnt");
}

TEST(CliTest, OnlyASloppyHelperIgnoresUnknownOptions) {
  EXPECT_FALSE(ParseHelper({"/srv/", "/mnt", "-o", "unheard_of"}).ok());
  EXPECT_TRUE(ParseHelper({"/srv/", "/mnt", "-o", "unheard_of=1", "-s"}).ok());
  EXPECT_FALSE(ParseHelper({"/srv/", "/mnt", "-o", "timeout=soon", "-s"}).ok());
}

TEST(CliTest, ByItsOwnNameFIsTheForegroundAndMountsFlagsAreUnknown) {
  const auto line = Parse({"/srv/", "/mnt", "-f"});
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(line->foreground);
  EXPECT_FALSE(line->fake);
  for (const char* const flag : {"-n", "-s", "-v"}) {
    EXPECT_FALSE(Parse({"/srv/", "/mnt", flag}).ok()) << flag;
  }
}

TEST(CliTest, TheFlagForDebuggingStaysInTheForegroundAndTheOptionDoesNot) {
  for (const char* const how : {"-d", "--debug"}) {
    EXPECT_TRUE(Parse({"/s/", "/m", how})->foreground);
    EXPECT_TRUE(Parse({"/s/", "/m", how})->options.debug);
  }
  EXPECT_TRUE(Parse({"/s/", "/m", "-o", "debug"})->options.debug);
  EXPECT_FALSE(Parse({"/s/", "/m", "-o", "debug"})->foreground);
}

TEST(CliTest, MissingAndSurplusArgumentsAreOneLineWithTheRemedy) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {}, {"/srv/"}, {"/a/", "/b", "/c"}, {"/a/", "/b", "--unknown"}, {"/a/", "/b", "-o"}}) {
    const auto line = Parse(arguments);
    ASSERT_EQ(line.code(), Code::kInvalidArgument);
    EXPECT_THAT(line.status().message(), HasSubstr("brimfs --help"));
    EXPECT_EQ(line.status().message().find('\n'), std::string::npos);
  }
}

TEST(CliTest, HelpShowsEveryOption) {
  for (const auto& line : {Parse({"--help"}), ParseHelper({"--help"})}) {
    ASSERT_TRUE(line.ok());
    for (const OptionInfo& option : OptionTable()) {
      EXPECT_THAT(line->answer, HasSubstr("\n  " + std::string(option.name)));
    }
  }
}

TEST(CliTest, TheHelpOfMountsHelperIsItsOwn) {
  const std::string help = ParseHelper({"-h"})->answer;
  EXPECT_THAT(help, HasSubstr("\n  -f             fake:"));
  EXPECT_THAT(help, Not(HasSubstr("--foreground")));
  EXPECT_THAT(help, Not(HasSubstr("  -d")));
  EXPECT_THAT(help, Not(HasSubstr("Commands:")));
  EXPECT_FALSE(ParseHelper({"/srv/", "/mnt", "-d"}).ok());
}

TEST(CliTest, ACommandWithAMistakeIsNoSource) {
  EXPECT_EQ(Parse({"stauts", "/mnt"}).status().message(),
            "'stauts' is neither a command nor a source; did you mean 'status'?");
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"stauts"}, {"stauts", "/mnt", "--json"}, {"-f", "stauts", "/mnt"}}) {
    const auto line = Parse(arguments);
    EXPECT_EQ(line.code(), Code::kInvalidArgument);
    EXPECT_THAT(line.status().message(), HasSubstr("did you mean 'status'?"));
  }
  EXPECT_EQ(Parse({"measurements", "/mnt"}).status().message(),
            "'measurements' is neither a command nor a source; try brimfs --help");
}

TEST(CliTest, ANameIsASourceIfItIsThereOrCanBeNothingElse) {
  const TempDir directory;
  ASSERT_EQ(chdir(directory.path().c_str()), 0);
  EXPECT_FALSE(Parse({"stauts", "/mnt"}).ok());
  ASSERT_EQ(mkdir("stauts", 0700), 0);
  EXPECT_TRUE(Parse({"stauts", "/mnt"}).ok());
  EXPECT_TRUE(Parse({"./missing", "/mnt"}).ok());
  EXPECT_TRUE(Parse({"list:missing", "/mnt"}).ok());
  EXPECT_TRUE(ParseHelper({"missing", "/mnt"}).ok()) << "fstab knows no commands";
  ASSERT_EQ(chdir("/"), 0);
}

TEST(CliTest, VersionIsTheProgramsOwn) { EXPECT_EQ(Parse({"-V"})->answer, "brimfs 1.2.3\n"); }

}  // namespace
}  // namespace brimfs
