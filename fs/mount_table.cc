#include "fs/mount_table.h"

#include <sys/sysmacros.h>

#include <algorithm>
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

std::vector<MountEntry> ParseMountTable(std::string_view mountinfo) {
  std::vector<MountEntry> table;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string mount_id, parent_id, device, root, at, word, type, source;
    fields >> mount_id >> parent_id >> device >> root >> at;
    while (fields >> word && word != "-") {
    }
    if (fields >> type >> source) {
      std::string options;
      fields >> options;
      table.push_back({device, Unescape(at), type, Unescape(source), options});
    }
  }
  return table;
}

std::vector<MountEntry> ReadMountTable() {
  std::ifstream file("/proc/self/mountinfo");
  return ParseMountTable(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::string DeviceName(dev_t device) {
  return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

std::vector<MountPlaces> BrimfsMounts(const std::vector<MountEntry>& table) {
  std::vector<MountPlaces> mounts;
  for (const MountEntry& entry : table) {
    if (entry.type != "fuse.brimfs") continue;
    auto mount = std::find_if(mounts.begin(), mounts.end(), [&](const MountPlaces& known) {
      return known.device == entry.device;
    });
    if (mount == mounts.end()) mount = mounts.insert(mount, {entry.device, {}});
    std::vector<std::string>& places = mount->mountpoints;
    if (std::find(places.begin(), places.end(), entry.mountpoint) == places.end()) {
      places.push_back(entry.mountpoint);
    }
  }
  return mounts;
}

std::optional<MountEntry> UppermostMount(const std::vector<MountEntry>& table,
                                         std::string_view mountpoint) {
  const auto found = std::find_if(table.rbegin(), table.rend(), [&](const MountEntry& entry) {
    return entry.mountpoint == mountpoint;
  });
  if (found == table.rend()) return std::nullopt;
  return *found;
}

}  // namespace brimfs
