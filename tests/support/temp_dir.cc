#include "tests/support/temp_dir.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "tests/support/oracle.h"

namespace brimfs {

TempDir::TempDir(On on)
    : path_(std::string(on == On::kDisk ? "/var/tmp" : "/dev/shm") + "/brimfs-test-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) {
    std::perror(path_.c_str());
    std::abort();
  }
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void WriteFile(const std::string& file, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

void WriteOracleFile(const std::string& file, uint64_t size, uint64_t seed) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  std::vector<std::byte> piece(1 << 20);
  for (uint64_t offset = 0; offset < size; offset += piece.size()) {
    FillOracle(seed, offset, piece);
    const uint64_t n = std::min<uint64_t>(piece.size(), size - offset);
    stream.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(n));
  }
}

}  // namespace brimfs
