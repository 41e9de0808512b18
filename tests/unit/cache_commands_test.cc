#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/cache_directory.h"
#include "core/catalogue.h"
#include "fs/commands.h"
#include "tests/support/stored_entries.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class CacheCommandsTest : public ::testing::Test {
 protected:
  std::optional<int> Run(std::vector<const char*> arguments, const char* program = "brimfs") {
    out_.str({});
    err_.str({});
    arguments.insert(arguments.begin(), program);
    return RunCommand(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  const char* directory() const { return path_.path().c_str(); }

  void Make() { ASSERT_TRUE(CacheDirectory::Open(path_.path()).ok()); }

  void Store(const StoredEntry& entry, std::vector<StoredBlock> blocks = {}) {
    auto catalogue = std::move(*Catalogue::Open(path_.path()));
    std::vector<CatalogueChange> changes{Change(entry, std::move(blocks))};
    ASSERT_TRUE(catalogue->Apply(changes, Catalogue::Durability::kProcess).ok());
    ASSERT_FALSE(changes[0].taken);
  }

  TempDir path_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CacheCommandsTest, OnlyTheExactFirstWordIsACommand) {
  EXPECT_FALSE(Run({"/srv/", "/mnt"}));
  EXPECT_FALSE(Run({"./cache", "/mnt"}));
  EXPECT_FALSE(Run({"-f", "check", "/mnt"}));
  EXPECT_FALSE(Run({}));
  EXPECT_FALSE(Run({"check", "/mnt"}, "/sbin/mount.brimfs"));
}

TEST_F(CacheCommandsTest, AWrongCommandLineIsSaid) {
  EXPECT_EQ(Run({"cache"}), 2);
  EXPECT_THAT(err(),
              MatchesRegex("brimfs cache: .*; usage: brimfs cache DIRECTORY \\[--json\\]\n"));
  EXPECT_EQ(Run({"check"}), 16);
  EXPECT_THAT(err(), MatchesRegex("brimfs check: .*; usage: brimfs check DIRECTORY \\[-n\\]\n"));
  EXPECT_EQ(Run({"check", "-x", directory()}), 16);
  EXPECT_EQ(Run({"check", directory(), "another"}), 16);
  EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CacheCommandsTest, ADirectoryThatIsNoCacheIsLeftAsItIs) {
  const std::string said = std::string(directory()) + ": no cache directory of brimfs\n";
  EXPECT_EQ(Run({"cache", directory()}), 1);
  EXPECT_EQ(err(), "brimfs cache: " + said);
  EXPECT_EQ(Run({"check", directory()}), 8);
  EXPECT_EQ(err(), "brimfs check: " + said);
  EXPECT_TRUE(std::filesystem::is_empty(path_.path()));
}

TEST_F(CacheCommandsTest, CacheListsTheMostRecentlyUsedFirst) {
  Make();
  StoredEntry old = Entry(1, "old");
  old.version.length = 4 * kFillBlock;
  StoredEntry recent = Entry(2, "a\nb\x1b[31m\xff");
  recent.kernels = true;
  recent.pinned = true;
  Store(old, {{0, 1}, {2, 1}, {3, 1}});
  Store(recent, {{0, 1}, {1, 1}, {2, 1}});
  EXPECT_EQ(Run({"cache", directory()}), 0);
  EXPECT_EQ(out(),
            "    192K  100%  2023-11-14T22:13:22Z  pk  https://example.org/ "
            "a\\x0ab\\x1b[31m\\xff\n"
            "    256K   75%  2023-11-14T22:13:21Z  --  https://example.org/ old\n"
            "2 files, 384K on disk\n");
}

TEST_F(CacheCommandsTest, CacheAsJson) {
  Make();
  Store(Entry(1, "a\nb"), {{0, 1}});
  EXPECT_EQ(Run({"cache", "--json", directory()}), 0);
  const nlohmann::json all = nlohmann::json::parse(out());
  EXPECT_EQ(all["files"], 1);
  EXPECT_EQ(all["filled"], kFillBlock);
  const nlohmann::json& entry = all["entries"][0];
  EXPECT_EQ(entry["path"], "a\\x0ab");
  EXPECT_EQ(entry["size"], 3 * kFillBlock - 1);
  EXPECT_EQ(entry["filled"], kFillBlock);
  EXPECT_EQ(entry["last_use"], "2023-11-14T22:13:21Z");
  EXPECT_EQ(entry["pinned"], false);
  EXPECT_EQ(entry["kernel"], false);
}

TEST_F(CacheCommandsTest, AnEmptyCacheHasNothing) {
  Make();
  EXPECT_EQ(Run({"cache", directory()}), 0);
  EXPECT_EQ(out(), "0 files, 0B on disk\n");
}

TEST_F(CacheCommandsTest, CheckSaysWhatItDid) {
  Make();
  EXPECT_EQ(Run({"check", directory()}), 0);
  Store(Entry(1, "lost\x1b"), {{0, 1}});
  EXPECT_EQ(Run({"check", "-n", directory()}), 4);
  EXPECT_THAT(out(), HasSubstr("lost\\x1b: its file is gone"));
  EXPECT_EQ(Run({"check", directory()}), 1);
  EXPECT_THAT(out(), HasSubstr("0 in use, 1 corrected, 0 left\n"));
  EXPECT_EQ(Run({"check", directory()}), 0);
  EXPECT_EQ(out(), "0 files checked, 0B right, 0 in use, 0 corrected, 0 left\n");
}

TEST_F(CacheCommandsTest, BothKindsOfFindingsAddUp) {
  Make();
  Store(Entry(1), {{0, 1}});
  std::ofstream(path_ / "data/notes.txt") << "somebody's";
  EXPECT_EQ(Run({"check", directory()}), 5);
}

TEST_F(CacheCommandsTest, OnlyLookingLeavesADamagedCatalogue) {
  Make();
  std::ofstream(path_ / "catalogue.db") << "hello";
  EXPECT_EQ(Run({"check", "-n", directory()}), 8);
  EXPECT_EQ(ReadFile(path_ / "catalogue.db"), "hello");
  EXPECT_EQ(Run({"check", directory()}), 0);
}

}  // namespace
}  // namespace brimfs
