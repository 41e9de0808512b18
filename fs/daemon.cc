#include "fs/daemon.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/unique_fd.h"
#include "fs/exit_signals.h"

namespace brimfs {
namespace {

// The starter: waits for the code, or for the child's end if it dies without a word.
[[noreturn]] void AwaitChild(int fd, pid_t child) {
  ExitSignals::Unblock();
  unsigned char code;
  ssize_t got;
  while ((got = read(fd, &code, 1)) == -1 && errno == EINTR) {
  }
  if (got == 1) _exit(code);
  int status = 0;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) {
    dprintf(STDERR_FILENO, "brimfs: ended by a signal before the mount was there: %s\n",
            strsignal(WTERMSIG(status)));
  }
  _exit(kExitSystem);
}

}  // namespace

void PrepareCommand() {
  // A file opened as descriptor 1 would receive what is printed.
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);

  prctl(PR_SET_DUMPABLE, 0);
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

void PrepareProcess() {
  PrepareCommand();
  umask(077);
  ExitSignals::Block();
}

Status EnterMountNamespace(const std::string& name) {
  const bool is_number = name.find_first_not_of("0123456789") == std::string::npos;
  const std::string path = is_number ? "/proc/" + name + "/ns/mnt" : name;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || setns(fd.get(), CLONE_NEWNS) != 0) {
    return Status::FromErrno(errno, "cannot enter the mount namespace " + name);
  }
  return OkStatus();
}

Result<std::unique_ptr<Daemon>> Daemon::Detach() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status::FromErrno(errno, "pipe2");
  const pid_t starter = getpid();
  const pid_t child = fork();
  if (child == -1) return Status::FromErrno(errno, "fork");
  if (child != 0) {
    close(ends[1]);
    AwaitChild(ends[0], child);
  }
  close(ends[0]);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != starter) _exit(kExitSystem);
  return std::unique_ptr<Daemon>(new Daemon(ends[1]));
}

Daemon::~Daemon() {
  if (starter_fd_ != -1) Tell(exit_code_);
}

void Daemon::Outlive() { prctl(PR_SET_PDEATHSIG, 0); }

void Daemon::Ready() {
  setsid();
  if (chdir("/") != 0) return;  // cannot fail; the starter then sees the child's end
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
  if (null > STDERR_FILENO) close(null);
  if (!Tell(kExitOk)) kill(getpid(), SIGTERM);
}

bool Daemon::Tell(int code) {
  const auto byte = static_cast<unsigned char>(code);
  ssize_t written;
  while ((written = write(starter_fd_, &byte, 1)) == -1 && errno == EINTR) {
  }
  close(std::exchange(starter_fd_, -1));
  return written == 1;
}

}  // namespace brimfs
