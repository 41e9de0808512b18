#include "fs/passthrough.h"

#include <linux/fuse.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "core/log.h"

namespace brimfs {
namespace {

// From Linux 6.9's include/uapi/linux/fuse.h (protocol 7.40), under names of our own, because older
// headers lack them and newer ones have renamed fields.
constexpr uint64_t kFusePassthrough = 1ull << 37;  // FUSE_PASSTHROUGH
constexpr uint64_t kFuseInitExt = 1ull << 30;      // FUSE_INIT_EXT: flags2 is valid
constexpr uint32_t kFopenPassthrough = 1u << 7;    // FOPEN_PASSTHROUGH
constexpr uint32_t kFopenNoFlush = 1u << 5;        // FOPEN_NOFLUSH

struct BackingMap {  // fuse_backing_map
  int32_t fd;
  uint32_t flags;
  uint64_t padding;
};
constexpr unsigned long kBackingOpen = _IOW(229, 1, BackingMap);  // FUSE_DEV_IOC_BACKING_OPEN
constexpr unsigned long kBackingClose = _IOW(229, 2, uint32_t);   // FUSE_DEV_IOC_BACKING_CLOSE

// In fuse_init_out, max_stack_depth follows flags2.
constexpr size_t kMaxStackDepthAt = offsetof(fuse_init_out, flags2) + sizeof(uint32_t);

// How deep file systems may be stacked below: 1 is an ordinary one.
constexpr uint32_t kMaxStackDepth = 1;

struct OpenOut {  // fuse_open_out
  uint64_t handle;
  uint32_t open_flags;
  int32_t backing_id;
};
static_assert(sizeof(OpenOut) == Passthrough::kOpenReplySize);

void SayOrdinary(const std::string& why) {
  LogOnce("passthrough", LogLevel::kInfo,
          "no passthrough: " + why + "; complete files are read in the ordinary way");
}

}  // namespace

void Passthrough::OnRequest(const void* request, size_t size) {
  if (!wanted_ || size < sizeof(fuse_in_header)) return;
  fuse_in_header header;
  std::memcpy(&header, request, sizeof header);
  if (header.opcode != FUSE_INIT) return;
  fuse_init_in init{};
  std::memcpy(&init, static_cast<const std::byte*>(request) + sizeof header,
              std::min(size - sizeof header, sizeof init));
  const uint64_t offered = init.flags | static_cast<uint64_t>(init.flags2) << 32;
  if ((offered & kFuseInitExt) != 0 && (offered & kFusePassthrough) != 0) {
    init_unique_ = header.unique;
  } else {
    SayOrdinary("the kernel does not offer it (Linux 6.9 does)");
  }
}

void Passthrough::OnReply(iovec* iov, int count) {
  // INIT is answered before anything else is asked: afterwards this is one load.
  if (init_unique_ == 0 || count != 2 || iov[0].iov_len < sizeof(fuse_out_header)) return;
  fuse_out_header header;
  std::memcpy(&header, iov[0].iov_base, sizeof header);
  if (header.unique != init_unique_) return;
  init_unique_ = 0;
  const size_t size = iov[1].iov_len;
  if (header.error != 0 || size > init_reply_.size() ||
      size < kMaxStackDepthAt + sizeof kMaxStackDepth) {
    return;
  }
  std::memcpy(init_reply_.data(), iov[1].iov_base, size);
  fuse_init_out reply;
  std::memcpy(&reply, init_reply_.data(), sizeof reply);
  reply.flags |= static_cast<uint32_t>(kFuseInitExt);
  reply.flags2 |= static_cast<uint32_t>(kFusePassthrough >> 32);
  std::memcpy(init_reply_.data(), &reply, sizeof reply);
  std::memcpy(init_reply_.data() + kMaxStackDepthAt, &kMaxStackDepth, sizeof kMaxStackDepth);
  iov[1].iov_base = init_reply_.data();
  negotiated_ = true;
}

Result<int> Passthrough::Register(int fd) {
  if (!enabled()) return Status(Code::kUnsupported, "no passthrough");
  BackingMap map{.fd = fd, .flags = 0, .padding = 0};
  const int backing_id = ioctl(fd_, kBackingOpen, &map);
  if (backing_id > 0) return backing_id;
  const int error = errno;
  const Status status = Status::FromErrno(error, "FUSE_DEV_IOC_BACKING_OPEN");
  if (error == EPERM) {
    given_up_ = true;
    SayOrdinary("it takes CAP_SYS_ADMIN");
  } else if (error == EOPNOTSUPP || error == ELOOP) {
    given_up_ = true;
    SayOrdinary("the cache's file system cannot be stacked (" + status.message() + ")");
  }
  return status;
}

void Passthrough::Unregister(int backing_id) {
  const int fd = fd_;
  if (fd < 0) return;
  uint32_t id = static_cast<uint32_t>(backing_id);
  if (ioctl(fd, kBackingClose, &id) != 0) {
    Log(LogLevel::kWarning, Status::FromErrno(errno, "FUSE_DEV_IOC_BACKING_CLOSE").message());
  }
}

std::array<std::byte, Passthrough::kOpenReplySize> Passthrough::OpenReply(uint64_t handle,
                                                                          int backing_id) {
  const OpenOut out{handle, kFopenPassthrough | kFopenNoFlush, backing_id};
  std::array<std::byte, kOpenReplySize> bytes;
  std::memcpy(bytes.data(), &out, sizeof out);
  return bytes;
}

}  // namespace brimfs
