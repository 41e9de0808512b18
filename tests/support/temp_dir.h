// A directory of a test's own, gone when the test is.
#ifndef BRIMFS_TESTS_SUPPORT_TEMP_DIR_H_
#define BRIMFS_TESTS_SUPPORT_TEMP_DIR_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace brimfs {

// Under /var/tmp, which lies on a disk where /tmp may be a tmpfs; mode 0700. Or in memory, where
// syncing costs nothing.
class TempDir {
 public:
  enum class On { kDisk, kMemory };

  explicit TempDir(On on = On::kDisk);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// The whole of a file; empty if it cannot be read.
std::string ReadFile(const std::string& file);

// Makes or replaces a file, and the directories above it.
void WriteFile(const std::string& file, std::string_view content);

// `size` bytes of OracleByte(seed, …).
void WriteOracleFile(const std::string& file, uint64_t size, uint64_t seed = 1);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_TEMP_DIR_H_
