// The lines of what a command has written.
#ifndef BRIMFS_TESTS_SUPPORT_LINES_H_
#define BRIMFS_TESTS_SUPPORT_LINES_H_

#include <string>
#include <vector>

namespace brimfs {

// The whole ones, without their ends.
inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_LINES_H_
