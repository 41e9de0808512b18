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

#include "fs/control_access.h"
#include "fs/control_socket.h"

namespace brimfs {
namespace {

constexpr size_t kMostWaiting = 1 << 20;  // of requests, bytes

Status NotOurs() { return Status(Code::kInvalidArgument, "not in a mount of brimfs"); }

// Who mounted the file system `device`, if it is one of brimfs.
std::optional<uid_t> OwnerOf(dev_t device) {
  const std::string wanted = DeviceName(device);
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

Status SystemError(int error) { return Status(FromErrno(error), strerrordesc_np(error)); }

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

Result<MountedFile> MountedFileOf(UniqueFd fd, const MountedFile* like) {
  MountedFile file;
  file.fd = std::move(fd);
  struct statfs system {};
  struct stat found {};
  if (fstatfs(file.fd.get(), &system) != 0 || fstat(file.fd.get(), &found) != 0) {
    return SystemError(errno);
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

// Without asking the file system, which may be dead.
std::string DeviceOf(int fd) {
  struct statx found {};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &found) != 0) return "";
  return DeviceName(makedev(found.stx_dev_major, found.stx_dev_minor));
}

// Whether it may be the last answer to a request, or one before it. What the mount cannot read it
// answers under 0.
bool Answers(const ControlAnswer& answer, const ControlRequest& request) {
  if (!answer.last()) {
    return answer.id == request.id && request.command != ControlCommand::kStatus &&
           request.command != ControlCommand::kMap;
  }
  return answer.id == request.id || (answer.id == 0 && std::holds_alternative<Status>(answer.what));
}

}  // namespace

Result<MountedFile> FindMountedFile(const std::string& path, const MountedFile* like) {
  UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return SystemError(errno);
  return MountedFileOf(std::move(fd), like);
}

Result<MountedFile> EnterMount(const MountPlaces& mount) {
  Status why(Code::kNotFound, "other mounts cover it");
  for (const std::string& mountpoint : mount.mountpoints) {
    UniqueFd fd(open(mountpoint.c_str(), O_PATH | O_CLOEXEC));
    if (!fd.valid() && errno == EACCES) why = SystemError(errno);
    if (!fd.valid() || DeviceOf(fd.get()) != mount.device) continue;
    Result<MountedFile> file = MountedFileOf(std::move(fd), nullptr);
    if (file.ok()) file->node = 0;
    if (file.code() != Code::kDenied) return file;
    why = file.status();
  }
  return why;
}

Result<std::unique_ptr<ControlClient>> ControlClient::Connect(const MountedFile& file) {
  Result<UniqueFd> socket = ConnectTo(file.socket);
  if (socket.code() == Code::kDenied) {
    return Status(Code::kDenied, "the mount is another user's: its socket is not for you");
  }
  if (socket.code() == Code::kNotFound) {
    return Status(Code::kUnavailable, file.socket + ": nobody answers");
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

ControlClient::ControlClient(UniqueFd socket, Duration patience)
    : patience_(patience), socket_(std::move(socket), kMostAnswerBytes, kMostWaiting) {}

Status ControlClient::Send(const ControlRequest& request) {
  return socket_.Send(FormatRequest(request));
}

Result<std::optional<ControlAnswer>> ControlClient::TryReceive() {
  std::optional<std::string> line = socket_.NextLine();
  if (!line) {
    const Status flushed = socket_.Flush();  // one that has gone may have said why
    const Status received = socket_.Receive();
    line = socket_.NextLine();
    if (!line && received.code() == Code::kEof) {
      return Status(Code::kShutdown, "the mount has closed the connection");
    }
    if (!line && !received.ok()) return received;
    if (!line && !flushed.ok()) return flushed;
  }
  if (!line) return std::optional<ControlAnswer>();
  Result<ControlAnswer> answer = ParseAnswer(*line);
  if (!answer.ok()) return answer.status();
  return std::optional<ControlAnswer>(std::move(*answer));
}

Result<ControlAnswer> ControlClient::Ask(const ControlRequest& request, const EachAnswer& each) {
  (void)Send(request).ok();  // where it fails, TryReceive says why
  Clock& clock = Clock::Steady();
  TimePoint deadline = clock.Now() + patience_;
  for (;;) {
    Result<std::optional<ControlAnswer>> answer = TryReceive();
    if (!answer.ok()) return answer.status();
    if (*answer) {
      if (!Answers(**answer, request)) {
        return Status(Code::kProtocol, "the mount answers what it was not asked");
      }
      if ((*answer)->last()) return std::move(**answer);
      if (each) each(**answer);
      deadline = clock.Now() + patience_;
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
