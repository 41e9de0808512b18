// One tree of odd names on every web server whose listings are read: what is mounted is what is
// there.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/real_servers.h"

namespace brimfs {
namespace {

using testing::ElementsAreArray;

constexpr char kNotUtf8[] = "bad\xff\xfeutf8";
constexpr timespec kModified = {1795199827, 0};  // 2026-11-20T18:37:07Z

// Paths of files and their sizes; each file has a seed of its own, see SeedOf.
std::map<std::string, uint64_t> Files() {
  std::map<std::string, uint64_t> files = {{"empty", 0},
                                           {"one", 1},
                                           {"large.bin", (3 << 20) + 12345},
                                           {"a dir/in it", 70000},
                                           {"a dir/100% &c/d#?e", 4097},
                                           {kNotUtf8, 100}};
  uint64_t size = 1000;
  for (const char* name : {"plain.txt",
                           "with space",
                           "per%cent",
                           "per%41cent",
                           "a&b<c>\"d'",
                           "hash#tag",
                           "quest?ion",
                           ".hidden",
                           "..name",
                           "back\\slash",
                           "colon:name",
                           "new\nline",
                           "plus+plus",
                           "semi;colon",
                           "amp&amp;x",
                           "~tilde",
                           "tab\there",
                           "-dash",
                           "README.md",
                           "notes.txt",
                           "page.HTML",
                           "x.tar.gz",
                           "br[ack]{x}^`|$!*()",
                           "trailing ",
                           " leading",
                           "ctrl\x01x",
                           "\xC2\xA0nbsp",
                           "http:example.org",
                           "\xC3\xBCml\xC3\xA4ut-\xE6\x97\xA5\xE6\x9C\xAC"}) {
    files[name] = size += 37;
  }
  files[std::string(255, 'x')] = 255;
  return files;
}

uint64_t SeedOf(const std::string& path) { return 1 + path.size(); }

class WebServersTest : public E2eTest, public testing::WithParamInterface<RealServer> {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    const std::string missing = WhyMissing(GetParam());
    if (!missing.empty()) GTEST_SKIP() << missing;
    server_ = StartServer(GetParam());
  }

  void TearDown() override {
    E2eTest::TearDown();  // the mount goes before its server
    server_.reset();
  }

  void MakeTree() {
    for (const auto& [path, size] : Files()) {
      WriteOracleFile(server_->File(path), size, SeedOf(path));
      const timespec times[2] = {kModified, kModified};
      ASSERT_EQ(utimensat(AT_FDCWD, server_->File(path).c_str(), times, 0), 0);
    }
  }

  // lighttpd answers 400 to a URL with control characters or what is not UTF-8, though its listing
  // has them.
  bool Refuses(const std::string& name) const {
    const bool odd =
        std::any_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; });
    return GetParam() == RealServer::kLighttpd && (odd || name == kNotUtf8);
  }

  // How the server calls that name in its listing; "" if it hides it.
  std::string ListedAs(const std::string& name) const {
    switch (GetParam()) {
      case RealServer::kNginx:
        return name.starts_with('.') ? "" : name;
      case RealServer::kPython:  // each byte as a surrogate, which it also reads
        return name == kNotUtf8 ? "bad\xED\xB3\xBF\xED\xB3\xBEutf8" : name;
      case RealServer::kHttpServer:  // it cannot say such a name
        return name == kNotUtf8 ? "" : name;
      default:
        return name;
    }
  }

  std::unique_ptr<WebServer> server_;
};

TEST_P(WebServersTest, AllNamesAreThereAndNoOthers) {
  MakeTree();
  Mount& mount = Attach(server_->url());
  std::vector<std::string> expected;
  for (const auto& [path, size] : Files()) {
    const std::string name = ListedAs(path.substr(0, path.find('/')));
    if (!name.empty()) expected.push_back(name);
  }
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  EXPECT_THAT(NamesIn(mount.path()), ElementsAreArray(expected));
  EXPECT_THAT(NamesIn(mount.File("a dir")), ElementsAreArray({"100% &c", "in it"}));
  EXPECT_THAT(NamesIn(mount.File("a dir/100% &c")), ElementsAreArray({"d#?e"}));
}

TEST_P(WebServersTest, EveryListedFileHasItsSizeItsTimeAndItsBytes) {
  MakeTree();
  Mount& mount = Attach(server_->url());
  for (const auto& [path, size] : Files()) {
    const std::string name = ListedAs(path);
    if (name.empty()) continue;
    const Descriptor file(mount.File(name));
    if (Refuses(name)) {
      EXPECT_EQ(file.error(), EIO) << name;
      continue;
    }
    ASSERT_EQ(file.error(), 0) << name;
    EXPECT_EQ(file.Stat().st_size, static_cast<off_t>(size)) << name;
    // A listing by nginx has them to the minute.
    const time_t time = file.Stat().st_mtime;
    EXPECT_TRUE(time == kModified.tv_sec ||
                (GetParam() == RealServer::kNginx && time == kModified.tv_sec / 60 * 60))
        << name << ": " << time;
    EXPECT_EQ(CheckOracleFile(mount.File(name), size, SeedOf(path)), "") << name;
  }
}

TEST_P(WebServersTest, RandomReadsOfAFileThatIsNotThereYetAreRight) {
  MakeTree();
  const uint64_t size = Files().at("large.bin");
  Mount& mount = Attach(server_->url());
  const Descriptor file(mount.File("large.bin"));
  ASSERT_EQ(file.error(), 0);
  file.AdviseRandom();
  std::mt19937_64 random(1);
  for (int i = 0; i < 40; ++i) {
    const uint64_t begin = random() % size;
    const Range range{begin, std::min(size, begin + 1 + random() % 100000)};
    ASSERT_EQ(CheckOracle(file, range, SeedOf("large.bin")), "") << begin;
  }
  EXPECT_EQ(CheckOracleFile(mount.File("large.bin"), size, SeedOf("large.bin")), "");
}

TEST_P(WebServersTest, AnEmptyDirectoryIsEmptyAndWhatIsNotThereIsNot) {
  std::filesystem::create_directory(server_->File("nothing in it"));
  Mount& mount = Attach(server_->url());
  EXPECT_TRUE(NamesIn(mount.File("nothing in it")).empty());
  EXPECT_EQ(Descriptor(mount.File("no such name")).error(), ENOENT);
  EXPECT_EQ(Descriptor(mount.File("nothing in it/no such name")).error(), ENOENT);
}

TEST_P(WebServersTest, ADirectoryThatShowsAHomePageIsEmptyAndItsFilesAreFoundByAsking) {
  WriteFile(
      server_->File("index.html"),
      "<html><title>Welcome</title><a href=\"page\">page</a> <a href=\"gone\">gone</a></html>");
  WriteFile(server_->File("page"), "behind a link");
  Mount& mount = Attach(server_->url());
  EXPECT_TRUE(NamesIn(mount.path()).empty());
  EXPECT_EQ(ReadFile(mount.File("page")), "behind a link");
  EXPECT_EQ(Descriptor(mount.File("gone")).error(), ENOENT);
}

TEST_P(WebServersTest, OneFileIsMountedAsOneFile) {
  MakeTree();
  Mount& mount = Attach(server_->url("with space"));
  EXPECT_THAT(NamesIn(mount.path()), ElementsAreArray({"with space"}));
  EXPECT_EQ(
      CheckOracleFile(mount.File("with space"), Files().at("with space"), SeedOf("with space")),
      "");
}

INSTANTIATE_TEST_SUITE_P(Servers, WebServersTest,
                         testing::Values(RealServer::kApache, RealServer::kCaddy,
                                         RealServer::kHttpServer, RealServer::kLighttpd,
                                         RealServer::kNginx, RealServer::kPython),
                         [](const auto& server) {
                           switch (server.param) {
                             case RealServer::kApache:
                               return "Apache";
                             case RealServer::kCaddy:
                               return "Caddy";
                             case RealServer::kHttpServer:
                               return "HttpServer";
                             case RealServer::kLighttpd:
                               return "Lighttpd";
                             case RealServer::kNginx:
                               return "Nginx";
                             case RealServer::kPython:
                               return "Python";
                           }
                           return "";
                         });

}  // namespace
}  // namespace brimfs
