// Reading files the way that the end-to-end tests need it: errno in hand, content against the
// oracle.
#ifndef BRIMFS_TESTS_E2E_READING_H_
#define BRIMFS_TESTS_E2E_READING_H_

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/range.h"

namespace brimfs {

// An open file; -1 and `error` if it could not be opened.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path, int flags = 0 /* O_RDONLY */);
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void Close();
  int fd() const { return fd_; }
  int error() const { return error_; }  // errno of open(2), 0 if it succeeded
  struct stat Stat() const;

  // The kernel forgets the pages that it has of this file, so that the next read is a real one.
  void DropPages() const;

  // No readahead by the kernel beyond what is read.
  void AdviseRandom() const;

 private:
  int fd_ = -1;
  int error_ = 0;
};

// "" if `range` reads as the oracle of `seed`, to the last byte; else what is wrong, such as "at
// 4096: Stale file handle".
std::string CheckOracle(const Descriptor& file, const Range& range, uint64_t seed = 1);

// The same of a whole file of `size` bytes, opened for it, read in pieces of 1 MiB.
std::string CheckOracleFile(const std::string& path, uint64_t size, uint64_t seed = 1);

// The same of memory, such as a map.
std::string CheckOracleBytes(std::span<const std::byte> bytes, uint64_t seed = 1);

// What readdir(3) gives, sorted; an exception says why it cannot be had.
std::vector<std::string> NamesIn(const std::string& directory);

// errno of a pread of one byte; 0 if it is there, -1 at the end of the file.
int ReadError(const Descriptor& file, uint64_t offset);

// A whole file mapped for reading; lives on after its descriptor.
class Map {
 public:
  explicit Map(const Descriptor& file);
  ~Map();
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

  // Every page is faulted in again when it is next touched.
  void Forget() const;

 private:
  std::span<std::byte> bytes_;
};

// The median time of `count` calls.
Duration MedianTime(int count, const std::function<void()>& call);

// "user.brimfs.*" or another attribute; "" and errno if there is none.
std::string GetAttribute(const std::string& path, const char* name);

}  // namespace brimfs

#endif  // BRIMFS_TESTS_E2E_READING_H_
