// A cache directory that was damaged between mounts, or that is not to be trusted: reads are right,
// whatever is found there. And the commands that look at a cache directory and mend it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/e2e/durable_test.h"
#include "tests/e2e/reading.h"
#include "tests/support/tamper.h"

namespace brimfs {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

void CopyDirectory(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  ASSERT_EQ(RunCommand({"cp", "-a", "--sparse=always", from, to}).code, 0);
}

class CacheDamageTest : public DurableTest {
 protected:
  struct Object {
    std::string name;
    uint64_t size;
    uint64_t read;  // so much of it at first
  };

  void SetUp() override {
    DurableTest::SetUp();
    if (IsSkipped()) return;
    for (const Object& object : objects_) origin_->PutOracle(object.name, object.size);
  }

  // Reads every object as far as it is read at first, then ends the mount.
  void Fill() {
    Mount& mount = MountAgain();
    for (const Object& object : objects_) {
      const Descriptor file(mount.File(object.name));
      file.AdviseRandom();
      ASSERT_EQ(CheckOracle(file, {0, object.read}), "") << object.name;
    }
    Detach(mount);
  }

  // "" if all of every object is right in a mount that comes up, and ends as it should.
  std::string ReadAll(const std::vector<std::string>& options) {
    Mount mount(origin_->url(), Over(cache(), options));
    if (!mount.started().ok()) return mount.started().message();
    for (const Object& object : objects_) {
      const std::string wrong = CheckOracleFile(mount.File(object.name), object.size);
      if (!wrong.empty()) return object.name + " " + wrong + "\n" + mount.log();
    }
    return mount.Stop().message();
  }

  const std::vector<Object> objects_ = {{"a", 300'000, 300'000},
                                        {"b", kMiB + 7, kMiB + 7},
                                        {"c", kFillBlock, kFillBlock},
                                        {"d", 10, 10},
                                        {"e", kMiB, 2 * kFillBlock}};
};

TEST_F(CacheDamageTest, WhateverIsFoundThereEveryByteIsRight) {
  Fill();
  const std::string sound = dir_ / "sound";
  CopyDirectory(cache(), sound);
  // A catalogue of the same objects that names other files; and one of before they were filled.
  const std::string foreign = dir_ / "foreign";
  const std::string older = dir_ / "older";
  for (const std::string& other : {foreign, older}) {
    Mount& mount = Attach(origin_->url(), Over(other));
    for (const Object& object : objects_) {
      const uint64_t size = other == older ? std::min(object.read, kFillBlock) : object.size;
      ASSERT_EQ(CheckOracle(Descriptor(mount.File(object.name)), {0, size}), "");
    }
    Detach(mount);
  }
  const std::string decoy = dir_ / "decoy";
  WriteOracleFile(decoy, 2 * kMiB, 99);
  const std::string decoy_before = ReadFile(decoy);

  for (int round = 0; round < Rounds(kSanitized ? 15 : 60); ++round) {
    if (round % 5 == 0) {
      CopyDirectory(sound, cache());
    }
    Tamper tamper(cache(), round % 2 == 0 ? older : sound, foreign, decoy,
                  static_cast<uint32_t>(round));
    std::string done;
    for (int i = 0; i <= round % 3; ++i) done += tamper.Once() + "; ";
    ASSERT_EQ(ReadAll({round % 2 == 0 ? "passthrough=auto" : "passthrough=off"}), "")
        << "in round " << round << ", after " << done;
    ASSERT_EQ(ReadFile(decoy), decoy_before) << "in round " << round << ", after " << done;
  }
}

TEST_F(CacheDamageTest, ABadBlockCostsThisBlock) {
  Fill();
  uint64_t expected = Sent("b");
  for (const CachedObject& object : CachedObjects(cache())) {
    if (object.entry.path != "b") continue;
    const Descriptor file(cache() + "/data/" + object.entry.file, O_RDWR);
    for (const off_t at : {off_t{5}, static_cast<off_t>(kMiB + 3)}) {
      ASSERT_EQ(pwrite(file.fd(), "", 1, at), 1);
    }
    expected += kFillBlock + 7;
  }
  EXPECT_EQ(ReadAll({}), "");
  EXPECT_EQ(Sent("b"), expected);
  EXPECT_EQ(ReadAll({}), "");
  EXPECT_EQ(Sent("b"), expected) << "it is right again";
}

TEST_F(CacheDamageTest, AFileThatWasCutIsFetchedFromThere) {
  Fill();
  const uint64_t sent = Sent("b");
  for (const CachedObject& object : CachedObjects(cache())) {
    if (object.entry.path != "b") continue;
    std::filesystem::resize_file(cache() + "/data/" + object.entry.file, kMiB / 2);
  }
  EXPECT_EQ(ReadAll({}), "");
  EXPECT_LE(Sent("b") - sent, kMiB / 2 + 7);
}

TEST_F(CacheDamageTest, FilesThatNobodyNamesLeave) {
  Fill();
  const std::vector<std::string> named = DataFiles(cache());
  for (const char* const part : {"/new/", "/data/"}) {
    WriteFile(cache() + part + "0123456789abcdef0123456789abcdef", "left by a dead process");
  }
  Mount& mount = MountAgain();
  EXPECT_TRUE(Eventually([&] { return DataFiles(cache()) == named; })) << mount.log();
}

// --- Directories that are not to be trusted ---------------------------------------------------

class CacheTrustTest : public CacheDamageTest {
 protected:
  void ExpectRefused(const std::string& why) {
    const Mount mount(origin_->url(), Over(cache()));
    EXPECT_FALSE(mount.started().ok());
    EXPECT_THAT(mount.log(), HasSubstr(why));
    EXPECT_THAT(mount.log(), HasSubstr(cache()));
  }
};

TEST_F(CacheTrustTest, OneThatOthersMayEnterIsRefused) {
  Fill();
  ASSERT_EQ(chmod(cache().c_str(), 0711), 0);
  ExpectRefused("others may enter");
  ASSERT_EQ(chmod(cache().c_str(), 0700), 0);
  EXPECT_EQ(ReadAll({}), "");
}

TEST_F(CacheTrustTest, OneOfAnotherUserIsRefused) {
  Fill();
  ASSERT_EQ(chown(cache().c_str(), 65534, 65534), 0);
  ExpectRefused("another user");
}

TEST_F(CacheTrustTest, ADirectoryOfDataThatIsALinkOrAnothersIsNotUsed) {
  for (const char* const part : {"data", "new"}) {
    Fill();
    const std::string elsewhere = dir_ / (std::string("elsewhere-") + part);
    const std::string inside = cache() + "/" + part;
    std::filesystem::remove_all(elsewhere);
    std::filesystem::rename(inside, elsewhere);
    std::filesystem::create_directory_symlink(elsewhere, inside);
    ExpectRefused(part);
    std::filesystem::remove(inside);
    std::filesystem::rename(elsewhere, inside);
    ASSERT_EQ(chown(inside.c_str(), 65534, 65534), 0);
    ExpectRefused(part);
    ASSERT_EQ(chown(inside.c_str(), 0, 0), 0);
    EXPECT_EQ(ReadAll({}), "");
  }
}

TEST_F(CacheTrustTest, NamesOfFilesCannotBeGuessedAndNothingIsReadableToOthers) {
  Fill();
  const std::vector<std::string> first = DataFiles(cache());
  ASSERT_EQ(first.size(), objects_.size());
  for (const std::string& file : first) {
    struct stat info {};
    ASSERT_EQ(stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u) << file;
    EXPECT_EQ(std::filesystem::path(file).filename().string().size(), 32u);
  }
  std::filesystem::remove_all(cache());
  Fill();
  for (const std::string& file : DataFiles(cache())) {
    EXPECT_EQ(std::count(first.begin(), first.end(), file), 0) << "the same name again";
  }
}

// --- brimfs check, brimfs cache ---------------------------------------------------------------

class CacheCommandTest : public CacheDamageTest {
 protected:
  // The exit codes of fsck(8).
  static constexpr int kSound = 0;
  static constexpr int kMended = 1;
  static constexpr int kLeft = 4;
  static constexpr int kTrouble = 8;

  Ran Check() { return RunCommand({BrimfsProgram(), "check", cache()}); }

  // The data file of an object.
  std::string FileOf(const std::string& name) {
    for (const CachedObject& object : CachedObjects(cache())) {
      if (object.entry.path == name) return cache() + "/data/" + object.entry.file;
    }
    ADD_FAILURE() << name << " is not there";
    return {};
  }
};

TEST_F(CacheCommandTest, ASoundCacheIsSound) {
  Fill();
  const Ran ran = Check();
  EXPECT_EQ(ran.code, kSound) << ran.out << ran.err;
  EXPECT_EQ(ReadAll({}), "");
  for (const Object& object : objects_) EXPECT_EQ(Sent(object.name), object.size) << object.name;
}

TEST_F(CacheCommandTest, BadBlocksAreForgottenAndTheRestStays) {
  Fill();
  const uint64_t sent = Sent("b");
  ASSERT_EQ(pwrite(Descriptor(FileOf("b"), O_RDWR).fd(), "", 1, 100), 1);
  Ran ran = Check();
  EXPECT_EQ(ran.code, kMended) << ran.out << ran.err;
  EXPECT_FALSE(StoredRanges(cache(), "b").Covers({100, 101}));
  EXPECT_TRUE(StoredRanges(cache(), "b").Covers({kFillBlock, kMiB + 7}));
  ran = Check();
  EXPECT_EQ(ran.code, kSound) << ran.out << ran.err;
  EXPECT_EQ(ReadAll({}), "");
  EXPECT_EQ(Sent("b"), sent + kFillBlock);
}

TEST_F(CacheCommandTest, AFileThatTheKernelHadIsRebuiltNotWritten) {
  // A map from before goes on being what it was.
  Mount& mount = MountAgain();
  ASSERT_EQ(CheckOracleFile(mount.File("b"), kMiB + 7), "");
  ASSERT_TRUE(Eventually([&] { return IsPassedThrough(mount, "b", kMiB + 7); }));
  Detach(mount);
  const std::string file = FileOf("b");
  const Map map{Descriptor(file)};
  const Descriptor writable(file, O_RDWR);
  ASSERT_EQ(pwrite(writable.fd(), "", 1, 100), 1);
  const std::string before(reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size());
  const Ran ran = Check();
  EXPECT_EQ(ran.code, kMended) << ran.out << ran.err;
  EXPECT_EQ(before,
            std::string(reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size()));
  EXPECT_NE(FileOf("b"), file);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(StoredRanges(cache(), "b").Covers({kFillBlock, kMiB + 7}));
}

TEST_F(CacheCommandTest, ADamagedCatalogueIsBegunAnew) {
  Fill();
  WriteFile(cache() + "/catalogue.db", std::string(50'000, 'x'));
  Ran ran = Check();
  EXPECT_EQ(ran.code, kMended) << ran.out << ran.err;
  ran = Check();
  EXPECT_EQ(ran.code, kSound) << ran.out << ran.err;
  EXPECT_TRUE(DataFiles(cache()).empty()) << "nobody names them";
  EXPECT_EQ(ReadAll({}), "");
}

TEST_F(CacheCommandTest, WhatIsInUseIsLeftAlone) {
  Fill();
  const std::string busy = FileOf("b");
  for (const std::string& file : {busy, FileOf("a")}) {
    ASSERT_EQ(pwrite(Descriptor(file, O_RDWR).fd(), "", 1, 299'990), 1);
  }
  Mount& mount = MountAgain({"passthrough=off"});
  Descriptor open(mount.File("b"));
  ASSERT_EQ(CheckOracle(open, {0, 10}), "");
  const Ran ran = Check();
  EXPECT_EQ(ran.code & ~(kMended | kLeft), 0) << ran.out << ran.err;
  EXPECT_TRUE(std::filesystem::exists(busy));
  EXPECT_EQ(CheckOracle(open, {0, kMiB + 7}), "") << "its reader sees to it";
  for (const Object& object : objects_) {
    EXPECT_EQ(CheckOracleFile(mount.File(object.name), object.size), "") << object.name;
  }
  open.Close();
  Detach(mount);
  EXPECT_EQ(Check().code, kSound);
}

TEST_F(CacheCommandTest, WhatIsNoCacheIsTrouble) {
  EXPECT_EQ(Check().code, kTrouble) << "not there";
  std::filesystem::create_directory(cache());
  ASSERT_EQ(chmod(cache().c_str(), 0755), 0);
  const Ran ran = Check();
  EXPECT_EQ(ran.code, kTrouble) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(cache()));
}

TEST_F(CacheCommandTest, TheListNamesEveryEntry) {
  Fill();
  const Ran ran = RunCommand({BrimfsProgram(), "cache", cache()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const Object& object : objects_) {
    EXPECT_THAT(ran.out, HasSubstr(object.name + "\n")) << ran.out;
  }
  Mount& mount = MountAgain();
  const Ran beside = RunCommand({BrimfsProgram(), "cache", cache()});
  EXPECT_EQ(beside.code, 0) << "a mounted one too: " << beside.err;
  EXPECT_EQ(CheckOracleFile(mount.File("a"), 300'000), "");
}

}  // namespace
}  // namespace brimfs
