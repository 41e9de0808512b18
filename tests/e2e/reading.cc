#include "tests/e2e/reading.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/support/oracle.h"

namespace brimfs {

Descriptor::Descriptor(const std::string& path, int flags)
    : fd_(open(path.c_str(), flags | O_CLOEXEC)), error_(fd_ < 0 ? errno : 0) {}

void Descriptor::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

struct stat Descriptor::Stat() const {
  struct stat st {};
  fstat(fd_, &st);
  return st;
}

void Descriptor::DropPages() const { posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED); }

void Descriptor::AdviseRandom() const { posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM); }

std::string CheckOracle(const Descriptor& file, const Range& range, uint64_t seed) {
  if (file.error() != 0) return std::string("open: ") + std::strerror(file.error());
  std::vector<std::byte> piece(std::min<uint64_t>(range.size(), 1 << 20));
  for (uint64_t offset = range.begin; offset < range.end;) {
    const uint64_t want = std::min<uint64_t>(piece.size(), range.end - offset);
    const ssize_t n = pread(file.fd(), piece.data(), want, static_cast<off_t>(offset));
    const std::string at = "at " + std::to_string(offset) + ": ";
    if (n < 0) return at + std::strerror(errno);
    if (n == 0) return at + "end of file";
    const std::span<const std::byte> got(piece.data(), static_cast<size_t>(n));
    if (const auto wrong = FirstWrongByte(seed, offset, got)) {
      return "at " + std::to_string(*wrong) + ": byte " +
             std::to_string(std::to_integer<int>(got[*wrong - offset])) + " is wrong";
    }
    offset += got.size();
  }
  return {};
}

std::string CheckOracleFile(const std::string& path, uint64_t size, uint64_t seed) {
  const Descriptor file(path);
  std::string wrong = CheckOracle(file, {0, size}, seed);
  if (wrong.empty() && ReadError(file, size) != -1) wrong = "goes on after its end";
  return wrong;
}

std::string CheckOracleBytes(std::span<const std::byte> bytes, uint64_t seed) {
  const std::optional<uint64_t> wrong = FirstWrongByte(seed, 0, bytes);
  return wrong ? "at " + std::to_string(*wrong) + ": a wrong byte" : std::string();
}

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

int ReadError(const Descriptor& file, uint64_t offset) {
  std::byte byte;
  const ssize_t n = pread(file.fd(), &byte, 1, static_cast<off_t>(offset));
  if (n < 0) return errno;
  return n == 0 ? -1 : 0;
}

Map::Map(const Descriptor& file) {
  const size_t size = static_cast<size_t>(file.Stat().st_size);
  void* const address = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (address != MAP_FAILED) bytes_ = {static_cast<std::byte*>(address), size};
}

Map::~Map() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

void Map::Forget() const { madvise(bytes_.data(), bytes_.size(), MADV_DONTNEED); }

Duration MedianTime(int count, const std::function<void()>& call) {
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) {
    const TimePoint start = Clock::Steady().Now();
    call();
    times.push_back(Clock::Steady().Now() - start);
  }
  std::nth_element(times.begin(), times.begin() + count / 2, times.end());
  return times[static_cast<size_t>(count / 2)];
}

std::string GetAttribute(const std::string& path, const char* name) {
  std::array<char, 65536> value;
  const ssize_t n = getxattr(path.c_str(), name, value.data(), value.size());
  return n < 0 ? std::string() : std::string(value.data(), static_cast<size_t>(n));
}

}  // namespace brimfs
