// list:FILE, a text file of URLs, mounted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ListSourceTest : public E2eTest {
 protected:
  std::string Source(const std::string& list) {
    WriteFile(dir_ / "urls.txt", list);
    return "list:" + (dir_ / "urls.txt");
  }

  TempDir dir_;
};

TEST_F(ListSourceTest, FilesOfSeveralServersOverHttpAndHttpsAreOneDirectory) {
  const auto origin = StartOrigin();
  origin->PutOracle("deep/in/one", 300000, 1);
  Nginx nginx({.tls = true});
  WriteOracleFile(nginx.File("two"), 5000, 2);
  WriteOracleFile(nginx.File("more/three"), 100, 3);
  Mount& mount = Attach(Source("# of three places\n" + origin->url() + "deep/in/one\n" +
                               nginx.https_url("two") + " number two\n" + nginx.url("more/") +
                               "\n" + nginx.url("two") + "\n" + nginx.url("gone") + "\n"),
                        {"cacert=" + nginx.cacert()});
  EXPECT_THAT(NamesIn(mount.path()), ElementsAre("gone", "more", "number two", "one", "two"));
  EXPECT_EQ(CheckOracleFile(mount.File("one"), 300000, 1), "");
  EXPECT_EQ(CheckOracleFile(mount.File("number two"), 5000, 2), "");
  EXPECT_EQ(CheckOracleFile(mount.File("two"), 5000, 2), "");
  EXPECT_THAT(NamesIn(mount.File("more")), ElementsAre("three"));
  EXPECT_EQ(CheckOracleFile(mount.File("more/three"), 100, 3), "");
  EXPECT_EQ(Descriptor(mount.File("gone")).error(), ENOENT);
  EXPECT_EQ(Descriptor(mount.File("not in the list")).error(), ENOENT);
}

TEST_F(ListSourceTest, AQueryIsSentAndNeverShown) {
  const auto origin = StartOrigin();
  origin->PutOracle("signed", 1000, 1);
  const std::string source = Source(origin->url() + "signed?X-Signature=s3cret\n" + origin->url() +
                                    "gone?X-Signature=s3cret\n");
  Mount& mount = Attach(source, {"debug"});
  EXPECT_EQ(CheckOracleFile(mount.File("signed"), 1000, 1), "");
  for (const Origin::Seen& seen : origin->seen()) EXPECT_THAT(seen.target, HasSubstr("s3cret"));
  EXPECT_EQ(Descriptor(mount.File("gone")).error(), ENOENT);
  EXPECT_EQ(GetAttribute(mount.File("signed"), "user.brimfs.url"), origin->url() + "signed");
  EXPECT_EQ(GetAttribute(mount.path(), "user.brimfs.url"), source);
  EXPECT_THAT(ReadFile("/proc/self/mountinfo"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(mount.log(), Not(HasSubstr("s3cret")));
}

TEST_F(ListSourceTest, AHundredThousandNamesCostNoRequest) {
  const auto origin = StartOrigin();
  origin->PutOracle("object", 1000, 1);
  std::string list;
  for (int i = 0; i < 100000; ++i) {
    list += origin->url() + "object?id=" + std::to_string(i) + " name " + std::to_string(i) + "\n";
  }
  Mount& mount = Attach(Source(list));
  EXPECT_EQ(NamesIn(mount.path()).size(), 100000u);
  EXPECT_EQ(origin->counters().requests, 0u);
  EXPECT_EQ(CheckOracleFile(mount.File("name 77777"), 1000, 1), "");
  EXPECT_LT(origin->counters().requests, 10u);
}

TEST_F(ListSourceTest, ARelativeFileIsFoundByADaemonToo) {
  const auto origin = StartOrigin();
  origin->PutOracle("object", 1000, 1);
  Source(origin->url() + "object\n");
  const Ran ran = Shell(
      "cd \"$1\" && mkdir mnt && \"$2\" list:urls.txt mnt -o cache=cache && stat -c %s mnt/object; "
      "umount mnt",
      {dir_.path(), BrimfsProgram()});
  EXPECT_EQ(ran.out, "1000\n") << ran.err;
  EXPECT_EQ(ran.code, 0) << ran.err;
}

TEST_F(ListSourceTest, ABadLineIsOneLineOfErrorThatNamesIt) {
  Mount mount(Source("http://127.0.0.1/a\nhttp://me:s3cret@127.0.0.1/b\n"));
  EXPECT_THAT(mount.started().message(), HasSubstr("brimfs ended with 1:"));
  EXPECT_THAT(mount.log(), testing::MatchesRegex("brimfs: [^\n]*urls.txt:2: [^\n]*'@'[^\n]*\n"));
  EXPECT_THAT(mount.log(), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace brimfs
