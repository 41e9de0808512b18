#include "fs/fusermount.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <vector>

namespace brimfs {
namespace {

constexpr char kProgram[] = "fusermount3";

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

// A running fusermount3. Its standard error goes to memory and its output nowhere: who waits for
// the end of ours (automount(8) does) would wait for the end of a fusermount3 that stays.
class Running {
 public:
  // `control` is the socket over which it sends /dev/fuse, or -1.
  static Result<Running> Start(std::vector<std::string> arguments, int control) {
    Running running;
    running.said_ = UniqueFd(memfd_create("fusermount3", MFD_CLOEXEC));
    if (!running.said_.valid()) return Status::FromErrno(errno, "memfd_create");

    arguments.insert(arguments.begin(), kProgram);
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.emplace_back(*variable);
    }
    environment.push_back("_FUSE_COMMFD=" + std::to_string(control));

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, running.said_.get(), STDERR_FILENO);
    // Onto itself: it stays open over exec.
    if (control != -1) posix_spawn_file_actions_adddup2(&actions, control, control);
    const int error = posix_spawnp(&running.pid_, kProgram, &actions, nullptr,
                                   Pointers(arguments).data(), Pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
      return Status(Code::kNotFound, std::string("fusermount3 cannot be run: ") +
                                         std::strerror(error) +
                                         "; install it (Debian: apt-get install fuse3)");
    }
    return running;
  }

  pid_t pid() const { return pid_; }

  // Waits for its end, which has to be a success.
  Status Await() const {
    const int status = Reap(pid_);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return OkStatus();
    std::array<char, 1024> text;
    const ssize_t length = pread(said_.get(), text.data(), text.size(), 0);
    const std::string said =
        OneLine(std::string_view(text.data(), static_cast<size_t>(length < 0 ? 0 : length)));
    return Status(Code::kDenied, said.empty() ? "fusermount3 failed and did not say why" : said);
  }

 private:
  static std::vector<char*> Pointers(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  static std::string OneLine(std::string_view text) {
    std::string line;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      if (end != 0) line.append(line.empty() ? "" : "; ").append(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return line;
  }

  pid_t pid_ = -1;
  UniqueFd said_;
};

// The descriptor that comes with one byte; none if the other end is closed.
UniqueFd ReceiveDescriptor(int socket) {
  char byte;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> buffer{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = buffer.data();
  message.msg_controllen = buffer.size();
  ssize_t got;
  while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) == -1 && errno == EINTR) {
  }
  const cmsghdr* const header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return UniqueFd();
  int fd;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

}  // namespace

UnmountWatcher& UnmountWatcher::operator=(UnmountWatcher&& other) noexcept {
  std::swap(control_, other.control_);
  std::swap(pid_, other.pid_);
  return *this;
}

UnmountWatcher::~UnmountWatcher() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);  // it blocks every other signal
  Reap(pid_);
}

Result<FusermountResult> MountByFusermount(const std::string& mountpoint,
                                           const std::string& options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Status::FromErrno(errno, "socketpair");
  }
  UniqueFd ours(ends[0]);
  Result<Running> running = [&] {
    const UniqueFd theirs(ends[1]);
    return Running::Start({"-o", options, "--", mountpoint}, theirs.get());
  }();
  if (!running.ok()) return running.status();

  FusermountResult result;
  result.device = ReceiveDescriptor(ours.get());
  if (!result.device.valid()) {
    BRIMFS_RETURN_IF_ERROR(running->Await());
    return Status(Code::kIo, "fusermount3 sent no descriptor");
  }
  if (options.find("auto_unmount") != std::string::npos) {
    result.watcher = UnmountWatcher(std::move(ours), running->pid());
  } else {
    BRIMFS_RETURN_IF_ERROR(running->Await());
  }
  return result;
}

Status UnmountByFusermount(const std::string& mountpoint) {
  const Result<Running> running = Running::Start({"-u", "-z", "--", mountpoint}, -1);
  if (!running.ok()) return running.status();
  return running->Await();
}

}  // namespace brimfs
