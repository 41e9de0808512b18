#include "fs/mount_table.h"

#include <fstream>
#include <iterator>
#include <sstream>

namespace brimfs {
namespace {

// The kernel writes blanks, tabs, line ends and backslashes as three octal digits
// (fs/proc_namespace.c, mangle).
std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                        (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

}  // namespace

std::optional<MountedDevice> FindFuseMount(std::string_view mountinfo,
                                           std::string_view mountpoint) {
  std::optional<MountedDevice> uppermost;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string mount_id, parent_id, device, root, at, word, type;
    fields >> mount_id >> parent_id >> device >> root >> at;
    if (Unescape(at) != mountpoint) continue;
    while (fields >> word && word != "-") {
    }
    fields >> type;
    const bool fuse = type == "fuse" || type.starts_with("fuse.");
    // Later lines are mounted over earlier ones.
    uppermost.reset();
    if (fuse) uppermost = MountedDevice{device, device.substr(device.find(':') + 1)};
  }
  return uppermost;
}

std::optional<MountedDevice> FindFuseMount(std::string_view mountpoint) {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return FindFuseMount(text, mountpoint);
}

}  // namespace brimfs
