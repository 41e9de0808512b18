// timed_read: reads a file in one of three ways and prints the seconds that it took.
//
//   timed_read seq FILE                  the whole file, front to back, 1 MiB a read
//   timed_read random FILE COUNT SEED    COUNT reads of 4 KiB at random multiples of 4 KiB
//   timed_read at FILE OFFSET LENGTH     open and one read of LENGTH bytes
//
// The same program reads on both sides of every comparison. A short read is a failure.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kSequentialBlock = 1 << 20;
constexpr size_t kRandomBlock = 4 << 10;

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Opened for reading until the program ends.
int Open(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) Fail(path);
  return fd;
}

uint64_t SizeOf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) Fail("fstat");
  return static_cast<uint64_t>(status.st_size);
}

// All of [offset, offset + length), in as many reads as the kernel wants it to be.
void ReadFully(int fd, char* buffer, uint64_t offset, size_t length) {
  while (length > 0) {
    const ssize_t got = pread(fd, buffer, length, static_cast<off_t>(offset));
    if (got < 0) Fail("pread");
    if (got == 0) {
      std::fprintf(stderr, "the file ended at %llu\n", static_cast<unsigned long long>(offset));
      std::exit(1);
    }
    buffer += got;
    offset += static_cast<uint64_t>(got);
    length -= static_cast<size_t>(got);
  }
}

void Sequential(const char* path) {
  std::vector<char> buffer(kSequentialBlock);
  const int fd = Open(path);
  const uint64_t size = SizeOf(fd);
  for (uint64_t at = 0; at < size; at += kSequentialBlock) {
    ReadFully(fd, buffer.data(), at, std::min<uint64_t>(kSequentialBlock, size - at));
  }
}

void Random(const char* path, uint64_t count, uint64_t seed) {
  std::vector<char> buffer(kRandomBlock);
  const int fd = Open(path);
  const uint64_t blocks = SizeOf(fd) / kRandomBlock;
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
  for (uint64_t i = 0; i < count; ++i) {
    ReadFully(fd, buffer.data(), random() % blocks * kRandomBlock, kRandomBlock);
  }
}

void At(const char* path, uint64_t offset, size_t length) {
  std::vector<char> buffer(length);
  ReadFully(Open(path), buffer.data(), offset, length);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  const SteadyClock::time_point start = SteadyClock::now();
  if (how == "seq" && argc == 3) {
    Sequential(argv[2]);
  } else if (how == "random" && argc == 5) {
    Random(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
  } else if (how == "at" && argc == 5) {
    At(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
  } else {
    std::fprintf(stderr,
                 "usage: timed_read seq FILE | random FILE COUNT SEED | at FILE OFFSET LENGTH\n");
    return 2;
  }
  std::printf("%.9f\n", std::chrono::duration<double>(SteadyClock::now() - start).count());
  return 0;
}
