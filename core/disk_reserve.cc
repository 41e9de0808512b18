#include "core/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

namespace brimfs {
namespace {

constexpr char kName[] = "reserve";

}  // namespace

void DiskReserve::Fill() {
  if (!directory_.valid()) return;
  struct stat found = {};
  if (fstatat(directory_.get(), kName, &found, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISREG(found.st_mode) && static_cast<uint64_t>(found.st_size) == kSize) return;
    if (io_.Unlink(directory_.get(), kName) != 0) return;
  }
  int created = -1;
  if (io_.Create(directory_.get(), kName, &created) != 0) return;
  const UniqueFd file(created);
  if (io_.Write(file.get(), 0, std::vector<std::byte>(kSize)) != 0) (void)Release();
}

bool DiskReserve::Release() {
  return directory_.valid() && io_.Unlink(directory_.get(), kName) == 0;
}

}  // namespace brimfs
