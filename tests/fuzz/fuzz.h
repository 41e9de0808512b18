// What every fuzz target needs: a check that ends the program, so that libFuzzer keeps the input.
#ifndef BRIMFS_TESTS_FUZZ_FUZZ_H_
#define BRIMFS_TESTS_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#define FUZZ_CHECK(condition)                                                      \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace brimfs {

inline std::string FuzzText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_FUZZ_FUZZ_H_
