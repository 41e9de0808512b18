#include "fs/fuse_device.h"

#include <fcntl.h>

#include <cerrno>

namespace brimfs {

Result<UniqueFd> OpenFuseDevice() {
  UniqueFd device(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (device.valid()) return device;
  constexpr char kContainer[] =
      "in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN";
  switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return Status(Code::kNotFound,
                    std::string("there is no /dev/fuse; run modprobe fuse, or ") + kContainer);
    case EACCES:
    case EPERM:
      return Status(
          Code::kDenied,
          std::string("you may not open /dev/fuse; run chmod 666 /dev/fuse as root, or ") +
              kContainer);
    default:
      return Status::FromErrno(errno, "/dev/fuse");
  }
}

}  // namespace brimfs
