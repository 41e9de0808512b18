// read_pattern: reads a file in a pattern and prints the seconds of the whole, and then those of
// each read, a line each.
//
//   read_pattern random FILE COUNT BYTES ALIGNMENT THREADS   reads at random multiples of ALIGNMENT
//   read_pattern strided FILE COUNT BYTES STRIDE             one read every STRIDE bytes
//   read_pattern streams FILE COUNT BYTES STREAMS            COUNT reads in turn from so many equal
//                                                            parts of the file, each front to back
//   read_pattern mmap FILE COUNT                             one byte of COUNT random pages, mapped
//
// Random positions are the same in every run. A short read is a failure.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr uint64_t kPage = 4096;
constexpr std::minstd_rand::result_type kSeed = 20261120;

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

double Since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

struct File {
  explicit File(const char* path) : fd(open(path, O_RDONLY | O_CLOEXEC)) {
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) Fail(path);
    size = static_cast<uint64_t>(status.st_size);
  }
  const int fd;
  uint64_t size = 0;
};

void ReadFully(const File& file, std::vector<char>& buffer, uint64_t offset) {
  for (size_t done = 0; done < buffer.size();) {
    const ssize_t got = pread(file.fd, buffer.data() + done, buffer.size() - done,
                              static_cast<off_t>(offset + done));
    if (got <= 0) Fail("pread");
    done += static_cast<size_t>(got);
  }
}

using Positions = std::vector<uint64_t>;

Positions Random(uint64_t size, uint64_t count, uint64_t bytes, uint64_t alignment) {
  std::minstd_rand random(kSeed);
  std::uniform_int_distribution<uint64_t> place(0, (size - bytes) / alignment);
  Positions positions;
  for (uint64_t i = 0; i < count; ++i) positions.push_back(place(random) * alignment);
  return positions;
}

Positions Strided(uint64_t count, uint64_t stride) {
  Positions positions;
  for (uint64_t i = 0; i < count; ++i) positions.push_back(i * stride);
  return positions;
}

Positions Streams(uint64_t size, uint64_t count, uint64_t bytes, uint64_t streams) {
  Positions positions;
  for (uint64_t i = 0; i < count; ++i) {
    positions.push_back(i % streams * (size / streams) + i / streams * bytes);
  }
  return positions;
}

// The seconds of each read, by position; `threads` take the positions in turn.
std::vector<double> ReadAll(const File& file, const Positions& positions, uint64_t bytes,
                            uint64_t threads) {
  std::vector<double> seconds(positions.size());
  std::atomic<size_t> next{0};
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < threads; ++i) {
    readers.emplace_back([&] {
      std::vector<char> buffer(bytes);
      for (size_t at = next++; at < positions.size(); at = next++) {
        const SteadyClock::time_point start = SteadyClock::now();
        ReadFully(file, buffer, positions[at]);
        seconds[at] = Since(start);
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  return seconds;
}

std::vector<double> TouchPages(const File& file, uint64_t count) {
  void* const map = mmap(nullptr, file.size, PROT_READ, MAP_SHARED, file.fd, 0);
  if (map == MAP_FAILED) Fail("mmap");
  const volatile char* const bytes = static_cast<const char*>(map);
  std::vector<double> seconds;
  for (const uint64_t position : Random(file.size, count, 1, kPage)) {
    const SteadyClock::time_point start = SteadyClock::now();
    [[maybe_unused]] const char touched = bytes[position];
    seconds.push_back(Since(start));
  }
  munmap(map, file.size);
  return seconds;
}

uint64_t Number(const char* text) { return std::strtoull(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  const std::string pattern = argc > 3 ? argv[1] : "";
  std::vector<uint64_t> numbers;
  for (int i = 3; i < argc; ++i) numbers.push_back(Number(argv[i]));
  std::vector<double> seconds;
  const SteadyClock::time_point start = SteadyClock::now();
  if (pattern == "random" && numbers.size() == 4) {
    const File file(argv[2]);
    seconds = ReadAll(file, Random(file.size, numbers[0], numbers[1], numbers[2]), numbers[1],
                      numbers[3]);
  } else if (pattern == "strided" && numbers.size() == 3) {
    seconds = ReadAll(File(argv[2]), Strided(numbers[0], numbers[2]), numbers[1], 1);
  } else if (pattern == "streams" && numbers.size() == 3) {
    const File file(argv[2]);
    seconds = ReadAll(file, Streams(file.size, numbers[0], numbers[1], numbers[2]), numbers[1], 1);
  } else if (pattern == "mmap" && numbers.size() == 1) {
    seconds = TouchPages(File(argv[2]), numbers[0]);
  } else {
    std::fprintf(stderr,
                 "usage: read_pattern random FILE COUNT BYTES ALIGNMENT THREADS\n"
                 "       read_pattern strided FILE COUNT BYTES STRIDE\n"
                 "       read_pattern streams FILE COUNT BYTES STREAMS\n"
                 "       read_pattern mmap FILE COUNT\n");
    return 2;
  }
  std::printf("%.9f\n", Since(start));
  for (const double one : seconds) std::printf("%.9f\n", one);
  return 0;
}
