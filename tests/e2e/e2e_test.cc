#include "tests/e2e/e2e_test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace brimfs {
namespace {

uint64_t BigMib() {
  const char* mib = std::getenv("BRIMFS_E2E_BIG_MIB");
  return mib != nullptr ? std::strtoull(mib, nullptr, 10) : BRIMFS_E2E_BIG_MIB;
}

// Under an exclusive lock: the tests run beside each other.
BigFile MakeBigFile() {
  const uint64_t mib = BigMib();
  const std::string directory = BRIMFS_E2E_CORPUS;
  std::filesystem::create_directories(directory);
  const int lock = open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  flock(lock, LOCK_EX);
  BigFile big;
  big.path = directory + "/big-" + std::to_string(mib);
  big.oracle_size = mib << 20;
  big.size = big.oracle_size + sizeof kBigTail - 1;
  const std::string sum_file = big.path + ".sha256";
  big.sha256 = ReadFile(sum_file);
  if (big.sha256.empty()) {
    WriteOracleFile(big.path, big.oracle_size);
    Shell("printf '%s' \"$2\" >> \"$1\"", {big.path, kBigTail});
    big.sha256 = Shell("openssl dgst -sha256 -r < \"$1\"", {big.path}).out.substr(0, 64);
    WriteFile(sum_file, big.sha256);
  }
  close(lock);
  return big;
}

}  // namespace

void E2eTest::SetUp() {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  if (access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/fuse";
}

void E2eTest::TearDown() {
  for (const std::unique_ptr<Mount>& mount : mounts_) Detach(*mount);
  mounts_.clear();
}

Mount& E2eTest::Attach(const std::string& source, const std::vector<std::string>& options) {
  mounts_.push_back(std::make_unique<Mount>(source, options));
  Mount& mount = *mounts_.back();
  EXPECT_TRUE(mount.started().ok()) << mount.started().message();
  return mount;
}

void E2eTest::Detach(Mount& mount) {
  const Status status = mount.Stop();
  EXPECT_TRUE(status.ok()) << status.message();
}

std::unique_ptr<Origin> E2eTest::StartOrigin(Origin::Options options) {
  auto origin = std::make_unique<Origin>(std::move(options));
  const Status status = origin->Start();
  EXPECT_TRUE(status.ok()) << status.message();
  return origin;
}

const BigFile& TheBigFile() {
  static const BigFile big = MakeBigFile();
  return big;
}

}  // namespace brimfs
