// brimfs ls and brimfs get: a source without a mount.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kMiB = 1 << 20;

class SourceCommandsTest : public ::testing::Test {
 protected:
  void Serve(Origin::Options options = {}) {
    origin_ = std::make_unique<Origin>(options);
    ASSERT_TRUE(origin_->Start().ok());
  }

  static std::vector<std::string> Command(const std::string& name,
                                          const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {BrimfsProgram(), name, "-o", "config=none"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  }
  static Ran Brimfs(const std::string& name, const std::vector<std::string>& arguments) {
    return RunCommand(Command(name, arguments), seconds(60));
  }

  static void ExpectOneError(const Ran& ran, int code, const std::string& begin,
                             const std::string& said) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, StartsWith(begin));
    EXPECT_THAT(ran.err, HasSubstr(said));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }

  std::unique_ptr<Origin> origin_;
  const TempDir dir_;
};

// --- ls --------------------------------------------------------------------------------------

class LsTest : public SourceCommandsTest {
 protected:
  void SetUp() override {
    Serve();
    origin_->PutOracle("a file", 5000);
    origin_->PutOracle("b", 7);
    origin_->PutOracle("below/c", 1);
    origin_->PutOracle("below/deep/d", 2);
  }
};

TEST_F(LsTest, NamesAreLinesAndDirectoriesEndInASlash) {
  const Ran ran = Brimfs("ls", {origin_->url()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  std::istringstream lines(ran.out);
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) names.insert(line);
  EXPECT_THAT(names, ElementsAre("a file", "b", "below/"));
}

TEST_F(LsTest, AllThatIsBelow) {
  const Ran ran = Brimfs("ls", {"-R", origin_->url()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) names.insert(line);
  EXPECT_THAT(names,
              ElementsAre("a file", "b", "below/", "below/c", "below/deep/", "below/deep/d"));
}

TEST_F(LsTest, SizesAreExactWhateverTheListingSays) {
  for (const Origin::Index index :
       {Origin::Index::kHtml, Origin::Index::kJson, Origin::Index::kNames}) {
    origin_->SetIndex(index);
    const Ran ran = Brimfs("ls", {"-l", origin_->url()});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("           5000  20"));
    EXPECT_THAT(ran.out, HasSubstr("Z  a file\n"));
    EXPECT_THAT(ran.out, HasSubstr("              7  20"));
    EXPECT_THAT(ran.out, HasSubstr("  below/\n"));
  }
}

TEST_F(LsTest, JsonIsOneObjectALine) {
  const Ran ran = Brimfs("ls", {"--json", "-R", origin_->url()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::map<std::string, nlohmann::json> entries;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json entry = nlohmann::json::parse(line);
    entries[entry["name"]] = entry;
  }
  ASSERT_EQ(entries.size(), 6u);
  EXPECT_EQ(entries["a file"]["size"], 5000);
  EXPECT_EQ(entries["a file"]["kind"], "file");
  EXPECT_EQ(entries["below/deep"]["kind"], "directory");
  EXPECT_FALSE(entries["below/deep"].contains("size"));
}

TEST_F(LsTest, NamesMayEndInNul) {
  const Ran ran = Brimfs("ls", {"-0", origin_->url("below/deep/")});
  EXPECT_EQ(ran.out, std::string("d\0", 2));
}

TEST_F(LsTest, OneObjectIsOneLine) {
  EXPECT_EQ(Brimfs("ls", {origin_->url("b")}).out, "b\n");
  EXPECT_THAT(Brimfs("ls", {"-l", origin_->url("b")}).out, HasSubstr("  b\n"));
}

TEST_F(LsTest, ADirectoryThatFailsIsSaidAndTheOthersAreListed) {
  OriginFault refused = *ParseFault("status=403:list:ever");
  refused.path = "below/deep/";
  origin_->Inject(refused);
  const Ran ran = Brimfs("ls", {"-R", origin_->url()});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("below/c\n"));
  EXPECT_THAT(ran.err, StartsWith("brimfs ls: "));
  EXPECT_THAT(ran.err, HasSubstr("below/deep/"));
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
}

TEST_F(LsTest, NamesComeAsTheirPagesDo) {
  Origin::Options options;
  options.s3.bucket = "bucket";
  options.s3.anonymous = true;
  options.s3.page = 2;
  Serve(options);
  for (const char* const key : {"a", "b", "c", "d"}) origin_->PutOracle(key, 1);
  origin_->CloseHeadGate("?2");
  Process process(
      Command("ls", {"s3://bucket/", "-o",
                     "anonymous,region=us-east-1,endpoint=" + origin_->url() + ",timeout=60"}));
  origin_->AwaitAtGate("?2", 1);
  // The next page may be asked for before the names of this one are written.
  const std::string first = "a\nb\n";
  while (process.out().size() < first.size() && !process.Wait(std::chrono::milliseconds(1))) {
  }
  EXPECT_EQ(process.out(), first);
  origin_->OpenGate("?2");
  EXPECT_EQ(process.Wait(), 0) << process.err();
  EXPECT_EQ(process.out(), "a\nb\nc\nd\n");
}

TEST_F(LsTest, AReaderThatGoesEndsItQuietly) {
  for (int i = 0; i < 3000; ++i) origin_->PutOracle("many/" + std::to_string(i), 1);
  const Ran ran = RunCommand(
      {"bash", "-c", "\"$1\" ls -o config=none \"$2\" | head -1 > /dev/null; echo ${PIPESTATUS[0]}",
       "bash", BrimfsProgram(), origin_->url("many/")});
  EXPECT_EQ(ran.out, std::to_string(128 + SIGPIPE) + "\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(LsTest, WhatIsWrongIsOneLine) {
  ExpectOneError(Brimfs("ls", {}), 2, "brimfs ls: ", "usage: brimfs ls SOURCE");
  ExpectOneError(Brimfs("ls", {"--what", "/srv"}), 2, "brimfs ls: ", "usage: brimfs ls SOURCE");
  ExpectOneError(Brimfs("ls", {origin_->url(), "-o", "timeuot=3"}), 2,
                 "brimfs ls: ", "did you mean 'timeout'?");
  ExpectOneError(Brimfs("ls", {"gopher://example.org/"}), 2, "brimfs ls: ", "no backend");
  for (const std::string command : {"ls", "get", "doctor"}) {
    const std::string begin = "brimfs " + command + ": ";
    std::vector<std::string> arguments = {origin_->url(), "-o", "config=/nonexistent"};
    if (command == "get") arguments.push_back(dir_.path());
    ExpectOneError(Brimfs(command, arguments), 2, begin, "/nonexistent: No such file");
    WriteFile(dir_ / "open.conf", "");
    ASSERT_EQ(chmod((dir_ / "open.conf").c_str(), 0666), 0);
    arguments[2] = "config=" + (dir_ / "open.conf");
    ExpectOneError(Brimfs(command, arguments), 2, begin, "chmod go-w");
  }
  ExpectOneError(Brimfs("ls", {origin_->url("missing/")}), 1, "brimfs ls: ", "404");
}

// --- get -------------------------------------------------------------------------------------

class GetTest : public SourceCommandsTest {
 protected:
  static constexpr uint64_t kSize = 20 * kMiB + 12345;

  void SetUp() override {
    Serve();
    origin_->PutOracle("file", kSize);
    std::filesystem::create_directory(out_);
  }

  Ran Get(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {origin_->url("file"), to_});
    return Brimfs("get", more);
  }

  // Waits until the command has asked for bytes and waits for them.
  void AwaitReader() { origin_->AwaitAtGate("file", 1); }

  const std::string out_ = dir_ / "out";
  const std::string to_ = out_ + "/copy";
};

TEST_F(GetTest, TheFileIsThereWholeWithAModeByTheUmask) {
  const Ran ran = Shell("umask 027; exec \"$1\" get -o config=none \"$2\" \"$3\"",
                        {BrimfsProgram(), origin_->url("file"), to_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(CheckOracleFile(to_, kSize), "");
  struct stat info = {};
  ASSERT_EQ(stat(to_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_nlink, 1u);
  EXPECT_THAT(NamesIn(out_), ElementsAre("copy"));
}

TEST_F(GetTest, IntoADirectoryItKeepsItsName) {
  EXPECT_EQ(Brimfs("get", {origin_->url("file"), out_}).code, 0);
  EXPECT_EQ(CheckOracleFile(out_ + "/file", kSize), "");
}

TEST_F(GetTest, AnEmptyFileIsOne) {
  origin_->PutBytes("file", "");
  EXPECT_EQ(Get().code, 0);
  EXPECT_EQ(std::filesystem::file_size(to_), 0u);
}

TEST_F(GetTest, BytesComeOnceAndOverSeveralConnections) {
  EXPECT_EQ(Get().code, 0);
  const Origin::Counters counters = origin_->counters();
  EXPECT_GE(counters.body_bytes, kSize);
  EXPECT_LT(counters.body_bytes, kSize + kSize / 8);
  EXPECT_GT(counters.connections, 2u);
}

TEST_F(GetTest, MoreThanMemoryHolds) {
  EXPECT_EQ(Get({"-o", "memory=16M"}).code, 0);
  EXPECT_EQ(CheckOracleFile(to_, kSize), "");
}

TEST_F(GetTest, ToStandardOutput) {
  const Ran ran = Shell("\"$1\" get -o config=none \"$2\" - | cat > \"$3\"",
                        {BrimfsProgram(), origin_->url("file"), to_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(CheckOracleFile(to_, kSize), "");
}

TEST_F(GetTest, ATerminalShowsHowFarItIs) {
  // script(1) gives it a pseudo-terminal.
  const Ran ran = RunCommand(
      {"script", "-qec",
       BrimfsProgram() + " get -o config=none " + origin_->url("file") + " " + to_, "/dev/null"});
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("100%"));
  EXPECT_EQ(Get({"--force"}).out, "");
}

TEST_F(GetTest, AReaderThatGoesEndsItQuietly) {
  const Ran ran = RunCommand(
      {"bash", "-c",
       "\"$1\" get -o config=none \"$2\" - | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}", "bash",
       BrimfsProgram(), origin_->url("file")});
  EXPECT_EQ(ran.out, std::to_string(128 + SIGPIPE) + "\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(GetTest, WhatIsThereStaysUnlessForced) {
  WriteFile(to_, "mine");
  ExpectOneError(Get(), 1, "brimfs get: ", "exists; --force replaces it");
  EXPECT_EQ(ReadFile(to_), "mine");
  EXPECT_EQ(origin_->counters().body_bytes, 0u);
  EXPECT_EQ(Get({"--force"}).code, 0);
  EXPECT_EQ(CheckOracleFile(to_, kSize), "");
  EXPECT_THAT(NamesIn(out_), ElementsAre("copy"));
}

TEST_F(GetTest, AChangeInTheMiddleBeginsOnceMore) {
  origin_->CloseGate("file", 8 * kMiB);
  Process process(Command("get", {origin_->url("file"), to_}));
  AwaitReader();
  origin_->PutOracle("file", kSize + 1, /*seed=*/2);
  origin_->OpenGate("file");
  EXPECT_EQ(process.Wait(), 0) << process.err();
  EXPECT_EQ(CheckOracleFile(to_, kSize + 1, /*seed=*/2), "");
}

TEST_F(GetTest, AFailureLeavesNothing) {
  origin_->Inject(*ParseFault("status=403:ranged:ever"));
  ExpectOneError(Get(), 1, "brimfs get: ", "403");
  EXPECT_THAT(NamesIn(out_), ElementsAre());
}

TEST_F(GetTest, InterruptedItLeavesNothing) {
  origin_->CloseGate("file", 8 * kMiB);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process process(Command("get", {origin_->url("file"), to_}));
    AwaitReader();
    process.Signal(signal);
    EXPECT_EQ(process.Wait(), 128 + signal);
    EXPECT_EQ(process.err(), "brimfs get: interrupted\n");
    EXPECT_THAT(NamesIn(out_), ElementsAre());
  }
}

TEST_F(GetTest, KilledItIsWholeOrAbsent) {
  int whole = 0;
  int absent = 0;
  // Each time it is killed after so many more bytes have been asked for, until it is through.
  for (uint64_t at = 0; at <= kSize; at += 3 * kMiB / 2) {
    origin_->CloseGate("file", at);
    Process process(Command("get", {origin_->url("file"), to_}));
    AwaitReader();
    process.Signal(SIGKILL);
    EXPECT_EQ(process.Wait(), 128 + SIGKILL);
    origin_->OpenGate("file");
    EXPECT_THAT(NamesIn(out_), ElementsAre()) << at;
    ++absent;
  }
  // And where it writes, syncs and links, at any moment.
  for (int turn = 0; turn < 40; ++turn) {
    Process process(Command("get", {origin_->url("file"), to_}));
    const uint64_t enough = origin_->counters().body_bytes + kSize * (30 + turn) / 64;
    while (origin_->counters().body_bytes < enough && !process.Wait(std::chrono::milliseconds(1))) {
    }
    process.Signal(SIGKILL);
    process.Wait();
    const std::vector<std::string> names = NamesIn(out_);
    if (names.empty()) {
      ++absent;
      continue;
    }
    ASSERT_THAT(names, ElementsAre("copy"));
    EXPECT_EQ(CheckOracleFile(to_, kSize), "");
    std::filesystem::remove(to_);
    ++whole;
  }
  EXPECT_GT(absent, 0);
  EXPECT_GT(whole, 0);  // the last turns are past the end
}

TEST_F(GetTest, ADirectoryNeedsToBeAskedFor) {
  origin_->PutOracle("tree/a", 10);
  ExpectOneError(Brimfs("get", {origin_->url("tree/"), to_}), 1, "brimfs get: ", "-r gets what");
  ExpectOneError(Brimfs("get", {origin_->url("tree/"), "-"}), 1, "brimfs get: ", "one file");
}

TEST_F(GetTest, ADirectoryWithAllThatIsBelow) {
  for (int i = 0; i < 30; ++i) origin_->PutOracle("tree/" + std::to_string(i), 1000u + i, 5);
  origin_->PutOracle("tree/below/deep/file", 3 * kMiB);
  EXPECT_EQ(Brimfs("get", {"-r", origin_->url("tree/"), to_}).code, 0);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(CheckOracleFile(to_ + "/" + std::to_string(i), 1000u + i, 5), "");
  }
  EXPECT_EQ(CheckOracleFile(to_ + "/below/deep/file", 3 * kMiB), "");
}

TEST_F(GetTest, OfADirectoryWhatFailsIsSaidAndTheRestIsGot) {
  for (const char* const name : {"tree/a", "tree/b", "tree/c"}) origin_->PutOracle(name, 1000);
  OriginFault refused = *ParseFault("status=403:any:ever");
  refused.path = "tree/b";
  origin_->Inject(refused);
  const Ran ran = Brimfs("get", {"-r", origin_->url("tree/"), to_});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("tree/b"));
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_THAT(NamesIn(to_), ElementsAre("a", "c"));
}

TEST_F(GetTest, AFullDiskIsTheCauseThatIsSaid) {
  ExpectOneError(Brimfs("get", {origin_->url("file"), "/proc/none"}), 1, "brimfs get: ", "/proc/");
  ExpectOneError(Shell("\"$1\" get -o config=none \"$2\" - > /dev/full",
                       {BrimfsProgram(), origin_->url("file")}),
                 1, "brimfs get: ", "No space left");
}

}  // namespace
}  // namespace brimfs
