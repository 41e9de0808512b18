// The base of the end-to-end tests: real mounts by the brimfs of this build.
#ifndef BRIMFS_TESTS_E2E_E2E_TEST_H_
#define BRIMFS_TESTS_E2E_E2E_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/mount.h"
#include "tests/support/nginx.h"
#include "tests/support/origin.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace brimfs {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // times and memory say nothing
#elif defined(__has_feature)
inline constexpr bool kSanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

// Skips without root or /dev/fuse. At the end every mount has to stop as it should.
class E2eTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Fails the test, with the log, if it does not come up; what is then returned is an empty
  // directory.
  Mount& Attach(const std::string& source, const std::vector<std::string>& options = {});

  // Ends the mount now; fails the test if it does not end well.
  void Detach(Mount& mount);

  // A started origin.
  std::unique_ptr<Origin> StartOrigin(Origin::Options options = {});

 private:
  std::vector<std::unique_ptr<Mount>> mounts_;
};

// A file that is larger than every window and budget: OracleByte(1, …), then kBigTail. Made once
// and kept for all tests of this build; BRIMFS_E2E_BIG_MIB in the environment sets its size.
struct BigFile {
  std::string path;
  uint64_t oracle_size = 0;  // without the tail
  uint64_t size = 0;
  std::string sha256;  // in hexadecimal
};
inline constexpr char kBigTail[] = "\nthe needle at the end\n";
const BigFile& TheBigFile();

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_E2E_TEST_H_
