// Inode numbers: the same in every mount of a source, and in every listing.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "tests/e2e/e2e_test.h"

namespace brimfs {
namespace {

constexpr int kFiles = 20;

using Numbers = std::map<std::string, ino_t>;  // by path

class NumbersTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    for (int i = 0; i < kFiles; ++i) {
      paths_.push_back("f" + std::to_string(i));
      paths_.push_back("d" + std::to_string(i % 3) + "/g" + std::to_string(i));
    }
    for (const std::string& path : paths_) origin_->PutOracle(path, 100);
    for (const char* const directory : {"d0", "d1", "d2"}) paths_.emplace_back(directory);
  }

  static ino_t NumberOf(const std::string& file) {
    struct stat st {};
    EXPECT_EQ(stat(file.c_str(), &st), 0) << file;
    return st.st_ino;
  }
  // Of all paths, asked for in the order of `paths`.
  static Numbers NumbersIn(const Mount& mount, const std::vector<std::string>& paths) {
    Numbers numbers;
    for (const std::string& path : paths) numbers[path] = NumberOf(mount.File(path));
    return numbers;
  }
  // What readdir(3) says, without a stat.
  static Numbers Listed(const std::string& directory) {
    Numbers numbers;
    DIR* const dir = opendir(directory.c_str());
    if (dir == nullptr) return numbers;
    while (const dirent* const entry = readdir(dir)) numbers[entry->d_name] = entry->d_ino;
    closedir(dir);
    return numbers;
  }

  std::unique_ptr<Origin> origin_;
  std::vector<std::string> paths_;
};

TEST_F(NumbersTest, AreTheSameInEveryMountInWhateverOrderTheyAreAskedFor) {
  Mount& first = Attach(origin_->url());
  const Numbers numbers = NumbersIn(first, paths_);
  Detach(first);

  std::reverse(paths_.begin(), paths_.end());
  Mount& second = Attach(origin_->url());
  EXPECT_EQ(NumbersIn(second, paths_), numbers);
  Detach(second);

  Mount& third = Attach(origin_->url());
  EXPECT_EQ(Shell("find \"$1\" -ls", {third.path()}).code, 0);
  EXPECT_EQ(NumbersIn(third, paths_), numbers) << "listed before they were asked for";
}

TEST_F(NumbersTest, OfAListingAreThoseOfStat) {
  for (const auto index : {Origin::Index::kHtml, Origin::Index::kNames}) {
    origin_->SetIndex(index);
    Mount& mount = Attach(origin_->url());
    for (const std::string directory : {"", "d1"}) {
      const std::string path = mount.File(directory);
      Numbers listed = Listed(path);
      EXPECT_EQ(listed["."], NumberOf(path));
      if (!directory.empty()) {
        EXPECT_EQ(listed[".."], NumberOf(mount.path()));
      }
      listed.erase(".");
      listed.erase("..");
      EXPECT_GE(listed.size(), 6u);
      for (const auto& [name, number] : listed) EXPECT_EQ(number, NumberOf(path + "/" + name));
    }
    Detach(mount);
  }
}

}  // namespace
}  // namespace brimfs
