#include "fs/session.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

#include "core/log.h"

namespace brimfs {
namespace {

// Enough that a burst does not start threads anew, few enough that idle ones cost nothing.
constexpr unsigned kIdleThreads = 32;

// libfuse says in its log what errno does not; Mount gathers it for the one line that the user
// sees.
thread_local std::string* gathered = nullptr;

void OnLibfuseLog(fuse_log_level, const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string text(line);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (gathered == nullptr) {
    Log(LogLevel::kWarning, text);
  } else {
    if (!gathered->empty()) gathered->append("; ");
    gathered->append(text);
  }
}

// A value inside a -o list of libfuse.
std::string EscapeOption(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == ',' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

Status CheckMountpoint(const std::string& mountpoint) {
  struct stat stat {};
  if (::stat(mountpoint.c_str(), &stat) != 0) {
    if (errno == ENOTCONN) {
      return Status(Code::kIo,
                    mountpoint + ": a dead mount is there; remove it with umount " + mountpoint);
    }
    if (errno == ENOENT) {
      return Status(Code::kNotFound, mountpoint + " does not exist; make it with mkdir");
    }
    return Status::FromErrno(errno, mountpoint);
  }
  if (!S_ISDIR(stat.st_mode)) {
    return Status(Code::kNotDirectory, mountpoint + " is not a directory; mount on one");
  }
  return OkStatus();
}

std::vector<std::string> Arguments(const Session::Settings& settings, bool mount) {
  std::vector<std::string> arguments{"brimfs"};
  if (!mount) return arguments;
  std::string options = "ro,default_permissions,subtype=brimfs,fsname=";
  options += EscapeOption(settings.source);
  for (const std::string& option : settings.options.kernel) options += "," + EscapeOption(option);
  arguments.push_back("-o");
  arguments.push_back(std::move(options));
  return arguments;
}

// False if it cannot be written, with errno.
bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  return static_cast<bool>(file.flush());
}

// As an ordinary user only the set-uid helper may unmount.
void RunFusermount(const std::string& mountpoint) {
  const char* const arguments[] = {"fusermount3",      "-u",   "-z", "-q", "--",
                                   mountpoint.c_str(), nullptr};
  pid_t pid;
  if (posix_spawnp(&pid, arguments[0], nullptr, nullptr, const_cast<char**>(arguments), environ) !=
      0) {
    Log(LogLevel::kWarning, "fusermount3 could not be started; unmount " + mountpoint + " by hand");
    return;
  }
  while (waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
}

FuseOps::Options OpsOptions(const Session::Settings& settings) {
  const MountOptions& options = settings.options;
  FuseOps::Options result;
  result.uid = options.uid;
  result.gid = options.gid;
  result.file_mode = options.FileMode();
  result.directory_mode = options.DirectoryMode();
  // libfuse lets every user's requests come and answers those of the wrong ones: all have to come.
  result.cache_names = !options.HasKernel("allow_root");
  result.intr = options.intr;
  result.max_background = settings.max_background;
  result.blocking_threads = settings.blocking_threads;
  if (options.driver == DriverKind::kMmap) result.space_of = options.cache;
  return result;
}

}  // namespace

Session::Session(Settings settings, FileSystem& filesystem, Passthrough& passthrough)
    : settings_(std::move(settings)),
      passthrough_(passthrough),
      ops_(filesystem, OpsOptions(settings_)),
      channel_(
          passthrough, [this] { OnAccepted(); }, [this] { ops_.StopWaiting(); }),
      userdata_{&ops_, &channel_} {}

Result<std::unique_ptr<Session>> Session::Mount(Settings settings, FileSystem& filesystem,
                                                Passthrough& passthrough) {
  BRIMFS_RETURN_IF_ERROR(CheckMountpoint(settings.mountpoint));
  std::unique_ptr<Session> session(new Session(std::move(settings), filesystem, passthrough));
  const std::string& mountpoint = session->settings_.mountpoint;
  std::string said;
  gathered = &said;
  Status status = session->Start();
  if (status.ok() && fuse_session_mount(session->session_.get(), mountpoint.c_str()) != 0) {
    status = Status(Code::kIo, "cannot mount on " + mountpoint + ": " +
                                   (said.empty() ? "fusermount3 refused" : said));
  }
  gathered = nullptr;
  BRIMFS_RETURN_IF_ERROR(status);
  session->device_ = FindFuseMount(mountpoint);
  BRIMFS_RETURN_IF_ERROR(session->UseFd(fuse_session_fd(session->session_.get())));
  return session;
}

Result<std::unique_ptr<Session>> Session::Serve(int fd, Settings settings, FileSystem& filesystem,
                                                Passthrough& passthrough) {
  std::unique_ptr<Session> session(new Session(std::move(settings), filesystem, passthrough));
  session->served_fd_ = fd;
  if (const Status status = session->Start(); !status.ok()) {
    close(fd);
    return status;
  }
  BRIMFS_RETURN_IF_ERROR(session->UseFd(fd));
  return session;
}

Status Session::Start() {
  fuse_set_log_func(OnLibfuseLog);
  const std::vector<std::string> arguments = Arguments(settings_, served_fd_ == -1);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  fuse_args args = FUSE_ARGS_INIT(static_cast<int>(pointers.size()), pointers.data());
  const fuse_lowlevel_ops operations = FuseOps::Table();
  session_.reset(fuse_session_new(&args, &operations, sizeof operations, &userdata_));
  fuse_opt_free_args(&args);
  if (session_ == nullptr) {
    return Status(Code::kInvalidArgument, "libfuse refuses the mount options");
  }
  return OkStatus();
}

Status Session::UseFd(int fd) {
  const fuse_custom_io io = FuseChannel::Io();
  if (const int error = fuse_session_custom_io(session_.get(), &io, fd); error != 0) {
    return Status::FromErrno(-error, "fuse_session_custom_io");
  }
  passthrough_.SetFd(fd);
  return OkStatus();
}

Session::~Session() {
  passthrough_.SetFd(-1);
  // Not fuse_session_unmount: it takes a connection that was cut for an unmounted one, and it
  // unmounts whatever is at the mountpoint by then.
  DetachMount();
}

Status Session::Loop() {
  fuse_loop_config* const config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, static_cast<unsigned>(settings_.max_threads));
  fuse_loop_cfg_set_idle_threads(config, kIdleThreads);
  fuse_loop_cfg_set_clone_fd(config, 0);
  const int result = fuse_session_loop_mt(session_.get(), config);
  fuse_loop_cfg_destroy(config);
  ops_.StopWaiting();
  ops_.AwaitAnswers();
  if (result < 0) return Status::FromErrno(-result, "the connection to the kernel failed");
  return OkStatus();
}

void Session::RequestExit() {
  if (served_fd_ != -1) {
    shutdown(served_fd_, SHUT_RDWR);
    return;
  }
  if (exit_requests_++ == 0) {
    DetachMount();
    return;
  }
  ops_.StopWaiting();
  if (!device_ || !WriteFile("/sys/fs/fuse/connections/" + device_->minor + "/abort", "1")) {
    Log(LogLevel::kWarning, "the connection cannot be cut (is /sys/fs/fuse/connections mounted?)");
    _exit(1);  // which closes it; the cache is cleared at the next start
  }
}

void Session::DetachMount() {
  const std::optional<MountedDevice> now = FindFuseMount(settings_.mountpoint);
  if (!now || !device_ || now->id != device_->id) return;  // gone, or somebody else's
  if (umount2(settings_.mountpoint.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
    RunFusermount(settings_.mountpoint);
  }
}

void Session::OnAccepted() {
  // Only now: the kernel caps its readahead with what the answer to INIT says (fs/fuse/inode.c,
  // process_init_reply).
  if (device_ && geteuid() == 0) {
    const std::string path = "/sys/class/bdi/" + device_->id + "/read_ahead_kb";
    if (!WriteFile(path, std::to_string(settings_.options.readahead_kb))) {
      Log(LogLevel::kInfo, path + " cannot be written; the kernel keeps its readahead");
    }
  }
  settings_.ready();
}

}  // namespace brimfs
