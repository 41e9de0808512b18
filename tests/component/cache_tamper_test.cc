// A cache directory that is damaged in every way between two mounts: no byte is ever wrong, no read
// fails, and what links lead to stays as it is.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "core/cache.h"
#include "tests/support/cache_contents.h"
#include "tests/support/fake_backend.h"
#include "tests/support/sanitized.h"
#include "tests/support/tamper.h"
#include "tests/support/temp_dir.h"

namespace brimfs {
namespace {

namespace fs = std::filesystem;

class CacheTamperTest : public ::testing::Test {
 protected:
  struct Object {
    std::string name;
    uint64_t size;
  };

  void SetUp() override {
    for (const Object& object : objects_) backend_.Put(object.name, object.size);
  }

  std::string cache() const { return dir_ / "cache"; }

  // Reads so many bytes of each object, as one mount of the directory; "" if all is right.
  std::string ReadAs(const std::string& directory, uint64_t most, bool freeze = false) {
    Cache::Options options;
    options.directory = directory;
    options.source = "fake://";
    options.cache_size.bytes = 64 << 20;
    options.record_interval = Duration::max();
    Result<std::unique_ptr<Cache>> made = Cache::Create(options, backend_, Clock::Steady());
    if (!made.ok()) return made.status().ToString();
    for (const Object& object : objects_) {
      const Result<std::shared_ptr<CachedFile>> file =
          (*made)->Open(object.name, backend_.Stat(object.name, {})->version);
      if (!file.ok()) return object.name + ": " + file.status().ToString();
      const std::string wrong = Check(**file, {0, std::min(most, object.size)});
      if (!wrong.empty()) return object.name + ": " + wrong;
      if (freeze) (*file)->FreezeForKernel();
    }
    return {};
  }

  static std::string Check(CachedFile& file, const Range& range) {
    const Result<Lease> lease = file.resource().WaitRange(range);
    if (!lease.ok()) return lease.status().ToString();
    std::vector<std::byte> bytes(range.size());
    const Status read = lease->Read(bytes);
    // What the kernel would be told, so that it asks again, is not wrong yet: here it is.
    if (!read.ok()) return read.ToString();
    const auto wrong = FirstWrongByte(1, range.begin, bytes);
    return wrong ? "byte " + std::to_string(*wrong) + " is wrong" : "";
  }

  static void CopyDirectory(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive);
  }

  const std::vector<Object> objects_ = {
      {"a", 150'000}, {"b", 300'007}, {"c", kFillBlock}, {"d", 10}, {"e", 200'000}};
  const TempDir dir_;
  FakeBackend backend_;
};

TEST_F(CacheTamperTest, WhateverIsFoundThereEveryByteIsRight) {
  const std::string sound = dir_ / "sound";
  const std::string older = dir_ / "older";
  const std::string foreign = dir_ / "foreign";
  const std::string decoy = dir_ / "decoy";
  ASSERT_EQ(ReadAs(older, kFillBlock), "");
  CopyDirectory(older, sound);
  ASSERT_EQ(ReadAs(sound, UINT64_MAX), "");
  ASSERT_EQ(ReadAs(foreign, UINT64_MAX), "");
  WriteOracleFile(decoy, 400'000, 99);
  const std::string decoy_before = ReadFile(decoy);

  const int rounds = Rounds(kSanitized ? 50 : 250);
  std::mt19937 random(5);
  for (int round = 0; round < rounds; ++round) {
    if (round % 4 == 0) CopyDirectory(sound, cache());
    Tamper tamper(cache(), random() % 2 == 0 ? older : sound, foreign, decoy, random());
    std::string done;
    for (int i = 0; i <= round % 3; ++i) done += tamper.Once() + "; ";
    const std::string wrong =
        ReadAs(cache(), random() % 3 == 0 ? kFillBlock : UINT64_MAX, random() % 2 == 0);
    ASSERT_EQ(wrong, "") << "in round " << round << ", after " << done;
    ASSERT_EQ(ReadFile(decoy), decoy_before) << "in round " << round << ", after " << done;
  }
}

}  // namespace
}  // namespace brimfs
