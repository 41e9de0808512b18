// Which decoded names of a source can be names of files here.
#ifndef BRIMFS_BACKENDS_FILE_NAME_H_
#define BRIMFS_BACKENDS_FILE_NAME_H_

#include <cstddef>
#include <string_view>

namespace brimfs {

inline constexpr size_t kMaxNameBytes = 255;  // NAME_MAX of Linux

// Not empty, ".", ".." or too long, and without '/' and NUL. All other bytes pass.
inline bool IsFileName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= kMaxNameBytes &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace brimfs

#endif  // BRIMFS_BACKENDS_FILE_NAME_H_
