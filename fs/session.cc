#include "fs/session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log.h"

namespace brimfs {
namespace {

// Enough that a burst does not start threads anew, few enough that idle ones cost nothing.
constexpr unsigned kIdleThreads = 32;

void OnLibfuseLog(fuse_log_level, const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string_view text(line);
  while (text.ends_with('\n')) text.remove_suffix(1);
  Log(LogLevel::kWarning, text);
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
  Result<std::unique_ptr<KernelMount>> mount =
      KernelMount::Make({settings.source, settings.mountpoint, settings.options.kernel});
  if (!mount.ok()) return mount.status();
  // libfuse closes the descriptor that it has.
  UniqueFd fd(fcntl((*mount)->device(), F_DUPFD_CLOEXEC, 3));
  if (!fd.valid()) return Status::FromErrno(errno, "/dev/fuse");
  std::unique_ptr<Session> session(new Session(std::move(settings), filesystem, passthrough));
  session->mount_ = std::move(*mount);
  BRIMFS_RETURN_IF_ERROR(session->Start(std::move(fd)));
  return session;
}

Result<std::unique_ptr<Session>> Session::Serve(int fd, Settings settings, FileSystem& filesystem,
                                                Passthrough& passthrough) {
  std::unique_ptr<Session> session(new Session(std::move(settings), filesystem, passthrough));
  BRIMFS_RETURN_IF_ERROR(session->Start(UniqueFd(fd)));
  return session;
}

Status Session::Start(UniqueFd fd) {
  fuse_set_log_func(OnLibfuseLog);
  std::vector<const char*> arguments{"brimfs"};
  if (settings_.options.HasKernel("allow_root")) arguments.push_back("-oallow_root");
  fuse_args args =
      FUSE_ARGS_INIT(static_cast<int>(arguments.size()), const_cast<char**>(arguments.data()));
  const fuse_lowlevel_ops operations = FuseOps::Table();
  session_.reset(fuse_session_new(&args, &operations, sizeof operations, &userdata_));
  fuse_opt_free_args(&args);
  if (session_ == nullptr) return Status(Code::kIo, "libfuse makes no session; see the log");
  const fuse_custom_io io = FuseChannel::Io();
  if (const int error = fuse_session_custom_io(session_.get(), &io, fd.get()); error != 0) {
    return Status::FromErrno(-error, "fuse_session_custom_io");
  }
  fd_ = fd.Release();
  passthrough_.SetFd(fd_);
  return OkStatus();
}

Session::~Session() { passthrough_.SetFd(-1); }

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
  if (mount_ == nullptr) {
    shutdown(fd_, SHUT_RDWR);
    return;
  }
  if (exit_requests_++ != 0) {
    Cut();
  } else if (!mount_->Detach()) {
    Log(LogLevel::kInfo, settings_.mountpoint + " is not unmounted; ending when nothing is open");
    ops_.WhenNothingIsOpen([this] { Cut(); });
  }
}

void Session::Cut() {
  ops_.StopWaiting();
  if (mount_->Abort()) return;
  Log(LogLevel::kWarning, "the connection cannot be cut (is /sys/fs/fuse/connections mounted?)");
  _exit(1);  // which closes it; the cache is cleared at the next start
}

void Session::OnAccepted() {
  // Only now: the kernel caps its readahead with what the answer to INIT says (fs/fuse/inode.c,
  // process_init_reply).
  if (mount_ != nullptr && geteuid() != 0) {
    Log(LogLevel::kInfo, "readahead_kb takes root; the kernel keeps its readahead");
  } else if (mount_ != nullptr && !mount_->SetReadahead(settings_.options.readahead_kb)) {
    Log(LogLevel::kInfo, "read_ahead_kb cannot be written; the kernel keeps its readahead");
  }
  settings_.ready();
}

}  // namespace brimfs
