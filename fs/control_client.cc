#include "fs/control_client.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "fs/control_access.h"
#include "fs/control_socket.h"
#include "fs/mount_table.h"

namespace brimfs {
namespace {

constexpr size_t kMostWaiting = 1 << 20;  // of requests, bytes

Status NotOurs() { return Status(Code::kInvalidArgument, "not in a mount of brimfs"); }

// Who mounted the file system `device`, if it is one of brimfs.
std::optional<uid_t> OwnerOf(dev_t device) {
  const std::string wanted = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  for (const MountEntry& entry : ReadMountTable()) {
    if (entry.device != wanted || entry.type != "fuse.brimfs") continue;
    constexpr std::string_view kName = "user_id=";
    const size_t at = entry.options.find(kName);
    if (at == std::string::npos) return std::nullopt;
    const char* const digits = entry.options.data() + at + kName.size();
    uid_t owner = 0;
    const auto read = std::from_chars(digits, entry.options.data() + entry.options.size(), owner);
    if (read.ec == std::errc()) return owner;
  }
  return std::nullopt;
}

Status SocketOf(int fd, std::string& socket) {
  std::array<char, PATH_MAX> value{};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = getxattr(path.c_str(), "user.brimfs.control", value.data(), value.size());
  if (size < 0 && errno == ENODATA) {
    return Status(Code::kNoData, "the mount has no control socket; its log says why");
  }
  if (size < 0) return Status::FromErrno(errno, "asking the mount");
  socket.assign(value.data(), static_cast<size_t>(size));
  return OkStatus();
}

}  // namespace

Result<MountedFile> FindMountedFile(const std::string& path, const MountedFile* like) {
  MountedFile file;
  file.fd = UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file.fd.valid()) return Status(FromErrno(errno), strerrordesc_np(errno));
  struct statfs system {};
  struct stat found {};
  if (fstatfs(file.fd.get(), &system) != 0 || fstat(file.fd.get(), &found) != 0) {
    return Status(FromErrno(errno), strerrordesc_np(errno));
  }
  if (system.f_type != FUSE_SUPER_MAGIC) return NotOurs();
  file.device = found.st_dev;
  file.node = found.st_ino;
  file.directory = S_ISDIR(found.st_mode);
  file.size = static_cast<uint64_t>(found.st_size);
  if (like != nullptr && like->device == file.device) {
    file.owner = like->owner;
    file.socket = like->socket;
    return file;
  }
  const std::optional<uid_t> owner = OwnerOf(found.st_dev);
  if (!owner) return NotOurs();
  file.owner = *owner;
  BRIMFS_RETURN_IF_ERROR(SocketOf(file.fd.get(), file.socket));
  return file;
}

Result<std::unique_ptr<ControlClient>> ControlClient::Connect(const MountedFile& file) {
  Result<UniqueFd> socket = ConnectTo(file.socket);
  if (socket.code() == Code::kDenied) {
    return Status(Code::kDenied, "the mount is another user's: its socket is not for you");
  }
  if (!socket.ok()) return socket.status();
  const Result<Caller> server = CallerOf(socket->get());
  if (!server.ok()) return server.status();
  // A mount of somebody else may name any socket, also that of a mount of root's.
  if (server->uid != file.owner) {
    return Status(Code::kDenied, file.socket + " is not of who owns the mount");
  }
  return std::make_unique<ControlClient>(std::move(*socket));
}

ControlClient::ControlClient(UniqueFd socket)
    : socket_(std::move(socket), kMostAnswerBytes, kMostWaiting) {}

Status ControlClient::Send(const ControlRequest& request) {
  return socket_.Send(FormatRequest(request));
}

Result<std::optional<ControlAnswer>> ControlClient::TryReceive() {
  std::optional<std::string> line = socket_.NextLine();
  if (!line) {
    BRIMFS_RETURN_IF_ERROR(socket_.Flush());
    const Status received = socket_.Receive();
    line = socket_.NextLine();
    if (!line && received.code() == Code::kEof) {
      return Status(Code::kShutdown, "the mount has closed the connection");
    }
    if (!line && !received.ok()) return received;
  }
  if (!line) return std::optional<ControlAnswer>();
  Result<ControlAnswer> answer = ParseAnswer(*line);
  if (!answer.ok()) return answer.status();
  return std::optional<ControlAnswer>(std::move(*answer));
}

Result<ControlAnswer> ControlClient::Ask(const ControlRequest& request, const EachAnswer& each) {
  BRIMFS_RETURN_IF_ERROR(Send(request));
  Clock& clock = Clock::Steady();
  TimePoint deadline = clock.Now() + kPatience;
  for (;;) {
    Result<std::optional<ControlAnswer>> answer = TryReceive();
    if (!answer.ok()) return answer.status();
    if (*answer) {
      if ((*answer)->last()) return std::move(**answer);
      if (each) each(**answer);
      deadline = clock.Now() + kPatience;
      continue;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.Now());
    if (left.count() <= 0) return Status(Code::kTimedOut, "the mount does not answer");
    const short events = static_cast<short>(POLLIN | (socket_.waiting() ? POLLOUT : 0));
    pollfd ready{socket_.fd(), events, 0};
    (void)poll(&ready, 1, static_cast<int>(left.count()));
  }
}

}  // namespace brimfs
