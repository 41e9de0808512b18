#ifndef BRIMFS_TESTS_SUPPORT_ARGUMENT_POINTERS_H_
#define BRIMFS_TESTS_SUPPORT_ARGUMENT_POINTERS_H_

#include <string>
#include <vector>

namespace brimfs {

// As exec(3) takes them: into `strings`, and a null pointer.
inline std::vector<char*> ArgumentPointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace brimfs

#endif  // BRIMFS_TESTS_SUPPORT_ARGUMENT_POINTERS_H_
