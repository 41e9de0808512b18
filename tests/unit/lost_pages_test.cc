#include "core/lost_pages.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "core/catalogue.h"
#include "core/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

CatalogueChange NewEntry(const std::string& key) {
  CatalogueChange change;
  change.entry.source = "fake://";
  change.entry.key = key;
  change.entry.path = key;
  change.entry.version.etag = "\"1\"";
  change.entry.version.length = 10;
  change.entry.file = std::string(31, 'a') + key;
  change.add.push_back({0, 1});
  return change;
}

TEST(LostPagesTest, APageThatIsTakenAwayIsAnEmptyOneAndIsCounted) {
  SurviveLostPages();
  const TempDir dir;
  WriteFile(dir / "file", "x");
  const UniqueFd fd(open((dir / "file").c_str(), O_RDWR | O_CLOEXEC));
  void* const map = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  volatile char* const bytes = static_cast<char*>(map);
  EXPECT_EQ(bytes[0], 'x');
  const uint64_t before = LostPages();
  ASSERT_EQ(ftruncate(fd.get(), 0), 0);
  EXPECT_EQ(bytes[0], '\0');
  bytes[1] = 'y';
  EXPECT_EQ(bytes[1], 'y');
  EXPECT_EQ(LostPages() - before, 1u);
  munmap(map, 4096);
}

TEST(LostPagesTest, ASignalThatSomebodySendsEndsTheProcess) {
  EXPECT_EXIT(
      {
        SurviveLostPages();
        kill(getpid(), SIGBUS);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

TEST(LostPagesTest, ACatalogueWhoseIndexIsCutIsBegunAnewAndWorks) {
  const TempDir dir;
  auto catalogue = Catalogue::Open(dir.path());
  ASSERT_TRUE(catalogue.ok()) << catalogue.status().message();
  for (const std::string key : {"1", "2"}) {
    std::vector<CatalogueChange> changes = {NewEntry(key)};
    ASSERT_TRUE((*catalogue)->Apply(changes, Catalogue::Durability::kPower).ok());
    ASSERT_EQ((*catalogue)->Find("fake://", key)->size(), 1u);
    const uint64_t before = LostPages();
    std::filesystem::resize_file(dir / "catalogue.db-shm", 0);
    EXPECT_EQ((*catalogue)->Find("fake://", key)->size(), 0u) << "it is another one";
    EXPECT_GT(LostPages(), before);
  }
  std::vector<CatalogueChange> changes = {NewEntry("3")};
  EXPECT_TRUE((*catalogue)->Apply(changes, Catalogue::Durability::kPower).ok());
  EXPECT_EQ((*catalogue)->Find("fake://", "3")->size(), 1u);
}

}  // namespace
}  // namespace brimfs
