// Whatever is wrong with a command line: one line that names it and the remedy, an exit code as
// mount(8) has it, nothing mounted, nothing left running.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "tests/e2e/command_test.h"

namespace brimfs {
namespace {

using testing::HasSubstr;
using testing::Not;

class BadInputTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", 5000);
  }

  // Of which no other line is expected.
  static void ExpectOneLine(const Ran& ran, int code, const std::vector<std::string>& named) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_TRUE(ran.err.starts_with("brimfs: ")) << ran.err;
    for (const std::string& word : named) EXPECT_THAT(ran.err, HasSubstr(word));
    EXPECT_THAT(ran.err, Not(HasSubstr("hunter2")));
  }

  void ExpectNothingMounted() const {
    EXPECT_FALSE(Mounted());
    EXPECT_TRUE(AwaitDaemonsEnd());
  }

  std::unique_ptr<Origin> origin_;
};

// --- SOURCE ----------------------------------------------------------------------------------

struct BadSource {
  const char* name;
  const char* source;  // ORIGIN, NOBODY and DIR stand for ours
  int code;
  std::vector<std::string> named;
  const char* fault = nullptr;  // for the origin
};

// ctest names the test so.
void PrintTo(const BadSource& bad, std::ostream* out) { *out << bad.name; }

class BadSourceTest : public BadInputTest, public ::testing::WithParamInterface<BadSource> {
 protected:
  std::string Source() const {
    std::string source = GetParam().source;
    const auto replace = [&](const std::string& word, const std::string& by) {
      if (const size_t at = source.find(word); at != std::string::npos) {
        source.replace(at, word.size(), by);
      }
    };
    replace("ORIGIN", origin_->url());
    replace("NOBODY", "http://127.0.0.1:1/");
    replace("DIR", dir_.path());
    return source;
  }
};

TEST_P(BadSourceTest, FailsWithOneLine) {
  const BadSource& bad = GetParam();
  if (bad.fault != nullptr) origin_->Inject(*ParseFault(bad.fault));
  ExpectOneLine(Brimfs(Source(), {"-o", "timeout=2,first_byte_timeout=1"}), bad.code, bad.named);
  ExpectNothingMounted();
}

INSTANTIATE_TEST_SUITE_P(
    Sources, BadSourceTest,
    ::testing::Values(
        BadSource{"UnknownScheme", "gopher://127.0.0.1/", 1, {"gopher", "http"}},
        BadSource{"NoHost", "http:///path", 1, {"host"}},
        BadSource{"BadPort", "http://127.0.0.1:99999/", 1, {"Port number"}},
        BadSource{"Password", "http://user:hunter2@127.0.0.1/", 1, {"credentials="}},
        BadSource{"NoSuchHost", "http://nobody.invalid/", 32, {"nobody.invalid"}},
        BadSource{"Refused", "NOBODY", 32, {"127.0.0.1:1"}},
        BadSource{"NotFound", "ORIGINmissing", 32, {"missing"}},
        BadSource{"MissingDirectory", "ORIGINmissing/", 32, {"missing/"}},
        BadSource{"Unauthorized", "ORIGIN", 32, {"401", "credentials="}, "status=401:any:ever"},
        BadSource{"ServerError", "ORIGIN", 32, {"500"}, "status=500:any:ever"},
        BadSource{"Silent", "ORIGIN", 32, {"127.0.0.1"}, "stall:any:ever"},
        BadSource{"NoLocalDirectory", "DIR/missing", 32, {"missing"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(BadInputTest, ACertificateThatIsNotTrustedFailsTheMount) {
  const Nginx nginx({.tls = true});
  ExpectOneLine(Brimfs(nginx.https_url()), 32, {nginx.https_url(), "certificate", "cacert="});
  ExpectNothingMounted();
}

// --- Options and arguments -------------------------------------------------------------------

struct BadOption {
  const char* name;
  std::vector<std::string> arguments;  // after SOURCE and MOUNTPOINT
  std::vector<std::string> named;
};

void PrintTo(const BadOption& bad, std::ostream* out) { *out << bad.name; }

class BadOptionTest : public BadInputTest, public ::testing::WithParamInterface<BadOption> {};

TEST_P(BadOptionTest, FailsWithOneLineAndAsksNobody) {
  ExpectOneLine(Brimfs(origin_->url(), GetParam().arguments), 1, GetParam().named);
  EXPECT_EQ(origin_->counters().connections, 0u);
  ExpectNothingMounted();
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadOptionTest,
    ::testing::Values(BadOption{"Unknown", {"-o", "chache=/x"}, {"chache", "cache", "--help"}},
                      BadOption{"NotANumber", {"-o", "connections=many"}, {"connections=many"}},
                      BadOption{"OutOfRange", {"-o", "memory=1"}, {"memory=1", "16M"}},
                      BadOption{"NotATime", {"-o", "timeout=soon"}, {"timeout=soon", "90s"}},
                      BadOption{"NoValue", {"-o", "uid"}, {"uid"}},
                      BadOption{"AValueTooMuch", {"-o", "intr=1"}, {"intr"}},
                      BadOption{"NoSuchUser", {"-o", "uid=nobody-of-that-name"}, {"uid="}},
                      BadOption{"UnknownFlag", {"--frobnicate"}, {"frobnicate", "--help"}},
                      BadOption{"Surplus", {"/surplus"}, {"surplus", "--help"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(BadInputTest, MissingArgumentsAreSaid) {
  ExpectOneLine(RunCommand({BrimfsProgram()}), 1, {"SOURCE", "--help"});
  ExpectOneLine(RunCommand({BrimfsProgram(), "/srv"}), 1, {"MOUNTPOINT", "--help"});
}

TEST_F(BadInputTest, ACommandWithAMistakeIsNotTakenForASourceToMount) {
  ExpectOneLine(RunCommand({BrimfsProgram(), "stauts", "/usr"}), 1,
                {"'stauts' is neither a command nor a source; did you mean 'status'?"});
}

// --- MOUNTPOINT: no bad one costs a request --------------------------------------------------

class BadMountpointTest : public BadInputTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(origin_ == nullptr ? 0u : origin_->counters().connections, connections_);
    BadInputTest::TearDown();
  }

  uint64_t connections_ = 0;  // that are right
};

TEST_F(BadMountpointTest, Missing) {
  std::filesystem::remove(mountpoint_);
  ExpectOneLine(Brimfs(origin_->url()), 32, {mountpoint_, "mkdir"});
}

TEST_F(BadMountpointTest, NotADirectory) {
  std::filesystem::remove(mountpoint_);
  WriteFile(mountpoint_, "");
  ExpectOneLine(Brimfs(origin_->url()), 32, {mountpoint_, "not a directory"});
}

TEST_F(BadMountpointTest, BelowAFile) {
  WriteFile(dir_ / "file", "");
  std::vector<std::string> argv = Arguments(origin_->url());
  argv[2] = dir_ / "file/below";
  ExpectOneLine(RunCommand(argv), 32, {dir_ / "file/below", "not a directory"});
}

TEST_F(BadMountpointTest, NotEmpty) {
  WriteFile(File("something"), "");
  ExpectOneLine(Brimfs(origin_->url()), 32, {mountpoint_, "not empty", "nonempty"});
  EXPECT_FALSE(Mounted());
  EXPECT_EQ(Brimfs(dir_.path(), {"-o", "nonempty"}).code, 0);
  EXPECT_TRUE(Mounted());
}

TEST_F(BadMountpointTest, AlreadyMounted) {
  ASSERT_EQ(Brimfs(dir_.path()).code, 0);
  ExpectOneLine(Brimfs(origin_->url()), 32, {mountpoint_, dir_.path(), "already", "umount"});
  // Even if the daemon there does not answer.
  const std::vector<pid_t> daemons = Daemons();
  ASSERT_EQ(daemons.size(), 1u);
  kill(daemons[0], SIGSTOP);
  ExpectOneLine(Brimfs(origin_->url()), 32, {mountpoint_, dir_.path(), "already", "umount"});
  kill(daemons[0], SIGCONT);
}

TEST_F(BadMountpointTest, RemountChangesNothing) {
  ASSERT_EQ(Brimfs(dir_.path()).code, 0);
  ExpectOneLine(Brimfs(dir_.path(), {"-o", "remount,rw,user_id=0"}), 32,
                {mountpoint_, "remount", "unmount"});
  EXPECT_TRUE(IsMounted(mountpoint_));
}

// --- The cache directory ---------------------------------------------------------------------

class BadCacheTest : public BadInputTest {
 protected:
  const std::string cache_ = dir_ / "cache";

  void ExpectRefused(const std::vector<std::string>& named) {
    ExpectOneLine(Brimfs(origin_->url()), 2, named);
    ExpectNothingMounted();
  }
};

TEST_F(BadCacheTest, AFile) {
  WriteFile(cache_, "");
  ExpectRefused({cache_, "cache="});
}

TEST_F(BadCacheTest, OfAnotherUser) {
  std::filesystem::create_directory(cache_);
  ASSERT_EQ(chmod(cache_.c_str(), 0700), 0);
  ASSERT_EQ(chown(cache_.c_str(), 65534, 65534), 0);
  ExpectRefused({cache_, "cache="});
}

TEST_F(BadCacheTest, ThatOthersMayEnter) {
  std::filesystem::create_directory(cache_);
  for (const mode_t mode : {0750, 0701, 0777}) {
    ASSERT_EQ(chmod(cache_.c_str(), mode), 0);
    ExpectRefused({cache_, "chmod 700", "cache="});
  }
}

TEST_F(BadCacheTest, OnAReadOnlyDisk) {
  const std::string disk = dir_ / "disk";
  std::filesystem::create_directory(disk);
  ASSERT_EQ(mount("tmpfs", disk.c_str(), "tmpfs", MS_RDONLY, "mode=700"), 0);
  for (const std::string& directory : {disk, disk + "/new"}) {
    const Ran ran = Brimfs(origin_->url(), {"-o", "cache=" + directory});
    ExpectOneLine(ran, 2, {directory, "Read-only", "cache="});
  }
  umount2(disk.c_str(), MNT_DETACH);
  ExpectNothingMounted();
}

// --- What the system does not give -----------------------------------------------------------

class UnprivilegedTest : public InstalledTest {
 protected:
  void SetUp() override {
    InstalledTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(chown(mountpoint_.c_str(), 65534, 65534), 0);
    std::filesystem::create_directory(dir_ / "home");
    ASSERT_EQ(chown((dir_ / "home").c_str(), 65534, 65534), 0);
  }

  // brimfs without the help of root; `with` are arguments of setpriv(1).
  Ran Mount(const std::string& options, const std::vector<std::string>& with,
            const std::string& brimfs = "brimfs") const {
    std::vector<std::string> argv = {"setpriv"};
    argv.insert(argv.end(), with.begin(), with.end());
    // LeakSanitizer would have to trace a process that lets nobody but root do so.
    argv.insert(argv.end(), {"env", "ASAN_OPTIONS=detect_leaks=0"});
    argv.insert(argv.end(),
                {brimfs, "/usr/share", mountpoint_, "-o", "cache=" + (dir_ / "home/c")});
    if (!options.empty()) argv.insert(argv.end(), {"-o", options});
    return RunCommand(argv);
  }

  void ExpectRefused(const Ran& ran, const std::vector<std::string>& named) const {
    EXPECT_EQ(ran.code, 32) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    for (const std::string& word : named) EXPECT_THAT(ran.err, HasSubstr(word));
    EXPECT_FALSE(Mounted());
  }

  const std::vector<std::string> user_ = {"--reuid=65534", "--regid=65534", "--clear-groups"};
};

TEST_F(UnprivilegedTest, AUserMountsOnADirectoryOfTheirOwn) {
  const Ran ran = Mount("", user_);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(Mounted());
}

TEST_F(UnprivilegedTest, ADirectoryOfSomebodyElseIsRefused) {
  ASSERT_EQ(chown(mountpoint_.c_str(), 0, 0), 0);
  ExpectRefused(Mount("", user_), {mountpoint_, "write", "of your own"});
}

TEST_F(UnprivilegedTest, WhatFusermountSaysIsInTheOneLine) {
  WriteFile("/etc/fuse.conf", "");
  ExpectRefused(Mount("allow_other", user_),
                {mountpoint_, "allow_other", "user_allow_other", "/etc/fuse.conf"});
}

TEST_F(UnprivilegedTest, WithoutFusermountTheRemedyIsNamed) {
  std::filesystem::rename("/usr/bin/fusermount3", "/usr/bin/elsewhere");
  ExpectRefused(Mount("", user_), {mountpoint_, "fusermount3", "fuse3"});
}

TEST_F(UnprivilegedTest, ADeviceThatIsNotForAllIsNamed) {
  ASSERT_EQ(chmod("/dev/fuse", 0600), 0);
  ExpectRefused(Mount("", user_), {"/dev/fuse", "chmod 666", "--device /dev/fuse"});
}

TEST_F(UnprivilegedTest, AContainerWithoutTheDeviceIsToldHowToGetIt) {
  ASSERT_EQ(mount("tmpfs", "/dev", "tmpfs", 0, "mode=755"), 0);
  const Ran ran = Mount("", {"--reuid=0"});
  ExpectRefused(ran, {"/dev/fuse", "--device /dev/fuse --cap-add SYS_ADMIN"});
}

TEST_F(UnprivilegedTest, AContainerWithoutThePrivilegeIsToldHowToGetIt) {
  const Ran ran = Mount("", {"--bounding-set=-sys_admin", "--inh-caps=-sys_admin"});
  ExpectRefused(ran, {mountpoint_, "--device /dev/fuse --cap-add SYS_ADMIN"});
}

}  // namespace
}  // namespace brimfs
