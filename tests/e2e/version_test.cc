// Objects that change, grow, shrink or vanish while they are open.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/e2e/e2e_test.h"
#include "tests/e2e/reading.h"

namespace brimfs {
namespace {

constexpr uint64_t kSize = 32 << 20;
constexpr uint64_t kFar = 20 << 20;  // never read ahead by one read at the start

class VersionTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (IsSkipped()) return;
    origin_ = StartOrigin();
    origin_->PutOracle("file", kSize, 1);
    mount_ = &Attach(origin_->url(), {"metadata_ttl=0", "negative_ttl=0"});
    file_ = mount_->File("file");
  }

  // Opens the file and reads its first page, nothing else.
  std::unique_ptr<Descriptor> OpenAndTouch() {
    auto opened = std::make_unique<Descriptor>(file_);
    opened->AdviseRandom();
    EXPECT_EQ(CheckOracle(*opened, {0, 4096}), "");
    return opened;
  }

  uint64_t Size(const std::string& path) const {
    struct stat st {};
    stat(path.c_str(), &st);
    return static_cast<uint64_t>(st.st_size);
  }

  std::unique_ptr<Origin> origin_;
  Mount* mount_ = nullptr;
  std::string file_;
};

TEST_F(VersionTest, AChangedFileIsNewForTheNextOpenAndStaleForTheOldOne) {
  const auto old = OpenAndTouch();
  origin_->PutOracle("file", kSize, 2);
  const Descriptor fresh(file_);
  for (uint64_t at = 0; at < kSize; at += kSize / 8) {
    EXPECT_EQ(CheckOracle(fresh, {at, at + 65536}, 2), "");
    EXPECT_EQ(CheckOracle(*old, {0, 4096}, 1), "");
  }
  old->DropPages();
  EXPECT_EQ(CheckOracle(*old, {0, 4096}, 1), "");
  EXPECT_EQ(ReadError(*old, kFar), ESTALE);
  EXPECT_EQ(CheckOracle(fresh, {0, kSize}, 2), "");
  EXPECT_NE(old->Stat().st_ino, fresh.Stat().st_ino);
}

TEST_F(VersionTest, AFullOldVersionIsReadBesideTheNewOne) {
  const Descriptor old(file_);
  ASSERT_EQ(CheckOracle(old, {0, kSize}, 1), "");
  const Map old_map(old);
  origin_->PutOracle("file", kSize, 2);
  const Descriptor fresh(file_);
  const Map fresh_map(fresh);
  for (uint64_t at = 0; at < kSize; at += 1 << 20) {
    old.DropPages();
    ASSERT_EQ(CheckOracle(fresh, {at, at + 5000}, 2), "");
    ASSERT_EQ(CheckOracle(old, {at, at + 5000}, 1), "");
  }
  EXPECT_EQ(CheckOracleBytes(old_map.bytes(), 1), "");
  EXPECT_EQ(CheckOracleBytes(fresh_map.bytes(), 2), "");
}

TEST_F(VersionTest, AChangeIsNoticedByAFetchWhileNobodyOpens) {
  const auto old = OpenAndTouch();
  origin_->PutOracle("file", kSize, 2);
  EXPECT_EQ(ReadError(*old, kFar), ESTALE);
  EXPECT_EQ(CheckOracleFile(file_, kSize, 2), "");
}

TEST_F(VersionTest, AGrownFileHasItsNewSizeAndTheOldDescriptorItsOld) {
  const auto old = OpenAndTouch();
  origin_->PutOracle("file", 2 * kSize, 1);
  EXPECT_EQ(Size(file_), 2 * kSize);
  EXPECT_EQ(CheckOracleFile(file_, 2 * kSize, 1), "");
  EXPECT_EQ(old->Stat().st_size, static_cast<off_t>(kSize));
  EXPECT_EQ(CheckOracle(*old, {0, 4096}), "");
  EXPECT_EQ(ReadError(*old, kSize), -1);
  EXPECT_EQ(ReadError(*old, kFar), ESTALE);
}

TEST_F(VersionTest, AShrunkFileEndsEarlierAndTheOldDescriptorIsStaleThere) {
  const auto old = OpenAndTouch();
  origin_->PutOracle("file", 100, 2);
  EXPECT_EQ(CheckOracleFile(file_, 100, 2), "");
  EXPECT_EQ(CheckOracle(*old, {0, 4096}), "");
  EXPECT_EQ(ReadError(*old, kFar), ESTALE);
}

TEST_F(VersionTest, AVanishedFileIsNotThereAndTheOldDescriptorKeepsWhatItHas) {
  const auto old = OpenAndTouch();
  origin_->Erase("file");
  EXPECT_EQ(Descriptor(file_).error(), ENOENT);
  EXPECT_EQ(CheckOracle(*old, {0, 4096}), "");
  EXPECT_EQ(ReadError(*old, kFar), ESTALE);
  origin_->PutOracle("file", 5000, 3);
  EXPECT_EQ(CheckOracleFile(file_, 5000, 3), "");
}

TEST_F(VersionTest, ProgramsSeeNoErrorAcrossChanges) {
  for (uint64_t seed = 2; seed < 12; ++seed) {
    origin_->PutOracle("file", (1 << 20) + seed, seed);
    EXPECT_EQ(CheckOracleFile(file_, (1 << 20) + seed, seed), "");
  }
}

TEST_F(VersionTest, AnOpenMayTrustWhatItKnowsForTheTtl) {
  Mount& patient = Attach(origin_->url(), {"metadata_ttl=3600"});
  ASSERT_EQ(CheckOracle(Descriptor(patient.File("file")), {0, 4096}), "");
  const uint64_t before = origin_->counters().paths["file"].requests;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(CheckOracle(Descriptor(patient.File("file")), {0, 4096}), "");
  }
  EXPECT_EQ(origin_->counters().paths["file"].requests, before);
}

// nginx makes an ETag of the second and the size.
TEST_F(VersionTest, AFileReplacedUnderNginxIsANewVersion) {
  Nginx nginx;
  const auto replace = [&](uint64_t seed) {
    WriteOracleFile(nginx.File("new"), kSize, seed);
    RunCommand({"touch", "-d", "2020-01-0" + std::to_string(seed), nginx.File("new")});
    std::filesystem::rename(nginx.File("new"), nginx.File("file"));
  };
  replace(1);
  Mount& mount = Attach(nginx.url(), {"metadata_ttl=0"});
  const Descriptor old(mount.File("file"));
  old.AdviseRandom();
  ASSERT_EQ(CheckOracle(old, {0, 4096}, 1), "");
  replace(2);
  EXPECT_EQ(CheckOracleFile(mount.File("file"), kSize, 2), "");
  EXPECT_EQ(CheckOracle(old, {0, 4096}, 1), "");
  EXPECT_EQ(ReadError(old, kFar), ESTALE);
}

}  // namespace
}  // namespace brimfs
